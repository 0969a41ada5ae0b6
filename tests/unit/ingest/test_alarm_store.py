"""Alarms and their journal in the spool's file."""

from pathlib import Path

import pytest

from ingest.alarms import store
from ingest.alarms.lifecycle import Order
from ingest.alarms.model import Action, AlarmStatus, Change, Priority, Signal
from ingest.alarms.register import AlarmRegister
from ingest.alarms.store import Total
from ingest.errors import AlarmActionError, SpoolError
from ingest.received import Received
from ingest.spool import Spool

NOW_MS = 1_790_000_000_000
ACKNOWLEDGE = Order(Action.ACKNOWLEDGE, "Li Wei", "on my way")
SHELVE = Order(Action.SHELVE, "Li Wei", "seal", NOW_MS + 60_000)


def signal(change: Change, asset: str = "room-0001", at_ms: int = NOW_MS) -> Signal:
    return Signal("room-warm", asset, change, at_ms, at_ms - 60_000, 3.5, 1.0)


@pytest.fixture
def register(path: Path) -> AlarmRegister:
    return AlarmRegister(path, lambda: NOW_MS + 5_000)


def record(spool: Spool, *signals: Signal, now_ms: int = NOW_MS) -> None:
    graded = [(signal, Priority.HIGH) for signal in signals]
    spool.append(Received(signals=graded), now_ms)


def test_a_file_that_isnt_there_holds_no_alarm(register: AlarmRegister) -> None:
    assert register.alarms() == []
    assert register.journal() == []
    assert register.alarm("room-warm", "room-0001") is None
    assert register.counts() == {}


def test_a_signal_is_durable_with_its_readings(
    spool: Spool, register: AlarmRegister, path: Path
) -> None:
    record(spool, signal(Change.RAISED))
    spool.close()
    Spool(path).close()
    (alarm,) = register.alarms()
    assert (alarm.rule, alarm.asset, alarm.priority) == ("room-warm", "room-0001", Priority.HIGH)
    assert (alarm.status, alarm.is_active) == (AlarmStatus.UNACKNOWLEDGED, True)
    assert (alarm.value, alarm.limit, alarm.raised_ms) == (3.5, 1.0, NOW_MS)


def test_signals_of_a_batch_that_cant_be_kept_are_not_kept(path: Path) -> None:
    spool = Spool(path, lambda _folder: 0)
    with pytest.raises(SpoolError):
        record(spool, signal(Change.RAISED))
    spool.close()
    assert AlarmRegister(path).alarms() == []


def test_another_process_acknowledges_and_the_journal_says_who(
    spool: Spool, register: AlarmRegister
) -> None:
    record(spool, signal(Change.RAISED))
    alarm = register.act("room-warm", "room-0001", Priority.HIGH, ACKNOWLEDGE)
    assert alarm.status is AlarmStatus.ACKNOWLEDGED
    acknowledged, raised = register.journal()
    assert (raised.action, raised.person) == (Action.RAISE, None)
    assert (acknowledged.action, acknowledged.person) == (Action.ACKNOWLEDGE, "Li Wei")
    assert acknowledged.note == "on my way"
    assert (acknowledged.before, acknowledged.after) == (
        AlarmStatus.UNACKNOWLEDGED,
        AlarmStatus.ACKNOWLEDGED,
    )


def test_what_is_refused_leaves_no_trace(spool: Spool, register: AlarmRegister) -> None:
    record(spool, signal(Change.RAISED), signal(Change.CLEARED))
    register.act("room-warm", "room-0001", Priority.HIGH, ACKNOWLEDGE)
    with pytest.raises(AlarmActionError):
        register.act("room-warm", "room-0001", Priority.HIGH, ACKNOWLEDGE)
    assert len(register.journal()) == 3


def test_maintenance_of_a_healthy_room_is_planned_ahead(
    spool: Spool, register: AlarmRegister
) -> None:
    register.act("room-warm", "room-0002", Priority.HIGH, SHELVE)
    record(spool, signal(Change.RAISED, "room-0002"))
    alarm = register.alarm("room-warm", "room-0002")
    assert alarm is not None
    assert (alarm.status, alarm.is_active) == (AlarmStatus.SHELVED, True)


def test_a_shelf_ends_by_itself(spool: Spool, register: AlarmRegister) -> None:
    record(spool, signal(Change.RAISED))
    register.act("room-warm", "room-0001", Priority.HIGH, SHELVE)
    with spool.transaction() as connection:
        assert store.end_shelves(connection, NOW_MS + 59_999) == 0
        assert store.end_shelves(connection, NOW_MS + 60_000) == 1
    (alarm,) = register.alarms()
    assert alarm.status is AlarmStatus.UNACKNOWLEDGED
    assert register.journal()[0].person == store.CLOCK


def test_time_to_acknowledge_is_counted(spool: Spool, register: AlarmRegister) -> None:
    record(spool, signal(Change.RAISED), signal(Change.RAISED, "room-0002"))
    register.act("room-warm", "room-0001", Priority.HIGH, ACKNOWLEDGE)
    with spool.reading() as connection:
        totals = store.totals(connection)
    assert totals == {Total.RAISED: 2, Total.ACKNOWLEDGED: 1, Total.ACKNOWLEDGE_S: 5.0}


def test_lists_are_paged_and_chosen_from(spool: Spool, register: AlarmRegister) -> None:
    rooms = [f"room-{number:04}" for number in range(1, 6)]
    record(spool, *(signal(Change.RAISED, room) for room in rooms))
    record(spool, signal(Change.CLEARED, rooms[2]))
    first = register.alarms(limit=2)
    assert [alarm.asset for alarm in first] == rooms[:2]
    behind = (first[-1].asset, first[-1].rule)
    assert [alarm.asset for alarm in register.alarms(after=behind)] == rooms[2:]
    returned = register.alarms(statuses=[AlarmStatus.RETURNED_UNACKNOWLEDGED])
    assert [alarm.asset for alarm in returned] == [rooms[2]]
    assert len(register.alarms(assets=rooms[:3], priority=Priority.HIGH)) == 3
    assert register.alarms(priority=Priority.LOW) == []
    newest = register.journal(limit=1)[0]
    assert newest.action is Action.CLEAR
    assert len(register.journal(before_id=newest.id)) == 5
    assert register.journal(asset=rooms[0], until_ms=NOW_MS) == []


def test_states_of_conditions_are_found_again(spool: Spool) -> None:
    spool.append(Received(alarm_states={"room-0001": b"{}", "room-0002": b"[]"}), NOW_MS)
    spool.append(Received(alarm_states={"room-0001": b"[1]"}), NOW_MS)
    with spool.reading() as connection:
        assert store.states(connection) == {"room-0001": b"[1]", "room-0002": b"[]"}
