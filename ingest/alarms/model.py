"""What the parts of the alarms tell each other."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Priority(StrEnum):
    """How much time there is to act, most urgent first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Change(StrEnum):
    """What became of a condition."""

    RAISED = "raised"
    """It held for its on-delay."""
    CLEARED = "cleared"
    """It was away for its off-delay."""
    SUPPRESSED = "suppressed"
    """By design it means nothing for a while, such as warm air during a defrost."""
    UNSUPPRESSED = "unsuppressed"
    WITHDRAWN = "withdrawn"
    """A late reading shows that it never was."""


class Signal(NamedTuple):
    """A condition changed; the identity of an alarm is its rule and its asset."""

    rule: str
    asset: str
    change: Change
    at_ms: int
    """Event time: when the delay was over."""
    since_ms: int
    """Event time: when the condition began."""
    value: float | None = None
    limit: float | None = None
    reason: str = ""
    """Of a suppression: `defrost`, or the alarm that explains this one, as `rule asset`."""


class AlarmStatus(StrEnum):
    """The states of ISA-18.2, in its words."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED_UNACKNOWLEDGED = "returned-unacknowledged"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out-of-service"


class Action(StrEnum):
    """What makes a transition: a condition, the clock, or a person."""

    RAISE = "raise"
    CLEAR = "clear"
    WITHDRAW = "withdraw"
    SUPPRESS = "suppress"
    UNSUPPRESS = "unsuppress"
    ACKNOWLEDGE = "acknowledge"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    TAKE_OUT_OF_SERVICE = "take-out-of-service"
    RETURN_TO_SERVICE = "return-to-service"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm as it stands."""

    rule: str
    asset: str
    priority: Priority
    status: AlarmStatus = AlarmStatus.NORMAL
    is_active: bool = False
    """Whether its condition holds, whatever its status."""
    is_acknowledged: bool = True
    """Whether there is nothing in it that somebody should still see."""
    is_suppressed: bool = False
    is_out_of_service: bool = False
    raised_ms: int | None = None
    """Event time of the last raise."""
    since_ms: int | None = None
    """Event time when the condition began."""
    cleared_ms: int | None = None
    """Event time of the last return."""
    changed_ms: int = 0
    """When something happened to it last, by this side's clock."""
    unseen_since_ms: int | None = None
    """Since when it waits to be acknowledged, by this side's clock."""
    value: float | None = None
    limit: float | None = None
    reason: str = ""
    """Why it is suppressed, shelved or out of service."""
    person: str | None = None
    """Who acknowledged, shelved or took it out of service."""
    shelved_until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """One entry of the journal; nothing in it is ever changed."""

    id: int
    rule: str
    asset: str
    priority: Priority
    action: Action
    before: AlarmStatus
    after: AlarmStatus
    at_ms: int
    """Event time of a condition; of an action of a person, when it was done."""
    recorded_ms: int
    person: str | None = None
    note: str = ""
    value: float | None = None
    limit: float | None = None
