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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    column,
    func,
    literal,
    not_,
    or_,
    select,
    values,
)

from traceability import tables as events
from traceability.provenance import tables as t
from traceability.provenance.store import chunks

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
    seq: int
    event_id: str | None
    end_event_id: str | None
    since_ms: int
    """Since when the thing that the walk came from was followed."""
    key: str | None
    """Of the thing that it led to."""
    thing_kind: str | None


_L = t.links.alias("l")
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


def _single() -> Any:
    """One start, bound to `thing`, `since` and `until`."""
    return select(
        bindparam("thing", type_=BigInteger).label("thing"),
        bindparam("since", type_=BigInteger).label("since_ms"),
        bindparam("until", type_=BigInteger).label("until_ms"),
    )


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


def _held(starts: Select[Any]) -> CTE:
    """The starts and what they contained."""
    held = starts.cte("held", recursive=True)
    link, window = t.links.c, held.c
    itself = link.source_form == t.ITSELF
    return held.union(
        select(
            link.source,
            case((itself, _later(window.since_ms, link.from_ms)), else_=link.until_ms + 1),
            case(
                (itself, _earlier(window.until_ms, link.until_ms)),
                else_=literal(t.OPEN, BigInteger),
            ),
        )
        .select_from(held)
        .join(t.links, and_(link.target == window.thing, link.kind == t.CONTAINS))
        .where(_overlaps(link, window), itself | (link.until_ms < t.OPEN))
    )


def _forward(starts: Select[Any]) -> CTE:
    held = _held(starts)
    seeds = select(
        held.c.thing,
        held.c.since_ms,
        literal(t.OPEN, BigInteger).label("until_ms"),
        literal(t.ITSELF, Integer).label("form"),
    )
    walk = seeds.cte("walk", recursive=True)
    link, window = t.links.c, walk.c
    anew = link.kind == t.INTO
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
        )
        .select_from(walk)
        .join(t.links, link.source == window.thing)
        .where(_goes_on(link, window))
    )


def _back(starts: Select[Any]) -> CTE:
    seeds = starts.add_columns(literal(t.ITSELF, Integer).label("form"))
    walk = seeds.cte("walk", recursive=True)
    link, window = t.links.c, walk.c
    anew = link.kind == t.OUT_OF
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
        )
        .select_from(walk)
        .join(t.links, link.target == window.thing)
        .where(_came_from(link, window))
    )


def _steps(walk: CTE, direction: Direction) -> Select[Any]:
    """Every link that leads on from a row of the walk."""
    link, window = _L.c, walk.c
    forward = direction is Direction.FORWARD
    here, there = (link.source, link.target) if forward else (link.target, link.source)
    # Back, what came into being is told as well, whenever it did: it leads nowhere, but has a mass.
    lasts = or_(link.until_ms >= window.since_ms, link.kind == t.MADE)
    leads = _goes_on(link, window) if forward else and_(link.from_ms <= window.until_ms, lasts)
    # Not joined: looked up row by row, however many rows a planner expects.
    key = select(_T.c.key).where(_T.c.id == there).scalar_subquery()
    kind = select(_T.c.kind).where(_T.c.id == there).scalar_subquery()
    event_id = select(_E.c.event_id).where(_E.c.seq == link.seq).scalar_subquery()
    end_event_id = select(_E.c.event_id).where(_E.c.seq == link.end_seq).scalar_subquery()
    return (
        select(
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
            link.seq,
            event_id.label("event_id"),
            end_event_id.label("end_event_id"),
            window.since_ms,
            key.label("key"),
            kind.label("thing_kind"),
        )
        .join_from(walk, _L, here == window.thing)
        .where(leads, window.form < t.PRODUCT)
    )


_WALKS = {Direction.FORWARD: _forward, Direction.BACK: _back}
_YES = literal(True)  # noqa: FBT003 - a value of SQL
_FOR_SMALL_ANSWERS = select(
    func.set_config("enable_seqscan", "off", _YES), func.set_config("jit", "off", _YES)
)
"""PostgreSQL expects a walk to find much, and would scan whole tables and compile the statement,
which costs ten times what the walk does."""


def _packed(steps: Select[Any]) -> Select[Any]:
    """All rows as one JSON value, which arrives much faster than many values from PostgreSQL."""
    rows = steps.subquery("steps")
    return select(func.json_agg(func.json_build_array(*rows.c)))


_STATEMENTS = {direction: _steps(walk(_single()), direction) for direction, walk in _WALKS.items()}
_PACKED = {direction: _packed(steps) for direction, steps in _STATEMENTS.items()}


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
    steps: dict[int, Step] = {}
    windows: dict[int, tuple[int, int]] = {}
    things: dict[int, tuple[str, str]] = {}
    for start in starts:
        _widen(windows, start.thing, start.since_ms, start.until_ms)
    for row in _rows(connection, starts, direction):
        step = Step._make(row)
        known = steps.get(step.link)
        if known is None or step.since_ms < known.since_ms:
            steps[step.link] = step
        if step.source is None or step.key is None or step.thing_kind is None:
            continue
        if direction is Direction.FORWARD:
            _widen(windows, step.source, step.since_ms, t.OPEN)
            reached, since_ms = step.target, max(step.since_ms, step.from_ms)
        else:
            reached, since_ms = step.source, step.from_ms
        until_ms = step.until_ms if step.kind == t.CONTAINS else t.OPEN
        _widen(windows, reached, since_ms, until_ms)
        things[reached] = (step.key, step.thing_kind)
    return Walked(list(steps.values()), windows, things)


def _rows(
    connection: Connection, starts: Sequence[Start], direction: Direction
) -> Iterator[Sequence[Any]]:
    packed = connection.dialect.name == "postgresql"
    if packed:
        connection.execute(_FOR_SMALL_ANSWERS)
    for statement, bound in _asked(starts, direction, packed=packed):
        found = connection.execute(statement, bound)
        if packed:
            yield from found.scalar_one() or ()
        else:
            yield from found


def _asked(
    starts: Sequence[Start], direction: Direction, *, packed: bool
) -> Iterator[tuple[Select[Any], dict[str, int]]]:
    """Statements, with their parameters, that walk from all of the starts."""
    if len(starts) == 1:
        (start,) = starts
        bound = {"thing": start.thing, "since": start.since_ms, "until": start.until_ms}
        yield (_PACKED if packed else _STATEMENTS)[direction], bound
        return
    for chunk in chunks(starts, _STARTS_AT_ONCE):
        steps = _steps(_WALKS[direction](_many(chunk)), direction)
        yield _packed(steps) if packed else steps, {}


def _widen(windows: dict[int, tuple[int, int]], thing: int, since_ms: int, until_ms: int) -> None:
    since, until = windows.get(thing, (since_ms, until_ms))
    windows[thing] = (min(since, since_ms), max(until, until_ms))
