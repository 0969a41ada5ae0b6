"""What containers went through while things were in them, from the database.

A thing in a container is where the container is, and so is a container in another. A `Window` is a
container for as long as something of interest was in it; above it lie the windows of the
containers that it was in meanwhile.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    func,
    select,
)

from traceability import tables as events
from traceability.database.lookups import among, as_asked, chunks, rows_asked, rows_for
from traceability.provenance import tables as t
from traceability.provenance.containment import Amount
from traceability.provenance.positions import LEAVING, SHIPPING, Stop

_DEEPEST = 20
"""Containers within containers; more than that is a circle."""

_L, _S, _G, _E = t.links.c, t.stops.c, t.sightings.c, events.events.c
STOP_COLUMNS = (
    *(_S.at_ms, _E.event_id, _S.biz_step, _S.disposition, _S.read_point, _S.location),
    *(_S.origin, _S.destination, _S.holder, _S.owner),
)
"""The fields of a `Stop`, in their order."""
_HOLDINGS = select(
    *(_L.id, _L.source, _L.target, _L.from_ms, _L.until_ms, _L.seq, _L.end_seq),
    *(_L.quantity, _L.uom, _L.mass_mg),
).where(
    among(_L.source),
    _L.kind == t.CONTAINS,
    _L.from_ms <= bindparam("until"),
    _L.until_ms >= bindparam("since"),
)
# The last stop of each make-up: together they hold the last word on everything.
_TOLD = (
    *(_S.location.is_not(None), _S.read_point.is_not(None), _S.disposition.is_not(None)),
    *(_S.destination.is_not(None), _S.holder.is_not(None), _S.owner.is_not(None)),
    func.coalesce(_S.biz_step, "").in_(sorted(LEAVING)),
    func.coalesce(_S.biz_step, "") == SHIPPING,
)


class Holding(NamedTuple):
    """Something in a container."""

    id: int
    child: int
    container: int
    from_ms: int
    until_ms: int
    seq: int
    end_seq: int | None
    amount: Amount

    @property
    def is_open(self) -> bool:
        """Whether it is in now."""
        return self.until_ms == t.OPEN

    @property
    def window(self) -> "Window":
        """Its container while it was in, up to the event by which it came out."""
        return Window(self.container, self.from_ms, min(self.until_ms + 1, t.OPEN))


class Window(NamedTuple):
    """A thing from when until when."""

    thing: int
    since_ms: int = t.BEGINNING
    until_ms: int = t.OPEN


@dataclass(frozen=True, slots=True)
class Journeys:
    """The windows above some things, and their stops."""

    holdings: Mapping[int, Sequence[Holding]]
    """What containers each thing was in, by thing."""
    above: Mapping[Window, Sequence[Window]]
    """By window, the windows of the containers that its container was in."""
    stops: Mapping[Window, Sequence[Stop]]
    """By window, the last ones of its container in it."""

    def stops_in(self, window: Window) -> list[Stop]:
        """The last stops of a container and of those that it was in, all in that window."""
        stops: list[Stop] = []
        seen, waiting = {window}, [window]
        while waiting:
            each = waiting.pop()
            stops += self.stops.get(each, ())
            fresh = [above for above in self.above.get(each, ()) if above not in seen]
            seen.update(fresh)
            waiting += fresh
        return stops

    def containers_above(self, container: int) -> Iterator[int]:
        """The container and those that it is in now, from the innermost."""
        seen = {container}
        while True:
            yield container
            entered = [each for each in self.holdings.get(container, ()) if each.is_open]
            if not entered:
                return
            container = max(entered, key=lambda each: each.from_ms).container
            if container in seen:
                return
            seen.add(container)

    @property
    def containers(self) -> set[int]:
        """Everything that contained something."""
        return {window.thing for window in self.above}


def journeys_of(
    connection: Connection, things: Collection[int], objects: Collection[int]
) -> Journeys:
    """The journeys of things; `objects` are those that are in one container at a time."""
    holdings = _holdings(connection, things, t.BEGINNING, t.OPEN)
    windows = {
        window
        for thing in things
        for window in _windows(holdings[thing], one_at_a_time=thing in objects)
    }
    above: dict[Window, Sequence[Window]] = {}
    for _ in range(_DEEPEST):
        if not windows:
            break
        since_ms = min(each.since_ms for each in windows)
        until_ms = max(each.until_ms for each in windows)
        fresh = {each.thing for each in windows} - holdings.keys()
        holdings |= _holdings(connection, fresh, since_ms, until_ms)
        above |= {window: list(_above(window, holdings[window.thing])) for window in windows}
        windows = {outer for window in windows for outer in above[window]} - above.keys()
    return Journeys(holdings, above, last_stops(connection, above))


def windows_of(holdings: Sequence[Holding]) -> Iterator[Window]:
    """The containers of an object, one after the other: where two overlap the later counts."""
    return _windows(holdings, one_at_a_time=True)


def _windows(holdings: Sequence[Holding], *, one_at_a_time: bool) -> Iterator[Window]:
    if not one_at_a_time:
        yield from (each.window for each in holdings)
        return
    in_order = sorted(holdings, key=lambda each: (each.from_ms, each.until_ms))
    for number, each in enumerate(in_order):
        window = each.window
        if number + 1 < len(in_order):
            window = window._replace(until_ms=min(window.until_ms, in_order[number + 1].from_ms))
        if window.until_ms >= window.since_ms:
            yield window


def _above(window: Window, holdings: Sequence[Holding]) -> Iterator[Window]:
    for thing, since_ms, until_ms in windows_of(holdings):
        since, until = max(since_ms, window.since_ms), min(until_ms, window.until_ms)
        if since <= until:
            yield Window(thing, since, until)


def _holdings(
    connection: Connection, things: Collection[int], since_ms: int, until_ms: int
) -> dict[int, list[Holding]]:
    found: dict[int, list[Holding]] = {thing: [] for thing in things}
    bound = {"since": since_ms, "until": until_ms}
    for row in rows_for(connection, _HOLDINGS, things, **bound):
        amount = Amount(row.quantity, row.uom, row.mass_mg)
        found[row.source].append(
            Holding(
                *(row.id, row.source, row.target, row.from_ms, row.until_ms),
                *(row.seq, row.end_seq, amount),
            )
        )
    return found


def last_stops(connection: Connection, windows: Iterable[Window]) -> dict[Window, list[Stop]]:
    """The stops of things in windows that hold the last word on everything."""
    groups: dict[tuple[int, int], list[Window]] = {}
    for window in windows:
        groups.setdefault((window.thing, window.until_ms), []).append(window)
    found: dict[Window, list[Stop]] = {}
    query = _LAST_IN[connection.dialect.name]
    for chunk in chunks(groups.items()):
        asked = [
            (number, thing, min(each.since_ms for each in group), until_ms)
            for number, ((thing, until_ms), group) in enumerate(chunk)
        ]
        for row in connection.execute(query, {"asked": as_asked(asked)}):
            stop = stop_of(row)
            for window in chunk[row.number][1]:
                if stop.at_ms >= window.since_ms:
                    found.setdefault(window, []).append(stop)
    return found


def stop_of(row: Row[Any]) -> Stop:
    """A stop of a row with `STOP_COLUMNS`."""
    return Stop(
        *(row.at_ms, row.event_id, row.biz_step, row.disposition, row.read_point, row.location),
        *(row.origin, row.destination, row.holder, row.owner),
    )


def _last_in(dialect: str) -> Select[Any]:
    """The last stops of each make-up of each thing that is asked for."""
    asked = rows_asked(("number", "thing", "since_ms", "until_ms"), dialect).cte("asked")
    wanted = asked.c
    latest_first = (_S.at_ms.desc(), _E.event_id.desc())
    ranked = (
        select(
            wanted.number,
            *STOP_COLUMNS,
            func.row_number()
            .over(partition_by=(wanted.number, *_TOLD), order_by=latest_first)
            .label("rank"),
        )
        .select_from(asked)
        .join(
            t.sightings,
            and_(_G.thing == wanted.thing, _G.at_ms.between(wanted.since_ms, wanted.until_ms)),
        )
        .join(t.stops, _S.seq == _G.seq)
        .join(events.events, _E.seq == _G.seq)
        .subquery()
    )
    return select(ranked).where(ranked.c.rank == 1)


_LAST_IN = {dialect: _last_in(dialect) for dialect in ("sqlite", "postgresql")}
