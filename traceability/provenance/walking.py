"""Walks the links from any number of things, forward or back, by one recursive statement.

A walk carries a window of time along: when was it that the thing held what we follow?

Forward, a lot goes into a container for as long as it lay in it; the container with it into what
happened to it in that window; into a run that used it, and out of the run into whatever came out.
Contents of the things that the walk starts from go along: an object from the start, of a lot the
part that came out.

Back, a container held what lay in it in the window; of a lot only what was made before it went
in counts; a run is made of all that went in, each as it was at that instant.

Windows only ever shrink, but at runs, where they begin anew; rows that are there already aren't
walked again. So a walk ends even where containers hold each other or fruit goes round in circles.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    column,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    values,
)

from traceability import tables as events
from traceability.lookups import chunks
from traceability.postgresql_texts import quoted, text_of
from traceability.provenance import tables as t
from traceability.provenance.keys import ThingKind
from traceability.provenance.store import NAMED, Found, find, unknown

_STARTS_AT_ONCE = 200


class Direction(StrEnum):
    """Which way to walk."""

    BACK = "back"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Start:
    """A thing to begin with, and in what window."""

    thing: int
    since_ms: int = t.BEGINNING
    until_ms: int = t.OPEN
    """Forward, the window's end only says what contents go along; the thing itself goes on."""


class Step(NamedTuple):
    """A link that a walk went along, and the window in which the thing it left was followed."""

    link: int
    kind: str
    source: int | None
    """None where something came into being; told of walks back only."""
    source_form: int
    target: int
    at_ms: int
    from_ms: int
    until_ms: int
    quantity: float | None
    uom: str | None
    mass_mg: int | None
    event_id: str | None
    end_event_id: str | None
    since_ms: int
    """Since when the thing that the walk came from was followed."""
    named: str | None
    """Kind and key of the thing that it led to, a space between them."""


_BOUND = ("thing", "since", "until")
_L = t.links.alias("l")
_I = t.links.c
_E = events.events.alias("e")
_T = t.things.alias("t")


def _later(one: Any, other: Any) -> Any:
    return case((one > other, one), else_=other)


def _earlier(one: Any, other: Any) -> Any:
    return case((one < other, one), else_=other)


def _overlaps(link: Any, window: Any) -> Any:
    return and_(link.from_ms <= window.until_ms, link.until_ms >= window.since_ms)


def _goes_on(link: Any, window: Any) -> Any:
    """Whether goods that are followed in a window go along a link.

    What was put into a container of a lot is what the lot was then; an object in a container
    may come to hold what is followed while it is in.
    """
    put_in_before = and_(
        link.kind == t.CONTAINS, link.source_form != t.ITSELF, link.from_ms < window.since_ms
    )
    return and_(
        _overlaps(link, window),
        not_(put_in_before),
        link.target.is_not(None),
        window.form < t.PRODUCT,
    )


def _came_from(link: Any, window: Any) -> Any:
    return and_(_overlaps(link, window), link.source.is_not(None), window.form < t.PRODUCT)


def _linked(
    walk: CTE, links: FromClause, goes: ColumnElement[bool], *, one_by_one: bool
) -> tuple[FromClause, Any]:
    """A walk's rows with the links that go on from them, and the links' columns.

    PostgreSQL expects a walk to find much, and would scan the whole table once rather than look
    the links up for each row, which costs ten times what the walk does: it looks up `one_by_one`
    what OFFSET keeps it from joining.
    """
    if not one_by_one:
        return walk.join(links, goes), links.c
    found = select(links).where(goes).correlate(walk).offset(0).lateral()
    return walk.join(found, true()), found.c


def _single() -> Any:
    """One start, bound to `thing`, `since` and `until`."""
    thing, since, until = (bindparam(name, type_=BigInteger) for name in _BOUND)
    return select(thing.label("thing"), since.label("since_ms"), until.label("until_ms"))


def _many(starts: Sequence[Start]) -> Select[Any]:
    listed = (
        values(
            column("thing", BigInteger),
            column("since_ms", BigInteger),
            column("until_ms", BigInteger),
        )
        .data([(each.thing, each.since_ms, each.until_ms) for each in starts])
        .cte("starts")
    )
    return select(listed.c.thing, listed.c.since_ms, listed.c.until_ms)


def _held(starts: Select[Any], *, one_by_one: bool) -> CTE:
    """The starts and what they contained."""
    held = starts.cte("held", recursive=True)
    lasts = or_(_I.source_form == t.ITSELF, _I.until_ms < t.OPEN)
    holds = and_(_I.target == held.c.thing, _I.kind == t.CONTAINS, lasts, _overlaps(_I, held.c))
    linked, link = _linked(held, t.links, holds, one_by_one=one_by_one)
    window, itself = held.c, link.source_form == t.ITSELF
    return held.union(
        select(
            link.source,
            case((itself, _later(window.since_ms, link.from_ms)), else_=link.until_ms + 1),
            case(
                (itself, _earlier(window.until_ms, link.until_ms)),
                else_=literal(t.OPEN, BigInteger),
            ),
        ).select_from(linked)
    )


def _forward(starts: Select[Any], *, one_by_one: bool) -> CTE:
    held = _held(starts, one_by_one=one_by_one)
    seeds = select(
        held.c.thing,
        held.c.since_ms,
        literal(t.OPEN, BigInteger).label("until_ms"),
        literal(t.ITSELF, Integer).label("form"),
    )
    walk = seeds.cte("walk", recursive=True)
    goes = and_(_I.source == walk.c.thing, _goes_on(_I, walk.c))
    linked, link = _linked(walk, t.links, goes, one_by_one=one_by_one)
    window, anew = walk.c, link.kind == t.INTO
    return walk.union(
        select(
            link.target,
            case(
                (anew, literal(t.BEGINNING, BigInteger)),
                else_=_later(window.since_ms, link.from_ms),
            ),
            case(
                (anew, literal(t.OPEN, BigInteger)), else_=_earlier(window.until_ms, link.until_ms)
            ),
            link.target_form,
        ).select_from(linked)
    )


def _back(starts: Select[Any], *, one_by_one: bool) -> CTE:
    seeds = starts.add_columns(literal(t.ITSELF, Integer).label("form"))
    walk = seeds.cte("walk", recursive=True)
    came = and_(_I.target == walk.c.thing, _came_from(_I, walk.c))
    linked, link = _linked(walk, t.links, came, one_by_one=one_by_one)
    window, anew = walk.c, link.kind == t.OUT_OF
    of_lot = and_(link.kind == t.CONTAINS, link.source_form != t.ITSELF)
    return walk.union(
        select(
            link.source,
            case(
                (anew, literal(t.BEGINNING, BigInteger)),
                (of_lot, link.from_ms),
                else_=_later(window.since_ms, link.from_ms),
            ),
            case(
                (anew, literal(t.OPEN, BigInteger)),
                (of_lot, link.from_ms),
                else_=_earlier(window.until_ms, link.until_ms),
            ),
            link.source_form,
        ).select_from(linked)
    )


def _steps(starts: Select[Any], direction: Direction, *, one_by_one: bool) -> Select[Any]:
    """Every link that leads on from a row of a walk."""
    walk = _WALKS[direction](starts, one_by_one=one_by_one)
    window = walk.c
    forward = direction is Direction.FORWARD
    if forward:
        leads = and_(_L.c.source == window.thing, _goes_on(_L.c, window))
    else:
        # What came into being is told as well, whenever it did: it leads nowhere, but has a mass.
        lasts = or_(_L.c.until_ms >= window.since_ms, _L.c.kind == t.MADE)
        leads = and_(_L.c.target == window.thing, _L.c.from_ms <= window.until_ms, lasts)
    followed = and_(leads, window.form < t.PRODUCT)
    linked, link = _linked(walk, _L, followed, one_by_one=one_by_one)
    there = link.target if forward else link.source
    # Not joined: looked up row by row, however many rows a planner expects.
    named = select(_T.c.kind + " " + _T.c.key).where(_T.c.id == there).scalar_subquery()
    event_id = select(_E.c.event_id).where(_E.c.seq == link.seq).scalar_subquery()
    end_event_id = select(_E.c.event_id).where(_E.c.seq == link.end_seq).scalar_subquery()
    return select(
        link.id,
        link.kind,
        link.source,
        link.source_form,
        link.target,
        link.at_ms,
        link.from_ms,
        link.until_ms,
        link.quantity,
        link.uom,
        link.mass_mg,
        event_id.label("event_id"),
        end_event_id.label("end_event_id"),
        window.since_ms,
        named.label("named"),
    ).select_from(linked)


_WALKS = {Direction.FORWARD: _forward, Direction.BACK: _back}


def _packed(starts: Select[Any], direction: Direction) -> Select[Any]:
    """All rows as one JSON value, which arrives much faster than many values from PostgreSQL."""
    rows = _steps(starts, direction, one_by_one=True).subquery("steps")
    return select(func.json_agg(func.json_build_array(*rows.c)))


def _named(direction: Direction) -> Select[Any]:
    """A thing by its key, with the walk from it; both null where no event names it."""
    root = NAMED.where(t.things.c.key == literal_column("$1", Text)).cte("root")
    starts = select(
        root.c.id.label("thing"),
        literal_column("$2", BigInteger).label("since_ms"),
        literal_column("$3", BigInteger).label("until_ms"),
    )
    return select(
        select(root.c.id).scalar_subquery(),
        select(root.c.kind).scalar_subquery(),
        _packed(starts, direction).scalar_subquery(),
    )


_STATEMENTS = {way: _steps(_single(), way, one_by_one=False) for way in Direction}
_PREPARED = {way: f"agripark_walk_{way}" for way in Direction}
_PREPARE = {
    way: f"PREPARE {name} (text, bigint, bigint) AS {text_of(_named(way))}"
    for way, name in _PREPARED.items()
}
"""For PostgreSQL, from a thing by its key and in a window."""


@dataclass(frozen=True, slots=True)
class Walked:
    """Where a walk led."""

    steps: Sequence[Step]
    """Each link once, those without a source among them."""
    windows: dict[int, tuple[int, int]]
    """From when to when each thing was reached, at the widest; starts included."""
    things: dict[int, tuple[str, str]]
    """Key and kind of what it led to."""


def walk(connection: Connection, starts: Sequence[Start], direction: Direction) -> Walked:
    """All links from things on."""
    return _walked(_rows(connection, starts, direction), starts, direction)


def walk_from(
    connection: Connection,
    key: str,
    direction: Direction,
    since_ms: int = t.BEGINNING,
    until_ms: int = t.OPEN,
) -> tuple[Found, Walked]:
    """A thing by its key, and all links from it on. Raises NotFoundError `node-not-found`."""
    if connection.dialect.name != "postgresql":
        root = find(connection, key)
        start = Start(root.id, since_ms, until_ms)
        return root, walk(connection, [start], direction)
    thing, kind, rows = _found_by_postgresql(connection, key, direction, since_ms, until_ms)
    if thing is None:
        raise unknown(key)
    start = Start(thing, since_ms, until_ms)
    return Found(thing, ThingKind(kind)), _walked(rows or (), [start], direction)


def _found_by_postgresql(
    connection: Connection, key: str, direction: Direction, since_ms: int, until_ms: int
) -> tuple[int | None, str, Sequence[Sequence[Any]] | None]:
    """Id and kind of a thing and all rows of the walk from it.

    A connection plans the walk once: planning takes a fifth of the time of a walk.
    """
    name = _PREPARED[direction]
    if name not in connection.info:
        connection.exec_driver_sql(_PREPARE[direction])
        connection.info[name] = True
    call = f"EXECUTE {name} ({quoted(key)}, {since_ms:d}, {until_ms:d})"
    thing, kind, rows = connection.exec_driver_sql(call).one()
    return thing, kind, rows


def _walked(rows: Iterable[Sequence[Any]], starts: Sequence[Start], direction: Direction) -> Walked:
    steps: dict[int, Step] = {}
    windows: dict[int, tuple[int, int]] = {}
    things: dict[int, tuple[str, str]] = {}
    for start in starts:
        _widen(windows, start.thing, start.since_ms, start.until_ms)
    for row in rows:
        step = Step._make(row)
        known = steps.get(step.link)
        if known is None or step.since_ms < known.since_ms:
            steps[step.link] = step
        if step.source is None or step.named is None:
            continue
        if direction is Direction.FORWARD:
            _widen(windows, step.source, step.since_ms, t.OPEN)
            reached, since_ms = step.target, max(step.since_ms, step.from_ms)
        else:
            reached, since_ms = step.source, step.from_ms
        until_ms = step.until_ms if step.kind == t.CONTAINS else t.OPEN
        _widen(windows, reached, since_ms, until_ms)
        kind, _, key = step.named.partition(" ")
        things[reached] = (key, kind)
    return Walked(list(steps.values()), windows, things)


def _rows(
    connection: Connection, starts: Sequence[Start], direction: Direction
) -> Iterator[Sequence[Any]]:
    packed = connection.dialect.name == "postgresql"
    if len(starts) == 1 and not packed:
        (start,) = starts
        bound = dict(zip(_BOUND, (start.thing, start.since_ms, start.until_ms), strict=True))
        yield from connection.execute(_STATEMENTS[direction], bound)
        return
    for chunk in chunks(starts, _STARTS_AT_ONCE):
        many = _many(chunk)
        if packed:
            yield from connection.execute(_packed(many, direction)).scalar_one() or ()
        else:
            yield from connection.execute(_steps(many, direction, one_by_one=False))


def _widen(windows: dict[int, tuple[int, int]], thing: int, since_ms: int, until_ms: int) -> None:
    since, until = windows.get(thing, (since_ms, until_ms))
    windows[thing] = (min(since, since_ms), max(until, until_ms))
