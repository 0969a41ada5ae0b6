"""The state machine of an alarm, after ISA-18.2."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.alarms.lifecycle import LONGEST_SHELF_MS, Order, follow, obey
from ingest.alarms.model import Action, Alarm, AlarmStatus, Change, Priority, Signal
from ingest.errors import AlarmActionError

NOW_MS = 1_790_000_000_000
NEW = Alarm("room-warm", "room-0001", Priority.HIGH)
S = AlarmStatus
C = Change


def signal(change: Change, reason: str = "") -> Signal:
    return Signal("room-warm", "room-0001", change, NOW_MS, NOW_MS - 60_000, 3.5, 1.0, reason)


def after(*changes: Change | Order, alarm: Alarm = NEW) -> Alarm:
    for change in changes:
        if isinstance(change, Order):
            alarm = obey(alarm, change, NOW_MS)
        else:
            alarm = follow(alarm, signal(change), NOW_MS)
    return alarm


ACKNOWLEDGE = Order(Action.ACKNOWLEDGE, "Li Wei")
SHELVE = Order(Action.SHELVE, "Li Wei", "seal is replaced", NOW_MS + 3_600_000)
UNSHELVE = Order(Action.UNSHELVE, "Li Wei")
REMOVE = Order(Action.TAKE_OUT_OF_SERVICE, "Li Wei", "probe is calibrated")
RETURN = Order(Action.RETURN_TO_SERVICE, "Li Wei")
ORDERS = (ACKNOWLEDGE, SHELVE, UNSHELVE, REMOVE, RETURN)


@pytest.mark.parametrize(
    ("story", "status"),
    [
        ((C.RAISED,), S.UNACKNOWLEDGED),
        ((C.RAISED, ACKNOWLEDGE), S.ACKNOWLEDGED),
        ((C.RAISED, ACKNOWLEDGE, C.CLEARED), S.NORMAL),
        ((C.RAISED, C.CLEARED), S.RETURNED_UNACKNOWLEDGED),
        ((C.RAISED, C.CLEARED, ACKNOWLEDGE), S.NORMAL),
        ((C.RAISED, C.CLEARED, C.RAISED), S.UNACKNOWLEDGED),
        ((C.RAISED, ACKNOWLEDGE, C.CLEARED, C.RAISED), S.UNACKNOWLEDGED),
        ((C.RAISED, C.WITHDRAWN), S.NORMAL),
        ((C.RAISED, SHELVE), S.SHELVED),
        ((C.RAISED, ACKNOWLEDGE, SHELVE, UNSHELVE), S.UNACKNOWLEDGED),
        ((C.RAISED, SHELVE, C.CLEARED, UNSHELVE), S.NORMAL),
        ((SHELVE, C.RAISED), S.SHELVED),
        ((SHELVE, C.RAISED, UNSHELVE), S.UNACKNOWLEDGED),
        ((C.SUPPRESSED,), S.SUPPRESSED),
        ((C.RAISED, C.SUPPRESSED), S.SUPPRESSED),
        ((C.RAISED, C.SUPPRESSED, C.UNSUPPRESSED), S.UNACKNOWLEDGED),
        ((C.RAISED, C.SUPPRESSED, C.CLEARED, C.UNSUPPRESSED), S.NORMAL),
        ((C.SUPPRESSED, SHELVE, UNSHELVE), S.SUPPRESSED),
        ((C.RAISED, REMOVE), S.OUT_OF_SERVICE),
        ((C.RAISED, SHELVE, REMOVE), S.OUT_OF_SERVICE),
        ((C.RAISED, REMOVE, C.SUPPRESSED), S.OUT_OF_SERVICE),
        ((C.RAISED, REMOVE, RETURN), S.UNACKNOWLEDGED),
        ((REMOVE, C.RAISED, C.CLEARED, RETURN), S.NORMAL),
    ],
)
def test_each_story_ends_in_its_status(
    story: Sequence[Change | Order], status: AlarmStatus
) -> None:
    assert after(*story).status is status


@pytest.mark.parametrize(
    ("story", "order"),
    [
        ((), ACKNOWLEDGE),
        ((C.RAISED, ACKNOWLEDGE), ACKNOWLEDGE),
        ((C.RAISED, SHELVE), ACKNOWLEDGE),
        ((C.RAISED,), UNSHELVE),
        ((C.RAISED, REMOVE), REMOVE),
        ((C.RAISED, REMOVE), SHELVE),
        ((C.RAISED,), RETURN),
        ((C.RAISED,), replace(SHELVE, until_ms=NOW_MS)),
        ((C.RAISED,), replace(SHELVE, until_ms=None)),
        ((C.RAISED,), replace(SHELVE, until_ms=NOW_MS + LONGEST_SHELF_MS + 1)),
        ((C.RAISED,), replace(SHELVE, note=" ")),
        ((C.RAISED,), replace(REMOVE, note="")),
        ((C.RAISED,), replace(ACKNOWLEDGE, person=" ")),
    ],
)
def test_what_cant_be_done_is_refused(story: Sequence[Change | Order], order: Order) -> None:
    alarm = after(*story)
    with pytest.raises(AlarmActionError):
        obey(alarm, order, NOW_MS)


def test_who_waits_for_an_acknowledgement_waits_since_the_first_raise() -> None:
    alarm = follow(NEW, signal(C.RAISED), NOW_MS)
    alarm = follow(alarm, signal(C.CLEARED), NOW_MS + 60_000)
    alarm = follow(alarm, signal(C.RAISED), NOW_MS + 120_000)
    assert alarm.unseen_since_ms == NOW_MS


def test_a_reason_is_shown_only_while_an_alarm_is_hidden() -> None:
    assert after(C.RAISED, SHELVE).reason == "seal is replaced"
    assert not after(C.RAISED, SHELVE, UNSHELVE).reason


steps = st.lists(st.sampled_from([*Change, *ORDERS]), max_size=30)


@given(steps)
def test_an_active_alarm_in_sight_is_never_normal(story: list[Change | Order]) -> None:
    alarm = NEW
    for step in story:
        try:
            alarm = after(step, alarm=alarm)
        except AlarmActionError:
            continue
        hidden = {S.SHELVED, S.SUPPRESSED, S.OUT_OF_SERVICE}
        if alarm.status not in hidden:
            assert alarm.is_active == (alarm.status in {S.UNACKNOWLEDGED, S.ACKNOWLEDGED})
        assert (alarm.unseen_since_ms is not None) == (
            alarm.status in {S.UNACKNOWLEDGED, S.RETURNED_UNACKNOWLEDGED}
        )


@given(steps)
def test_a_raise_that_nobody_saw_never_becomes_normal_in_sight(
    story: list[Change | Order],
) -> None:
    """From unacknowledged there is no way to normal but by a person, by hiding or withdrawal."""
    alarm = after(C.RAISED)
    for step in story:
        if step in {C.WITHDRAWN, C.SUPPRESSED} or isinstance(step, Order):
            break
        alarm = after(step, alarm=alarm)
        assert alarm.status in {S.UNACKNOWLEDGED, S.RETURNED_UNACKNOWLEDGED}
