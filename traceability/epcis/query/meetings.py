"""What never meets in one event: fields, their values and the shapes of events.

Each of two conditions may fit a million events and both together none; an index of either would be
gone through in vain. So for each field it is written down in which shapes of events it stands, and
for texts also in which bucket of their field: a value that no event of a shape has shares its
bucket, as a rule, with none that one has. Of an identifier nearly every event has one of its own,
which few events fit anyway: there the field alone counts.

What is written here may hold more than there is, never less: it says where nothing need be looked
for. There are so few rows that most captures add none.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from zlib import crc32

from sqlalchemy import Connection, select, tuple_

from traceability.database.bulk import BulkInsert
from traceability.epcis.query import tables as q
from traceability.epcis.query.conditions import (
    Atom,
    Column,
    Condition,
    EventQuery,
    Fact,
    Number,
    NumberBetween,
    Shape,
    Term,
    TermBetween,
)
from traceability.epcis.query.fields import ANY_CLASS, ANY_EPC, Field, typed

BUCKETS = 1024
ANY_TEXT, ANY_NUMBER = -1, -2
"""Buckets that say that the field has a text, or a number, whichever it is."""

_PLACES = {Column.READ_POINT, Column.BIZ_LOCATION}
_IDENTIFIERS = frozenset({*ANY_EPC, *ANY_CLASS, Field.TRANSFORMATION, Field.CORRECTIVE})
_PAPERS = typed(Field.TRANSACTION, "")
_MOST = 100
"""Atoms that are looked up; more of them say little together."""
_T = q.shape_terms.c
_ADD = BulkInsert(q.shape_terms, or_known=True)

Meeting = tuple[str, int, int]
"""A row: field, bucket, shape."""


def meetings(
    shape: int,
    places: Mapping[str, str | None],
    terms: Iterable[tuple[str, str]],
    numbers: Iterable[tuple[str, float]],
) -> set[Meeting]:
    """What an event of a shape has, with its places by the columns that hold them."""
    found = {(name, bucket, shape) for name, value in terms for bucket in _buckets(name, value)}
    found.update((name, ANY_NUMBER, shape) for name, _ in numbers)
    found.update(
        (column, bucket, shape)
        for column, place in places.items()
        if place is not None
        for bucket in _buckets(column, place)
    )
    return found


def keep_meetings(connection: Connection, found: Collection[Meeting]) -> None:
    """Keep these, but for those that are known."""
    _ADD(connection, sorted(found))


def _buckets(name: str, value: str) -> Sequence[int]:
    if name in _IDENTIFIERS or name.startswith(_PAPERS):
        return (ANY_TEXT,)
    return ANY_TEXT, bucket_of(value)


def bucket_of(value: str) -> int:
    """The bucket of a text, the same for ever."""
    return crc32(value.encode()) % BUCKETS


def narrowed(connection: Connection, query: EventQuery) -> EventQuery:
    """The same question, asked of no shape of which no event fits every condition.

    `query` is `shaped`. Where nothing is left, one condition says so.
    """
    if len(query.conditions) < 2:  # noqa: PLR2004 - one condition alone meets itself
        return query
    asked = [(each, _asked(each)) for each in query.conditions]
    known = _known(connection, {key for _, keys in asked if keys for key in keys})
    told = [_shapes(each, keys, known) for each, keys in asked]
    limits = [each for each in told if each is not None]
    if len(limits) < 2:  # noqa: PLR2004 - nor does one that says nothing narrow it
        return query
    left = reduce(frozenset.intersection, limits)
    if not left:
        return replace(query, conditions=(Condition("shape", ()),))
    return replace(query, conditions=[_only(each, left) for each in query.conditions])


def shapes_with(connection: Connection, names: Iterable[str], bucket: int) -> frozenset[int]:
    """Shapes of which events have one of these fields, in that bucket."""
    keys = {(name, bucket) for name in names}
    return frozenset[int]().union(*_known(connection, keys).values())


def shapes_of(query: EventQuery) -> frozenset[int] | None:
    """The shapes that fit a question that is `shaped`; None where it asks for none."""
    limits = [shapes for each in query.conditions if (shapes := _told(each)) is not None]
    return reduce(frozenset.intersection, limits) if limits else None


_Keys = frozenset[tuple[str, int]]


def _asked(condition: Condition) -> _Keys | None:
    """What to look up for a condition; None where that says nothing."""
    if _told(condition) is not None or not 0 < len(condition.any_of) <= _MOST:
        return None
    keys = [_key(atom) for atom in condition.any_of]
    return None if None in keys else frozenset(key for key in keys if key is not None)


def _key(atom: Atom) -> tuple[str, int] | None:
    match atom:
        case Term(name, value):
            return name, _buckets(name, value)[-1]
        case TermBetween(name):
            return name, ANY_TEXT
        case Number(name) | NumberBetween(name):
            return name, ANY_NUMBER
        case Fact(column, value) if column in _PLACES:
            return column, _buckets(column, value)[-1]
        case _:
            return None


def _known(
    connection: Connection, keys: Collection[tuple[str, int]]
) -> Mapping[tuple[str, int], frozenset[int]]:
    if not keys:
        return {}
    found: dict[tuple[str, int], set[int]] = {}
    statement = select(_T.name, _T.bucket, _T.shape).where(
        tuple_(_T.name, _T.bucket).in_(sorted(keys))
    )
    for name, bucket, shape in connection.execute(statement):
        found.setdefault((name, bucket), set()).add(shape)
    return {key: frozenset(shapes) for key, shapes in found.items()}


def _shapes(
    condition: Condition, asked: _Keys | None, known: Mapping[tuple[str, int], frozenset[int]]
) -> frozenset[int] | None:
    """Shapes of events that may fit; None where that isn't known."""
    if asked is None:
        return _told(condition)
    return frozenset[int]().union(*(known.get(key, ()) for key in asked))


def _told(condition: Condition) -> frozenset[int] | None:
    """Shapes that the condition itself names."""
    if condition.shapes is not None:
        return frozenset(condition.shapes)
    shapes = [atom.id for atom in condition.any_of if isinstance(atom, Shape)]
    return frozenset(shapes) if len(shapes) == len(condition.any_of) else None


def _only(condition: Condition, left: frozenset[int]) -> Condition:
    if condition.shapes is not None:
        return replace(condition, shapes=[each for each in condition.shapes if each in left])
    if _told(condition) is None:
        return condition
    atoms = [atom for atom in condition.any_of if isinstance(atom, Shape) and atom.id in left]
    return replace(condition, any_of=atoms)
