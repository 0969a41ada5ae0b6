"""The facade of the lineage: takes what people write, answers from one state of the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from park.assets import Park
from traceability.errors import QueryError
from traceability.provenance.asking import place_key, thing_key
from traceability.provenance.recall import Recall, recall
from traceability.provenance.recall_formats import ParkDescriptions
from traceability.provenance.recall_starts import DEFAULT_REACH, Cause, RecallStart
from traceability.provenance.tracing import Lineage, trace
from traceability.provenance.walking import Direction
from traceability.provenance.whereabouts import Position, whereabouts
from traceability.transactions import reading


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
        """What a cause affected. Raises QueryError `bad-recall`, UnknownPlaceError."""
        start = self._start(question)
        with reading(self._engine) as connection:
            return recall(connection, start)

    def _start(self, question: RecallQuestion) -> RecallStart:
        named = {cause: getattr(question, cause.value) for cause in Cause}
        given = [(cause, text) for cause, text in named.items() if text is not None]
        if len(given) != 1:
            msg = "say what to recall by one of orchard, input, room and line"
            raise QueryError("bad-recall", msg)
        ((cause, text),) = given
        if question.since and question.until and question.since > question.until:
            raise QueryError("bad-recall", "the span ends before it begins")
        return RecallStart(
            cause=cause,
            key=self._key(cause, text),
            since=question.since,
            until=question.until,
            reach=question.reach,
        )

    def _key(self, cause: Cause, text: str) -> str:
        if cause is not Cause.INPUT or text in self._park.assets:
            return place_key(text, self._park)
        return thing_key(text)
