"""How a lot is spread over places, followed event by event. Pure.

Rules.

1. A lot is made of parts: so much of it in one place, on one way, in the hands of one party. An
   event about so much of it moves that much and leaves the rest where it was.
2. Where the goods of an event come from: from the place that it says they leave; else from what is
   on the way there; else from elsewhere, what lay longest first. What lies there already was only
   seen again, unless the business step says that goods arrive.
3. What an event claims beyond what is known is believed: rather a part too many than one too few.
   Only what was used or packed before the lot was made is taken off what is made later.
4. No two scales agree: what is left within the tolerance of what is taken went with it.
5. A lot that came into being by name and out of a run is the same goods: the larger sum counts.
6. Amounts are told by mass, else in the unit that they have. Amounts that can't be compared are
   parts beside each other. An event without an amount is about all that is there.
7. What was put into a container is followed there, see `whereabouts`; what came out is a part
   again.
8. At one instant things are made, come out, are seen, are put in and used, in this order.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from operator import itemgetter

from traceability.masses import to_kg
from traceability.provenance.containment import Amount
from traceability.provenance.positions import NOWHERE, Position, Stop, moved, site_of

TOLERANCE = 0.005
"""Share by which weighings of the same goods may differ."""

Measure = tuple[str, str | None]
"""What amounts are told in: mass, or a unit; a count has none."""
_MASS: Measure = ("mass", "KGM")
_UNKNOWN: Measure = ("unknown", None)

_ARRIVALS = frozenset(
    {
        *("arriving", "receiving", "accepting", "storing", "stocking", "unloading", "loading"),
        *("staging_outbound", "collecting", "picking", "returning", "entering_exiting"),
    }
)
"""Steps that bring goods; in others those that are there already are seen again."""

_RECEIPTS = frozenset({"arriving", "receiving", "accepting", "unloading"})
"""Steps that bring goods from the way."""

_LAST_RESORT, _SEEN_AGAIN = 9, 10


class Act(IntEnum):
    """What an event does to some of a lot; at one instant, in this order."""

    MADE = 0
    """It comes into being by name."""
    CAME_OUT_OF_RUN = 1
    UNPACKED = 2
    SEEN = 3
    PACKED = 4
    USED = 5
    ENDED = 6


@dataclass(frozen=True, slots=True)
class Happened:
    """An act, how much it was about, and where it was."""

    act: Act
    stop: Stop
    amount: Amount
    holding: int | None = None
    """The containment that begins or ends."""
    way: Sequence[Stop] = ()
    """Of what was unpacked: the stops of its containers while it was in."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """So much is taken in an event."""

    stop: Stop
    amount: float
    is_used: bool
    """Whether it is used or packed, so that it comes from where that happens."""

    @property
    def origins(self) -> set[str]:
        """Places that it comes from, as far as the event says."""
        place = self.stop.place
        used_at = {place} if self.is_used and place is not None else set()
        return _origins(self.stop) | used_at


@dataclass(slots=True)
class _Part:
    position: Position
    amount: float
    """In milligrams where it is a mass; without meaning where it isn't known."""


def _never(_: Position) -> bool:
    return False


@dataclass(slots=True)
class Lot:
    """The parts of a lot while what happened to it is followed."""

    held_back: Callable[[Position], bool] = _never
    """Parts there are taken last, so that nobody misses that some of the lot is there."""
    packed: dict[int, Position] = field(default_factory=dict)
    """Where what went into containers was when it did, by containment."""
    gone: Position | None = None
    """Where the last of it was that was used or ended."""
    _parts: dict[Measure, list[_Part]] = field(default_factory=dict)
    _made: dict[Measure, dict[Act, float]] = field(default_factory=dict)
    _owed: dict[Measure, float] = field(default_factory=dict)

    def follow(self, happened: Iterable[Happened]) -> Iterator[Happened]:
        """Apply what happened, by time; gives each when it is applied."""
        for each in sorted(happened, key=_when):
            self._apply(each)
            yield each

    def positions(self) -> Iterator[Position]:
        """Where the parts are that are in no container, and how much each is."""
        for measure, parts in self._parts.items():
            made = max(self._made.get(measure, {}).values(), default=0.0)
            if made and sum(part.amount for part in parts) <= made * TOLERANCE:
                continue
            for part in parts:
                yield _told(part, measure)

    def is_anywhere(self, there: Callable[[Position], bool]) -> bool:
        """Whether a part is at such a position."""
        return any(there(part.position) for parts in self._parts.values() for part in parts)

    def _apply(self, each: Happened) -> None:
        measure, amount = _measured(each.amount)
        match each.act:
            case Act.MADE | Act.CAME_OUT_OF_RUN:
                self._make(each, measure, amount)
            case Act.UNPACKED:
                base = NOWHERE if each.holding is None else self.packed.get(each.holding, NOWHERE)
                for stop in (*each.way, each.stop):
                    base = moved(base, stop)
                self._put(measure, base, amount)
            case Act.SEEN:
                self._see(each.stop, measure, amount)
            case _:
                self._remove(each, measure, amount)

    def _make(self, each: Happened, measure: Measure, amount: float) -> None:
        if measure == _UNKNOWN:
            if not self._parts.get(measure):
                self._put(measure, moved(NOWHERE, each.stop), 0.0)
            return
        made = self._made.setdefault(measure, {})
        before = max(made.values(), default=0.0)
        made[each.act] = made.get(each.act, 0.0) + amount
        more = max(made.values()) - before
        if more < amount:
            self._see(each.stop, measure, amount - more)
        owed = min(more, self._owed.get(measure, 0.0))
        self._owed[measure] = self._owed.get(measure, 0.0) - owed
        if more > owed:
            self._put(measure, moved(NOWHERE, each.stop), more - owed)

    def _see(self, stop: Stop, measure: Measure, amount: float) -> None:
        if measure == _UNKNOWN:
            self._see_all(stop)
            return
        left = amount
        for position, taken in list(self._take(measure, _Wanted(stop, amount, is_used=False))):
            self._put(measure, moved(position, stop), min(taken, left))
            left -= min(taken, left)
        if left > amount * TOLERANCE:
            self._put(measure, moved(NOWHERE, stop), left)

    def _see_all(self, stop: Stop) -> None:
        """All that leaves the place moves; else all that there is, unless it is there already."""
        seen = False
        for measure, parts in list(self._parts.items()):
            for part in _concerned(parts, stop):
                seen = True
                parts.remove(part)
                self._put(measure, moved(part.position, stop), part.amount)
        if not seen:
            self._put(_UNKNOWN, moved(NOWHERE, stop), 0.0)

    def _remove(self, each: Happened, measure: Measure, amount: float) -> None:
        base = (
            self._take_all(each) if measure == _UNKNOWN else self._take_some(each, measure, amount)
        )
        if each.act is Act.PACKED and each.holding is not None:
            self.packed[each.holding] = base or moved(NOWHERE, each.stop)
        if each.act is Act.USED:
            self.gone = replace(base or moved(NOWHERE, each.stop), state="used")
        if each.act is Act.ENDED:
            self.gone = replace(moved(base or NOWHERE, each.stop), state="ended")

    def _take_all(self, each: Happened) -> Position | None:
        base = None
        for parts in self._parts.values():
            for part in _concerned(parts, each.stop):
                parts.remove(part)
                base = part.position
        return base

    def _take_some(self, each: Happened, measure: Measure, amount: float) -> Position | None:
        base, left = None, amount
        for position, taken in self._take(measure, _Wanted(each.stop, amount, is_used=True)):
            base = base or position
            left -= taken
        if left > amount * TOLERANCE:
            self._owed[measure] = self._owed.get(measure, 0.0) + left
        return base

    def _take(self, measure: Measure, wanted: _Wanted) -> Iterator[tuple[Position, float]]:
        """Take an amount off the parts that it comes from; where each bit of it was."""
        parts = self._parts.get(measure, [])
        left = wanted.amount
        for part in _by_likelihood(parts, wanted, self.held_back):
            if left <= wanted.amount * TOLERANCE:
                return
            if part.amount - left <= part.amount * TOLERANCE:
                parts.remove(part)
                yield part.position, part.amount
                left -= part.amount
            else:
                part.amount -= left
                yield part.position, left
                return

    def _put(self, measure: Measure, position: Position, amount: float) -> None:
        """Add a part, or to the part that is there already."""
        parts = self._parts.setdefault(measure, [])
        for part in parts:
            if _is_same(part.position, position):
                part.amount += amount
                part.position = _later(part.position, position)
                return
        parts.append(_Part(position, amount))


def _when(each: Happened) -> tuple[int, int, str]:
    return each.stop.at_ms, each.act, each.stop.event_id


def _measured(amount: Amount) -> tuple[Measure, float]:
    if amount.mass_mg is not None:
        return _MASS, float(amount.mass_mg)
    if amount.quantity is not None:
        return ("unit", amount.uom), amount.quantity
    return _UNKNOWN, 0.0


def _told(part: _Part, measure: Measure) -> Position:
    if measure == _UNKNOWN:
        return part.position
    mass_kg = to_kg(part.amount) if measure == _MASS else None
    quantity = part.amount if mass_kg is None else mass_kg
    return replace(part.position, quantity=quantity, uom=measure[1], mass_kg=mass_kg)


def _concerned(parts: Sequence[_Part], stop: Stop) -> Sequence[_Part]:
    """Which parts an event without an amount is about."""
    leaving = [part for part in parts if part.position.place in _origins(stop)]
    there = [part for part in parts if part.position.place == stop.place]
    return leaving or (there if stop.biz_step not in _ARRIVALS else ()) or list(parts)


def _origins(stop: Stop) -> set[str]:
    """Places that the goods of an event leave, as far as it says so."""
    comes = stop.biz_step in _RECEIPTS or stop.read_point == stop.location
    left = None if comes else stop.read_point
    return {place for place in (stop.origin, left) if place is not None}


def _by_likelihood(
    parts: Sequence[_Part], wanted: _Wanted, held_back: Callable[[Position], bool]
) -> list[_Part]:
    """The parts that the goods of an event may come from, the likeliest first."""
    ranked = []
    for number, part in enumerate(parts):
        rank = _likelihood(part.position, wanted)
        if rank is None:
            continue
        if 0 < rank < _LAST_RESORT and held_back(part.position):
            rank = _LAST_RESORT
        since = part.position.place_at or part.position.seen_at
        since_s = 0.0 if since is None else since.timestamp()
        other = abs(part.amount - wanted.amount) > wanted.amount * TOLERANCE
        ranked.append((rank, other, since_s, number, part))
    return [part for *_, part in sorted(ranked, key=itemgetter(0, 1, 2, 3))]


def _likelihood(position: Position, wanted: _Wanted) -> int | None:
    """How unlikely it is that the goods come from there, from 0; None where they can't."""
    stop, origins = wanted.stop, wanted.origins
    is_here = position.place == stop.place
    if position.in_transit:
        rank = _on_the_way(position, wanted)
    elif position.place in origins:
        rank = 0
    elif is_here:
        rank = _SEEN_AGAIN if origins or stop.biz_step in _ARRIVALS else 0
    elif position.place == stop.read_point:
        rank = 1
    else:
        rank = 1 if site_of(position.place) in {site_of(each) for each in origins} else 4
    return rank


def _on_the_way(position: Position, wanted: _Wanted) -> int | None:
    """The same of goods on the way."""
    step = wanted.stop.biz_step
    if any(_is_bound_for(position, each) for each in {wanted.stop.place, *wanted.origins}):
        return 2
    if step in _RECEIPTS:
        return 3
    if wanted.origins and not wanted.is_used:
        return None
    return 3 if step in _ARRIVALS else 5


def _is_bound_for(position: Position, place: str | None) -> bool:
    site = site_of(place)
    if site is None:
        return False
    holder = None if position.holder is None else position.holder.replace("/417/", "/414/")
    return site in {site_of(position.destination), holder}


def _is_same(one: Position, other: Position) -> bool:
    return (one.place, one.in_transit, one.destination, one.holder, one.owner, one.disposition) == (
        *(other.place, other.in_transit, other.destination, other.holder, other.owner),
        other.disposition,
    )


def _later(one: Position, other: Position) -> Position:
    if one.seen_at is None or other.seen_at is None:
        return other if one.seen_at is None else one
    return other if other.seen_at >= one.seen_at else one
