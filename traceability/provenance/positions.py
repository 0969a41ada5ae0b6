"""Where a thing is, and how what events say of it moves it on. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from park.times import from_epoch_ms

EXTENSION = "/254/"
"""Between a GLN and the part of its site that is meant."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a thing, or a part of a lot, is."""

    containers: Sequence[str] = ()
    """From the innermost to the outermost."""
    quantity: float | None = None
    uom: str | None = None
    mass_kg: float | None = None
    """Of a lot, how much of it is here, or in the innermost container."""
    place: str | None = None
    """The last business location, else the last read point."""
    place_at: datetime | None = None
    in_transit: bool = False
    """Whether it left that place since: the last stop had no business location."""
    disposition: str | None = None
    holder: str | None = None
    """Who was to possess it by the last event that says so."""
    owner: str | None = None
    destination: str | None = None
    """The place that it was last sent to; None where it was seen at a location since."""
    seen_at: datetime | None = None
    event_id: str | None = None
    """The last event about it or a container of it."""
    state: str = "present"
    """`used` where a transformation used it up, `ended` where it was taken out of the world; in a
    recall, `cleared` where what is affected was taken out of a container."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where, why and with whom an event was."""

    at_ms: int
    event_id: str
    biz_step: str | None = None
    disposition: str | None = None
    read_point: str | None = None
    location: str | None = None
    origin: str | None = None
    destination: str | None = None
    holder: str | None = None
    owner: str | None = None

    @property
    def place(self) -> str | None:
        """Where it was, as far as it is told."""
        return self.location or self.read_point


NOWHERE = Position()
SHIPPING = "shipping"
LEAVING = frozenset({SHIPPING, "departing", "consigning"})
"""Steps after which a thing isn't where it was, whether the event says where it goes or not."""


def in_order(stops: Iterable[Stop]) -> list[Stop]:
    """Stops by time; of one instant in an order that doesn't hang on which was captured first."""
    return sorted(stops, key=lambda stop: (stop.at_ms, stop.event_id))


def moved(position: Position, stop: Stop) -> Position:
    """The position after a stop: what the stop doesn't say stays as it was.

    But who shipped a thing has it no more, whether the event says who will or not.
    """
    at = from_epoch_ms(stop.at_ms)
    place = stop.place
    left = bool(stop.destination or stop.holder) or stop.biz_step in LEAVING
    return replace(
        position,
        place=place or position.place,
        place_at=at if place else position.place_at,
        in_transit=stop.location is None and (left or position.in_transit),
        disposition=stop.disposition or position.disposition,
        holder=stop.holder or (None if _is_sent_on(stop) else position.holder),
        owner=stop.owner or position.owner,
        destination=stop.destination or (None if stop.location else position.destination),
        seen_at=at,
        event_id=stop.event_id,
    )


def _is_sent_on(stop: Stop) -> bool:
    """Whether who held it until then ships it to somebody whom the event doesn't name."""
    return stop.biz_step == SHIPPING and stop.destination is not None


def moved_along(position: Position, stops: Iterable[Stop]) -> Position:
    """The position after stops."""
    for stop in in_order(stops):
        position = moved(position, stop)
    return position


def site_of(place: str | None) -> str | None:
    """The GLN of a place without the part of the site that it is."""
    return None if place is None else place.partition(EXTENSION)[0]
