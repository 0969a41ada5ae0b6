"""Top-level resources over one database: what there is in the events and in the standard."""

from sqlalchemy import Engine

from traceability.database.transactions import reading
from traceability.epcis.contexts import DEFAULT, Context
from traceability.epcis.event_types import canonical_type
from traceability.epcis.identifiers import canonical, instance
from traceability.epcis.query.families import word
from traceability.epcis.query.resources import Resource, is_known, list_resource
from traceability.epcis.vocabulary import Word
from traceability.paging import check_texts
from traceability.views import Page

_WORDS = {Resource.BIZ_STEPS: Word.BIZ_STEP, Resource.DISPOSITIONS: Word.DISPOSITION}


class EventResources:
    """What there is in the events of one SQL database, and the words of the standard.

    Safe to share among threads.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, resource: Resource, token: str | None, per_page: int) -> Page[str]:
        """One page of the different values, in canonical form. Raises QueryError."""
        with reading(self._engine) as connection:
            return list_resource(connection, resource, token, per_page)

    def has(self, resource: Resource, value: str, names: Context = DEFAULT) -> bool:
        """Whether the standard or any event has the value, in whatever form it is given.

        Raises QueryError `bad-text`.
        """
        check_texts(value)
        found = _canonical(resource, value, names)
        with reading(self._engine) as connection:
            return is_known(connection, resource, found)


def _canonical(resource: Resource, value: str, names: Context) -> str:
    if resource in _WORDS:
        return word(_WORDS[resource], value, names)
    if resource is Resource.EVENT_TYPES:
        return canonical_type(value, names.expand)
    expanded = names.expand(value)
    return instance(expanded) if resource is Resource.EPCS else canonical(expanded)
