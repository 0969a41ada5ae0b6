"""The facade of the lineage: takes what people write, answers from one state of the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from park.assets import Asset, AssetType, Park
from park.errors import IdentifierError
from park.gs1 import parse_place
from traceability.errors import QueryError
from traceability.provenance.asking import place_key, thing_key
from traceability.provenance.positions import Position
from traceability.provenance.recall import Recall, recall
from traceability.provenance.recall_formats import ParkDescriptions
from traceability.provenance.recall_starts import (
    DEFAULT_REACH,
    Cause,
    RecallStart,
    check_named,
)
from traceability.provenance.tracing import Lineage, trace
from traceability.provenance.walking import Direction
from traceability.provenance.whereabouts import whereabouts
from traceability.transactions import reading

_CAUSES = {
    AssetType.ORCHARD: Cause.ORCHARD,
    AssetType.GREENHOUSE: Cause.ORCHARD,
    AssetType.COLD_ROOM: Cause.ROOM,
    AssetType.REEFER: Cause.ROOM,
    AssetType.SORTING_LINE: Cause.LINE,
}
"""What of the park can be which cause only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallQuestion:
    """The cause of a recall as people name it; just one of the four is given."""

    orchard: str | None = None
    input: str | None = None
    room: str | None = None
    line: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    reach: timedelta = DEFAULT_REACH


class ProvenanceService:
    """Lineage, whereabouts and recalls of one database. Safe to share among threads.

    Every method raises DatabaseUnavailableError where the database doesn't answer, and
    IdentifierError or QueryError for what can't be read.
    """

    def __init__(self, engine: Engine, park: Park) -> None:
        self._engine = engine
        self._park = park
        self.descriptions = ParkDescriptions(park)

    def trace(self, identifier: str, direction: Direction, at: datetime | None = None) -> Lineage:
        """The lineage of a thing in any form. Raises NotFoundError `node-not-found`."""
        key = thing_key(identifier)
        with reading(self._engine) as connection:
            return trace(connection, key, direction, at)

    def whereabouts(self, identifier: str) -> tuple[str, Sequence[Position]]:
        """The key of a thing in any form and where it is. Raises NotFoundError."""
        key = thing_key(identifier)
        with reading(self._engine) as connection:
            return key, whereabouts(connection, key)

    def recall(self, question: RecallQuestion) -> Recall:
        """What a cause affected.

        Raises QueryError `bad-recall`, UnknownPlaceError, and NotFoundError `node-not-found` for
        what is neither the park's nor named by an event.
        """
        start = self._start(question)
        with reading(self._engine) as connection:
            found = recall(connection, start)
            if not found.affected and self._asset(start.key) is None:
                check_named(connection, start)
        return found

    def _start(self, question: RecallQuestion) -> RecallStart:
        named = {cause: getattr(question, cause.value) for cause in Cause}
        given = [(cause, text) for cause, text in named.items() if text is not None]
        if len(given) != 1:
            msg = "say what to recall by one of orchard, input, room and line"
            raise QueryError("bad-recall", msg)
        ((cause, text),) = given
        key = self._key(cause, text)
        self._check_kind(cause, key)
        if question.since and question.until and question.since > question.until:
            raise QueryError("bad-recall", "the span ends before it begins")
        return RecallStart(
            cause=cause,
            key=key,
            since=question.since,
            until=question.until,
            reach=question.reach,
        )

    def _check_kind(self, cause: Cause, key: str) -> None:
        """That an asset isn't asked for as something else, which would affect nothing."""
        asset = self._asset(key)
        right = None if asset is None else _CAUSES.get(asset.type)
        if asset is None or right is None or cause in {right, Cause.INPUT}:
            return
        msg = f"{asset.id} is of type {asset.type}, no {cause}; ask for it as {right}"
        raise QueryError("bad-recall", msg)

    def _asset(self, key: str) -> Asset | None:
        """The park's asset at a place; None for anything else."""
        try:
            return self._park.by_place.get(parse_place(key))
        except IdentifierError:
            return None

    def _key(self, cause: Cause, text: str) -> str:
        if cause is not Cause.INPUT or text in self._park.assets:
            return place_key(text, self._park)
        return thing_key(text)
