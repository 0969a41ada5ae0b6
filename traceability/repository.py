"""The facade of traceability: captures scans, answers questions. Safe to share among threads."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from park.assets import Park
from park.gs1 import BatchId
from park.scans import Scan
from park.times import utc_now
from traceability import log, migrations
from traceability.balance.service import MassBalance
from traceability.batches import history, search, shipping, tracing
from traceability.database.transactions import reading, write
from traceability.errors import DatabaseUnavailableError
from traceability.figures.projection import Step
from traceability.figures.reading import StoredLot, steps_after, stored_in
from traceability.paging import DEFAULT_LIMIT, LARGEST_LIMIT, check_texts
from traceability.recording.capture import Capture
from traceability.recording.recorder import Recorder
from traceability.recording.upgrading import (
    INDEXED_OTHERWISE,
    SUMS_UNKNOWN,
    derive_missing,
    index_anew,
    sum_up,
)
from traceability.steps.places import Places
from traceability.views import (
    BatchHistory,
    BatchQuery,
    BatchSummary,
    Captured,
    EventFinding,
    Health,
    Page,
    Pallet,
    Shipment,
    Totals,
    Trace,
)

__all__ = ["DEFAULT_LIMIT", "LARGEST_LIMIT", "BatchQuery", "Traceability"]


def _nothing() -> None:
    """Nobody wants to know of commits."""


class Traceability:
    """Events, batches and their lineage in one SQL database.

    Every method raises DatabaseUnavailableError where the database doesn't answer. Questions
    never wait for a capture, and each sees one state of the books. Paged lists take `after`, the
    `next_token` of the page before. QueryError is raised for a token, limit or text that can't be
    read: `bad-page-token`, `bad-limit`, `bad-text`.
    """

    def __init__(
        self,
        engine: Engine,
        park: Park,
        *,
        mass_tolerance: float,
        clock_skew_s: float,
        clock: Callable[[], datetime] = utc_now,
        after_commit: Callable[[], None] = _nothing,
    ) -> None:
        """`after_commit` is called when the log may have grown."""
        self._engine = engine
        self._park = park
        self._capture = Capture(park, Recorder(park, mass_tolerance, clock_skew_s))
        self._clock = clock
        self.balance = MassBalance(engine, park, clock=clock)
        self._after_commit = after_commit

    def migrate(self) -> None:
        """Make the tables, or bring them up to this version; safe to repeat."""

        def work(connection: Connection) -> None:
            before = migrations.current(connection)
            migrations.upgrade(connection)
            derive_missing(connection, self._park)
            if before in INDEXED_OTHERWISE:
                index_anew(connection)
            if before in SUMS_UNKNOWN:
                sum_up(connection)

        write(self._engine, work)

    def capture(self, scan: Scan) -> Captured:
        """Turn a scan into its one event; the same scan again changes nothing.

        Raises CaptureError where it can't be true; then nothing of it is stored.
        """
        captured = write(
            self._engine,
            lambda connection: self._capture.capture(connection, scan, self._clock()),
        )
        self._after_commit()
        return captured

    def search_batches(
        self, query: BatchQuery, after: str | None = None, limit: int = DEFAULT_LIMIT
    ) -> Page[BatchSummary]:
        """The batches that fit, the most recently made first."""
        check_texts(query.number, query.orchard, query.destination, query.variety, query.grade)
        with reading(self._engine) as connection:
            return search.search_batches(connection, self._park, query, after, limit)

    def batch(self, batch: BatchId) -> BatchHistory:
        """Everything known about a batch. Raises NotFoundError `batch-not-found`."""
        with reading(self._engine) as connection:
            return history.batch_history(connection, self._park, batch)

    def knows(self, node_id: str) -> bool:
        """Whether the park's own books have a batch, pallet or shipment, in any form."""
        check_texts(node_id)
        with reading(self._engine) as connection:
            return tracing.knows(connection, node_id)

    def trace_back(self, node_id: str) -> Trace:
        """Where a batch, pallet or shipment came from.

        `node_id` is a node's id or any form of a batch or SSCC. Raises QueryError `bad-node` or
        `wrong-check-digit` where it is none, NotFoundError `node-not-found`.
        """
        check_texts(node_id)
        with reading(self._engine) as connection:
            return tracing.trace_back(connection, node_id)

    def trace_forward(self, node_id: str) -> Trace:
        """Where a batch, pallet or shipment went; raises as `trace_back`."""
        check_texts(node_id)
        with reading(self._engine) as connection:
            return tracing.trace_forward(connection, node_id)

    def pallet(self, sscc: str) -> Pallet:
        """A pallet by its 18 digits. Raises NotFoundError `pallet-not-found`."""
        check_texts(sscc)
        with reading(self._engine) as connection:
            return shipping.pallet(connection, sscc)

    def shipments(
        self, destination: str | None = None, after: str | None = None, limit: int = DEFAULT_LIMIT
    ) -> Page[Shipment]:
        """Shipments, the latest first; `destination` is an asset id or ISO country code."""
        check_texts(destination)
        with reading(self._engine) as connection:
            return shipping.shipments(connection, self._park, destination, after, limit)

    def shipment(self, number: str) -> Shipment:
        """A shipment. Raises NotFoundError `shipment-not-found`."""
        check_texts(number)
        with reading(self._engine) as connection:
            return shipping.shipment(connection, number)

    def event(self, event_id: str) -> dict[str, Any]:
        """An event as an EPCIS 2.0 JSON-LD document of its own.

        Raises NotFoundError `event-not-found`.
        """
        check_texts(event_id)
        with reading(self._engine) as connection:
            return log.event(connection, event_id)

    def events(self, after: str | None = None, limit: int = DEFAULT_LIMIT) -> Page[dict[str, Any]]:
        """Events as EPCIS 2.0 JSON without `@context`, in the order of their capture."""
        with reading(self._engine) as connection:
            return log.events(connection, after, limit)

    def findings(
        self, code: str | None = None, after: str | None = None, limit: int = DEFAULT_LIMIT
    ) -> Page[EventFinding]:
        """What is odd about events that were stored, in the order of their capture."""
        check_texts(code)
        with reading(self._engine) as connection:
            return log.findings(connection, code, after, limit)

    def stored_in(self, rooms: Collection[str]) -> Sequence[StoredLot]:
        """What lies in these rooms now, by room."""
        check_texts(*rooms)
        with reading(self._engine) as connection:
            return stored_in(connection, rooms)

    def steps_after(self, seq: int, most: int) -> Sequence[Step]:
        """The events behind event number `seq`, as steps of the park."""
        with reading(self._engine) as connection:
            return steps_after(connection, Places(self._park), seq, most)

    def totals(self) -> Totals:
        """How much is in the repository."""
        with reading(self._engine) as connection:
            return log.totals(connection)

    def health(self) -> Health:
        """Whether the database answers and has this version's tables; never raises."""
        name = self._engine.dialect.name
        try:
            with reading(self._engine) as connection:
                version = ".".join(map(str, self._engine.dialect.server_version_info or ()))
                revision = migrations.current(connection)
        except DatabaseUnavailableError as error:
            return Health(ok=False, version=name, detail=str(error))
        wanted = migrations.head()
        detail = "" if revision == wanted else f"tables are at {revision}, not at {wanted}: migrate"
        return Health(ok=not detail, version=f"{name} {version}".strip(), detail=detail)

    def close(self) -> None:
        """Let go of the database's connections."""
        self._engine.dispose()
