"""Conditions that need master data, made into such as the index answers.

A place holds the sub-locations of its GLN, `414/{gln}/254/{extension}`, whatever the master data
says; where it says more, those lie in the place, too.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

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
from traceability.epcis.query.epc_patterns import after
from traceability.epcis.query.master_data import MasterData
from traceability.epcis.query.values import storable

_GLN = re.compile(r"https://id\.gs1\.org/414/\d{13}", re.ASCII)


def resolved(connection: Connection, query: EventQuery, master_data: MasterData) -> EventQuery:
    """The same question without Within and HasAttribute."""
    conditions = [
        Condition(
            each.parameter,
            tuple(dict.fromkeys(_resolved_atoms(connection, each, master_data))),
        )
        for each in query.conditions
    ]
    return replace(query, conditions=tuple(conditions))


def _resolved_atoms(
    connection: Connection, condition: Condition, master_data: MasterData
) -> Iterator[Atom]:
    for atom in condition.any_of:
        match atom:
            case Within(column, place):
                for each in (place, *master_data.descendants(place)):
                    yield Fact(column, storable(each))
                    yield from _sub_locations(connection, column, each)
            case HasAttribute(of, attribute, values):
                for each in master_data.having(attribute, values):
                    yield from _holding(of, storable(each))
            case _:
                yield atom


def _holding(of: Column | Sequence[str], value: str) -> Iterator[Atom]:
    if isinstance(of, Column):
        yield Fact(of, value)
    else:
        yield from (Term(name, value) for name in of)


def _sub_locations(connection: Connection, column: Column, place: str) -> Iterator[Atom]:
    if _GLN.fullmatch(place):
        beginning = f"{place}/254/"
        found = distinct_values(
            connection, q.event_facts.c[column], low=beginning, high=after(beginning)
        )
        for each in found:
            yield Fact(column, each)
