"""A question about events, read and checked: what `parameters` gives and `search` answers.

An event fits where every condition holds; a condition holds where any of its atoms does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

DEFAULT_PER_PAGE = 30
"""What the REST binding says where `perPage` is left out."""


class Column(StrEnum):
    """Columns of `event_facts` that hold texts."""

    TYPE = "type"
    ACTION = "action"
    BIZ_STEP = "biz_step"
    DISPOSITION = "disposition"
    READ_POINT = "read_point"
    BIZ_LOCATION = "biz_location"


class Comparison(StrEnum):
    """How a field's value compares with the parameter's."""

    EQ = "EQ"
    GT = "GT"
    GE = "GE"
    LT = "LT"
    LE = "LE"


@dataclass(frozen=True, slots=True)
class Fact:
    """A column of the event has this text."""

    column: Column
    value: str


@dataclass(frozen=True, slots=True)
class Shape:
    """The event is of this shape."""

    id: int


@dataclass(frozen=True, slots=True)
class Term:
    """A field of this name has this text."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class TermBetween:
    """A field of this name has a text from `low` on and before `high`, by bytes."""

    name: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Number:
    """A field of this name has a number that compares so."""

    name: str
    comparison: Comparison
    value: float


@dataclass(frozen=True, slots=True)
class NumberBetween:
    """A field of this name has a number from `low` on and before `high`."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class EventId:
    """The event has this id."""

    value: str


@dataclass(frozen=True, slots=True)
class Within:
    """The place is this one or lies in it."""

    column: Column
    place: str


@dataclass(frozen=True, slots=True)
class HasAttribute:
    """Master data gives the field's value this attribute, with one of these values or any."""

    of: Column | tuple[str, ...]
    """A column, or the names under which a field is indexed; of `Field.SOURCE` and the like, which
    are indexed by type, the field alone."""
    attribute: str
    values: tuple[str, ...] | None = None


Atom = Fact | Shape | Term | TermBetween | Number | NumberBetween | EventId | Within | HasAttribute


@dataclass(frozen=True, slots=True)
class Condition:
    """Any of these must hold."""

    parameter: str
    """What asked for it."""
    any_of: Sequence[Atom]
    shapes: Sequence[int] | None = None
    """Shapes of the events for which it holds; asked of an event, they say the same sooner."""


@dataclass(frozen=True, slots=True)
class Span:
    """Epoch milliseconds from `start` on and before `end`; None is open."""

    start: int | None = None
    end: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it holds every time."""
        return self.start is None and self.end is None


class Order(StrEnum):
    """What events are ordered by; events with the same come in the order of their capture."""

    EVENT_TIME = "eventTime"
    RECORD_TIME = "recordTime"
    EXTENSION = "extension"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Which events, in which order, how many."""

    event_time: Span = field(default_factory=Span)
    record_time: Span = field(default_factory=Span)
    conditions: Sequence[Condition] = ()
    order: Order = Order.EVENT_TIME
    order_field: Sequence[str] = ()
    """The names under which the field to order by is indexed, for `Order.EXTENSION`."""
    descending: bool = True
    event_count_limit: int | None = None
    """Give only so many events, on all pages together."""
    max_event_count: int | None = None
    """Raise QueryTooLargeError where there are more."""
    per_page: int = DEFAULT_PER_PAGE
    page_token: str | None = None
