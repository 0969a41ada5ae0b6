"""The facade of the lineage: takes what people write, answers from one state of the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from park.assets import (
    Asset,
    AssetType,
    FertigationMixer,
    IrrigationBlock,
    Orchard,
    Park,
    PumpHead,
    Reefer,
)
from park.errors import IdentifierError
from park.gs1 import parse_place
from traceability.database.transactions import reading
from traceability.errors import QueryError
from traceability.provenance.asking import place_key, thing_key
from traceability.provenance.dossier import Dossier, dossier_of, events_about
from traceability.provenance.mentions import spellings_of
from traceability.provenance.positions import Position
from traceability.provenance.recall.descriptions import (
    Descriptions,
    KnownDescriptions,
    attributes_of,
    named_in,
)
from traceability.provenance.recall.recall import Recall, recall
from traceability.provenance.recall.starts import DEFAULT_REACH, Cause, RecallStart, check_named
from traceability.provenance.tracing import Lineage, trace
from traceability.provenance.walk_statements import Direction
from traceability.provenance.whereabouts import whereabouts

_CAUSES = {
    AssetType.ORCHARD: Cause.ORCHARD,
    AssetType.GREENHOUSE: Cause.ORCHARD,
    AssetType.COLD_ROOM: Cause.ROOM,
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
    with_origins: bool = False
    """Whether to find out where affected lots were harvested, too."""


class ProvenanceService:
    """Lineage, whereabouts and recalls of one database. Safe to share among threads.

    Every method raises DatabaseUnavailableError where the database doesn't answer, and
    IdentifierError or QueryError for what can't be read.
    """

    def __init__(self, engine: Engine, park: Park) -> None:
        self._engine = engine
        self._park = park

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

    def dossier(self, identifier: str) -> Dossier:
        """All that events tell of a thing in any form. Raises NotFoundError `node-not-found`."""
        key = thing_key(identifier)
        with reading(self._engine) as connection:
            return dossier_of(connection, key)

    def events_about(self, identifier: str) -> Sequence[str]:
        """Ids of the latest events that name a thing, as they were captured.

        Raises NotFoundError `node-not-found`.
        """
        key = thing_key(identifier)
        with reading(self._engine) as connection:
            return events_about(connection, key)

    def recall(self, question: RecallQuestion) -> tuple[Recall, Descriptions]:
        """What a cause affected, and the words for it.

        Raises QueryError `bad-recall`, UnknownPlaceError, and NotFoundError `node-not-found` for
        what is neither the park's nor named by an event.
        """
        start = self._start(question)
        with reading(self._engine) as connection:
            found = recall(connection, start, with_origins=question.with_origins)
            if not found.affected and not self._is_ours(start.key):
                check_named(connection, start)
            words = KnownDescriptions(self._park, attributes_of(connection, named_in(found)))
        return found, words

    def _start(self, question: RecallQuestion) -> RecallStart:
        named = {cause: getattr(question, cause.value) for cause in Cause}
        given = [(cause, text) for cause, text in named.items() if text is not None]
        if len(given) != 1:
            msg = "say what to recall by one of orchard, input, room and line"
            raise QueryError("bad-recall", msg)
        ((cause, text),) = given
        if question.since and question.until and question.since > question.until:
            raise QueryError("bad-recall", "the span ends before it begins")
        asset = self._park.assets.get(text.strip())
        if isinstance(asset, Reefer | PumpHead | FertigationMixer | IrrigationBlock):
            return self._start_without_place(question, cause, asset)
        key = self._key(cause, text)
        self._check_kind(cause, key)
        return RecallStart(
            cause=cause,
            key=key,
            since=question.since,
            until=question.until,
            reach=question.reach,
            spellings=spellings_of(text, key) if cause is Cause.INPUT else (),
        )

    def _start_without_place(
        self, question: RecallQuestion, cause: Cause, asset: Asset
    ) -> RecallStart:
        """The start from an asset that has no place of its own: a container, a water source."""
        is_vehicle = isinstance(asset, Reefer)
        right = Cause.ROOM if is_vehicle else Cause.INPUT
        if cause not in {right, Cause.INPUT}:
            msg = f"{asset.id} is of type {asset.type}, no {cause}; ask for it as {right}"
            raise QueryError("bad-recall", msg)
        orchards = [each.place.uri for each in self._watered_by(asset) if each.place is not None]
        key = asset.id if asset.place is None else asset.place.uri
        return RecallStart(
            cause=cause,
            key=key,
            since=question.since,
            until=question.until,
            reach=question.reach,
            spellings=spellings_of(asset.id, key),
            places=orchards,
            is_vehicle=is_vehicle,
        )

    def _watered_by(self, asset: Asset) -> Sequence[Orchard]:
        """The orchards that a pump head, mixer or valve block reaches."""
        head = asset.parent if isinstance(asset, FertigationMixer) else asset.id
        blocks = [each for each in self._park.of_type(IrrigationBlock) if each.pump_head == head]
        found = (self._park.ancestor(each, Orchard) for each in (asset, *blocks))
        return list({each.id: each for each in found if each is not None}.values())

    def _check_kind(self, cause: Cause, key: str) -> None:
        """That an asset isn't asked for as something else, which would affect nothing."""
        asset = self._asset(key)
        right = None if asset is None else _CAUSES.get(asset.type)
        if asset is None or right is None or cause in {right, Cause.INPUT}:
            return
        msg = f"{asset.id} is of type {asset.type}, no {cause}; ask for it as {right}"
        raise QueryError("bad-recall", msg)

    def _is_ours(self, key: str) -> bool:
        """Whether the park has it, whether an event names it or not."""
        return key in self._park.assets or self._asset(key) is not None

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
