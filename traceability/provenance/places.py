"""Places and the places in them: a GLN includes the extensions under it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Text,
    bindparam,
    or_,
    select,
)

from traceability.provenance import tables as t
from traceability.provenance.positions import EXTENSION

_AFTER_EXTENSIONS = "/2540"  # the text that follows all that begin with the extension's

# Typed, lest they take over the columns' collation, which PostgreSQL doesn't understand there.
_PLACE, _INNER, _BEYOND = (bindparam(name, type_=Text) for name in ("place", "inner", "beyond"))
SINCE: BindParameter[int] = bindparam("since")
UNTIL: BindParameter[int] = bindparam("until")


def within(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a column names a place, or one in it, whose `bounds` are bound."""
    return or_(column == _PLACE, column.between(_INNER, _BEYOND))


def stops_at(
    *columns: ColumnElement[Any], holds: Sequence[ColumnElement[bool]] = ()
) -> list[Select[tuple[int]]]:
    """Numbers of the stops of which a column names a place, or one in it, where more holds.

    A look-up each, to be united: SQLite goes through all stops where they are joined by `or`.
    """
    return [
        select(t.stops.c.seq).where(named, *holds)
        for column in columns
        for named in (column == _PLACE, column.between(_INNER, _BEYOND))
    ]


def bounds(place: str) -> dict[str, str]:
    """The bounds of a place and the places in it."""
    if EXTENSION in place:
        return {"place": place, "inner": place, "beyond": place}
    return {"place": place, "inner": place + EXTENSION, "beyond": place + _AFTER_EXTENSIONS}


def is_in(place: str | None, outer: str) -> bool:
    """Whether a place is another or in it."""
    if place is None:
        return False
    return place == outer or (EXTENSION not in outer and place.startswith(outer + EXTENSION))
