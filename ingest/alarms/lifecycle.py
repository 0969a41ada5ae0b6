"""The state machine of an alarm, after ISA-18.2 and IEC 62682. Pure: no clock, no store.

An alarm that is out of service, shelved or suppressed is hidden: its condition is followed all the
same. When it comes back to sight it is unacknowledged where its condition holds, else normal:
nobody is asked to acknowledge what nobody was shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from ingest.alarms.model import Action, Alarm, AlarmStatus, Change, Signal
from ingest.errors import AlarmActionError

LONGEST_SHELF_MS = 24 * 3_600_000
"""Shelving is for a shift or a day; what is away for longer is taken out of service."""

_ACTION_OF_CHANGE: Mapping[Change, Action] = MappingProxyType(
    {
        Change.RAISED: Action.RAISE,
        Change.CLEARED: Action.CLEAR,
        Change.WITHDRAWN: Action.WITHDRAW,
        Change.SUPPRESSED: Action.SUPPRESS,
        Change.UNSUPPRESSED: Action.UNSUPPRESS,
    }
)


@dataclass(frozen=True, slots=True)
class Order:
    """What a person wants done to an alarm."""

    action: Action
    person: str
    note: str = ""
    until_ms: int | None = None
    """When a shelf ends."""


def action_of(signal: Signal) -> Action:
    """The action that a signal is."""
    return _ACTION_OF_CHANGE[signal.change]


def follow(alarm: Alarm, signal: Signal, now_ms: int) -> Alarm:
    """The alarm after its condition changed; what changes nothing gives the same alarm."""
    changed = _FOLLOW[signal.change](alarm, signal)
    return alarm if changed is alarm else _settled(changed, now_ms)


def _raised(alarm: Alarm, signal: Signal) -> Alarm:
    return replace(
        alarm,
        is_active=True,
        is_acknowledged=False,
        raised_ms=signal.at_ms,
        since_ms=signal.since_ms,
        cleared_ms=None,
        value=signal.value,
        limit=signal.limit,
        person=alarm.person if _is_hidden(alarm) else None,
    )


def _cleared(alarm: Alarm, signal: Signal) -> Alarm:
    return replace(alarm, is_active=False, cleared_ms=signal.at_ms) if alarm.is_active else alarm


def _withdrawn(alarm: Alarm, signal: Signal) -> Alarm:
    return replace(alarm, is_active=False, is_acknowledged=True, cleared_ms=signal.at_ms)


def _suppressed(alarm: Alarm, signal: Signal) -> Alarm:
    return replace(alarm, is_suppressed=True, reason=signal.reason)


def _unsuppressed(alarm: Alarm, _signal: Signal) -> Alarm:
    if not alarm.is_suppressed:
        return alarm
    return _back_in_sight(replace(alarm, is_suppressed=False))


_FOLLOW: Mapping[Change, Callable[[Alarm, Signal], Alarm]] = MappingProxyType(
    {
        Change.RAISED: _raised,
        Change.CLEARED: _cleared,
        Change.WITHDRAWN: _withdrawn,
        Change.SUPPRESSED: _suppressed,
        Change.UNSUPPRESSED: _unsuppressed,
    }
)


def obey(alarm: Alarm, order: Order, now_ms: int) -> Alarm:
    """The alarm after a person's order. Raises AlarmActionError where it can't be done."""
    if not order.person.strip():
        raise AlarmActionError("say who you are: every action is kept with a name")
    return _settled(_OBEY[order.action](alarm, order, now_ms), now_ms)


def _acknowledge(alarm: Alarm, order: Order, _now_ms: int) -> Alarm:
    unseen = {AlarmStatus.UNACKNOWLEDGED, AlarmStatus.RETURNED_UNACKNOWLEDGED}
    if alarm.status not in unseen:
        raise AlarmActionError(f"the alarm is {alarm.status}: there is nothing to acknowledge")
    return replace(alarm, is_acknowledged=True, person=order.person)


def _shelve(alarm: Alarm, order: Order, now_ms: int) -> Alarm:
    if alarm.is_out_of_service:
        raise AlarmActionError("the alarm is out of service; return it to service first")
    if order.until_ms is None or order.until_ms <= now_ms:
        raise AlarmActionError("a shelf needs an end in the future")
    if order.until_ms > now_ms + LONGEST_SHELF_MS:
        raise AlarmActionError("a shelf ends within 24 h; for longer, take it out of service")
    _need_reason(order)
    return replace(alarm, shelved_until_ms=order.until_ms, reason=order.note, person=order.person)


def _unshelve(alarm: Alarm, order: Order, _now_ms: int) -> Alarm:
    if alarm.shelved_until_ms is None:
        raise AlarmActionError(f"the alarm is {alarm.status}, not shelved")
    return _back_in_sight(replace(alarm, shelved_until_ms=None, person=order.person))


def _take_out_of_service(alarm: Alarm, order: Order, _now_ms: int) -> Alarm:
    if alarm.is_out_of_service:
        raise AlarmActionError("the alarm is out of service already")
    _need_reason(order)
    return replace(
        alarm,
        is_out_of_service=True,
        shelved_until_ms=None,
        reason=order.note,
        person=order.person,
    )


def _return_to_service(alarm: Alarm, order: Order, _now_ms: int) -> Alarm:
    if not alarm.is_out_of_service:
        raise AlarmActionError(f"the alarm is {alarm.status}, not out of service")
    return _back_in_sight(replace(alarm, is_out_of_service=False, person=order.person))


_OBEY: Mapping[Action, Callable[[Alarm, Order, int], Alarm]] = MappingProxyType(
    {
        Action.ACKNOWLEDGE: _acknowledge,
        Action.SHELVE: _shelve,
        Action.UNSHELVE: _unshelve,
        Action.TAKE_OUT_OF_SERVICE: _take_out_of_service,
        Action.RETURN_TO_SERVICE: _return_to_service,
    }
)


def _need_reason(order: Order) -> None:
    if not order.note.strip():
        raise AlarmActionError("say why: the reason is shown as long as the alarm is hidden")


def _is_hidden(alarm: Alarm) -> bool:
    return alarm.is_suppressed or alarm.is_out_of_service or alarm.shelved_until_ms is not None


def _back_in_sight(alarm: Alarm) -> Alarm:
    if _is_hidden(alarm):
        return alarm
    return replace(alarm, is_acknowledged=not alarm.is_active, reason="")


def _settled(alarm: Alarm, now_ms: int) -> Alarm:
    """With the status that follows from the rest."""
    status = _status(alarm)
    is_unseen = status in {AlarmStatus.UNACKNOWLEDGED, AlarmStatus.RETURNED_UNACKNOWLEDGED}
    unseen_since_ms = (alarm.unseen_since_ms or now_ms) if is_unseen else None
    return replace(alarm, status=status, changed_ms=now_ms, unseen_since_ms=unseen_since_ms)


def _status(alarm: Alarm) -> AlarmStatus:
    if alarm.is_out_of_service:
        return AlarmStatus.OUT_OF_SERVICE
    if alarm.shelved_until_ms is not None:
        return AlarmStatus.SHELVED
    if alarm.is_suppressed:
        return AlarmStatus.SUPPRESSED
    if alarm.is_active:
        return AlarmStatus.ACKNOWLEDGED if alarm.is_acknowledged else AlarmStatus.UNACKNOWLEDGED
    return AlarmStatus.NORMAL if alarm.is_acknowledged else AlarmStatus.RETURNED_UNACKNOWLEDGED
