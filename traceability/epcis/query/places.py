"""Conditions that need master data, made into such as the index answers.

An attribute that is asked of a field counts where the vocabulary that gives it is the field's own,
or one that the standard ties to no field, such as Location (GS1 EPCIS 2.0, section 6.5).

A place holds the sub-locations of its GLN, `414/{gln}/254/{extension}`, whatever the master data
says; where it says more, those lie in the place, too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from sqlalchemy import Connection

from traceability.epcis.query import tables as q
from traceability.epcis.query.conditions import (
    Atom,
    Column,
    Condition,
    EventQuery,
    Fact,
    HasAttribute,
    Term,
    Within,
)
from traceability.epcis.query.distinct import distinct_values
from traceability.epcis.query.fields import Field
from traceability.epcis.query.master_data import MOST_FOUND, MasterData
from traceability.epcis.query.values import after
from traceability.epcis.storable import storable
from traceability.errors import QueryTooComplexError

_VOCABULARIES: Mapping[str, str] = {
    Column.BIZ_STEP: "BusinessStep",
    Column.DISPOSITION: "Disposition",
    Column.READ_POINT: "ReadPoint",
    Column.BIZ_LOCATION: "BusinessLocation",
    Field.CLASS: "EPCClass",
    Field.TRANSACTION: "BusinessTransaction",
    Field.SOURCE: "SourceDest",
    Field.DESTINATION: "SourceDest",
}
"""Where fields of the standard take their values from."""
_TYPED = frozenset({Field.TRANSACTION, Field.SOURCE, Field.DESTINATION})
"""Fields that are indexed by the sense in which they are named, too: `source/owning_party`."""
_GLN = re.compile(r"https://id\.gs1\.org/414/\d{13}", re.ASCII)


def resolved(connection: Connection, query: EventQuery, master_data: MasterData) -> EventQuery:
    """The same question without Within and HasAttribute. Raises QueryTooComplexError."""
    conditions = [
        each
        if not any(isinstance(atom, Within | HasAttribute) for atom in each.any_of)
        else Condition(
            each.parameter, _few_enough(each, _resolved_atoms(connection, each, master_data))
        )
        for each in query.conditions
    ]
    return replace(query, conditions=tuple(conditions))


def _few_enough(condition: Condition, atoms: Iterator[Atom]) -> Sequence[Atom]:
    found = tuple(dict.fromkeys(islice(atoms, MOST_FOUND + 1)))
    if len(found) > MOST_FOUND:
        msg = f"{condition.parameter} stands for more than {MOST_FOUND} values"
        raise QueryTooComplexError(msg)
    return found


def _resolved_atoms(
    connection: Connection, condition: Condition, master_data: MasterData
) -> Iterator[Atom]:
    for atom in condition.any_of:
        match atom:
            case Within(column, place):
                for each in (place, *master_data.descendants(connection, place)):
                    yield Fact(column, storable(each))
                    yield from _sub_locations(connection, column, each)
            case HasAttribute(of, attribute, values):
                vocabulary = _VOCABULARIES.get(of if isinstance(of, Column) else of[0])
                names = _names(connection, of)
                for each in master_data.having(connection, vocabulary, attribute, values):
                    yield from _holding(names, storable(each))
            case _:
                yield atom


def _holding(of: Column | Sequence[str], value: str) -> Iterator[Atom]:
    if isinstance(of, Column):
        yield Fact(of, value)
    else:
        yield from (Term(name, value) for name in of)


def _names(connection: Connection, of: Column | Sequence[str]) -> Column | Sequence[str]:
    """The names under which the field's values are indexed in fact."""
    if isinstance(of, Column) or of[0] not in _TYPED:
        return of
    beginning = f"{of[0]}/"
    # The untyped ones have the beginning itself for their name.
    return [
        beginning,
        *distinct_values(connection, q.event_terms.c.name, low=beginning, high=after(beginning)),
    ]


def _sub_locations(connection: Connection, column: Column, place: str) -> Iterator[Atom]:
    if _GLN.fullmatch(place):
        beginning = f"{place}/254/"
        found = distinct_values(
            connection, q.event_facts.c[column], low=beginning, high=after(beginning)
        )
        for each in found:
            yield Fact(column, each)
