"""The recursive statements by which `walking` walks; its rules say what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
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
from traceability.database.postgresql_texts import text_of
from traceability.provenance import tables as t
from traceability.provenance.store import NAMED


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


BOUND = ("thing", "since", "until")
"""Parameters of `FROM_ONE`."""
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
    thing, since, until = (bindparam(name, type_=BigInteger) for name in BOUND)
    return select(thing.label("thing"), since.label("since_ms"), until.label("until_ms"))


def starting_from(starts: Sequence[Start]) -> Select[Any]:
    """Many starts, their values in the statement."""
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


def steps_from(starts: Select[Any], direction: Direction, *, one_by_one: bool) -> Select[Any]:
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


def packed(starts: Select[Any], direction: Direction) -> Select[Any]:
    """All rows as one JSON value, which arrives much faster than many values from PostgreSQL."""
    rows = steps_from(starts, direction, one_by_one=True).subquery("steps")
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
        packed(starts, direction).scalar_subquery(),
    )


FROM_ONE = {way: steps_from(_single(), way, one_by_one=False) for way in Direction}
"""From one thing, made once."""
PREPARED = {way: f"agripark_walk_{way}" for way in Direction}
PREPARE = {
    way: f"PREPARE {name} (text, bigint, bigint) AS {text_of(_named(way))}"
    for way, name in PREPARED.items()
}
"""For PostgreSQL, from a thing by its key and in a window."""
