"""Top-level resources of the REST binding: what there is in the events, each once.

Words that the standard has are always there, whether an event says them or not: so GS1's OpenAPI
file states it of types of events, business steps and dispositions.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, select

from traceability.epcis.event_types import STANDARD_TYPES
from traceability.epcis.query import tables as q
from traceability.epcis.query.distinct import distinct_values
from traceability.epcis.query.fields import ANY_CLASS, ANY_EPC
from traceability.epcis.storable import storable
from traceability.epcis.vocabulary import Word, known_words
from traceability.paging import read_token, write_token
from traceability.views import Page

_F = q.event_facts.c
_S = q.event_shapes.c
_T = q.event_terms.c


class Resource(StrEnum):
    """Collections by their names in addresses."""

    EVENT_TYPES = "eventTypes"
    EPCS = "epcs"
    BIZ_STEPS = "bizSteps"
    BIZ_LOCATIONS = "bizLocations"
    READ_POINTS = "readPoints"
    DISPOSITIONS = "dispositions"


_Indexed = tuple[Column[Any], Sequence[ColumnElement[bool]]]
"""A column, and what else holds for the rows that count."""

_INDEXED: dict[Resource, Sequence[_Indexed]] = {
    Resource.EVENT_TYPES: [(_S.type, ())],
    Resource.EPCS: [(_T.value, (_T.name == name,)) for name in ANY_EPC],
    Resource.BIZ_STEPS: [(_S.biz_step, ())],
    Resource.BIZ_LOCATIONS: [(_F.biz_location, ())],
    Resource.READ_POINTS: [(_F.read_point, ())],
    Resource.DISPOSITIONS: [(_S.disposition, ())],
}
_CLASSES: Sequence[_Indexed] = [(_T.value, (_T.name == name,)) for name in ANY_CLASS]
"""Lots and products aren't listed as EPCs, but have their events, too."""
_STANDARD: Mapping[Resource, frozenset[str]] = {
    Resource.EVENT_TYPES: frozenset(STANDARD_TYPES),
    Resource.BIZ_STEPS: known_words(Word.BIZ_STEP),
    Resource.DISPOSITIONS: known_words(Word.DISPOSITION),
}
"""What is there without events."""


def list_resource(
    connection: Connection, resource: Resource, page_token: str | None, per_page: int
) -> Page[str]:
    """One page of the different values, in canonical form, in the order of their bytes.

    Raises QueryError for a token that is none.
    """
    low = "" if page_token is None else str(read_token(page_token, (str,))[0])
    said = {
        value
        for column, conditions in _INDEXED[resource]
        for value in distinct_values(connection, column, conditions, low=low, limit=per_page + 1)
    }
    standard = {word for word in _STANDARD.get(resource, ()) if word > low}
    found = sorted(said | standard)[: per_page + 1]
    kept = found[:per_page]
    return Page(kept, write_token([kept[-1]]) if len(found) > per_page else None)


def is_known(connection: Connection, resource: Resource, value: str) -> bool:
    """Whether the standard or any event has the value, given in canonical form."""
    if value in _STANDARD.get(resource, ()):
        return True
    places = [*_INDEXED[resource], *(_CLASSES if resource is Resource.EPCS else ())]
    return any(
        connection.execute(
            select(column).where(*conditions, column == storable(value)).limit(1)
        ).first()
        is not None
        for column, conditions in places
    )
