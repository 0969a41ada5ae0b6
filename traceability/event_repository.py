"""The facade for events in the form of the standard: captures documents, answers queries."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from park.assets import Park
from park.times import to_epoch_ms, utc_now
from traceability import log
from traceability.canonical import read_canonical
from traceability.database.transactions import reading, write
from traceability.epcis.jsonld.documents import EventDocument, read_document
from traceability.epcis.master_data import store as master_data
from traceability.epcis.master_data.statements import Statement
from traceability.epcis.query import search
from traceability.epcis.query.conditions import EventQuery
from traceability.epcis.query.master_data import KnownMasterData
from traceability.errors import (
    CaptureError,
    FieldProblem,
    InvalidDocumentError,
)
from traceability.paging import check_texts
from traceability.recording.entries import Entry, entry_of_body
from traceability.recording.lengths import check_lengths
from traceability.recording.recorder import Recorded, Recorder
from traceability.steps.places import Places
from traceability.views import Captured, Page, Refused

Json = dict[str, Any]


def _nothing() -> None:
    """Nobody wants to know of commits."""


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """What became of a document's events: those captured or known already, and those refused.

    Where a refused event takes the whole document with it, nothing was captured.
    """

    captured: Sequence[Captured]
    refused: Sequence[Refused]


class EventRepository:
    """Events of any partner in one SQL database. Safe to share among threads.

    Every method raises DatabaseUnavailableError where the database doesn't answer.
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
        self._engine = engine
        self.park = park
        self._places = Places(park)
        self._master_data = KnownMasterData(park)
        self._recorder = Recorder(park, mass_tolerance, clock_skew_s)
        self._clock = clock
        self._after_commit = after_commit

    def capture_document(self, body: Any, *, proceed: bool = False) -> CaptureResult:
        """Capture an EPCISDocument's events, all or none; with `proceed`, those that can be.

        Its master data is kept together with them. Raises InvalidDocumentError for a document that
        breaks the standard's schema; with `proceed` only where its events can't be made out or its
        header is wrong.
        """
        document = read_document(body)
        entries, problems = self._entries(document)
        if problems and not proceed:
            raise InvalidDocumentError(problems)
        refused = [Refused(each.path, "invalid-event", each.problem) for each in problems]
        try:
            recorded = self._record(entries, document.master_data, proceed=proceed)
        except CaptureError as error:
            return CaptureResult((), [Refused(error.path, error.code, error.detail)])
        return CaptureResult(recorded.captured, [*refused, *recorded.refused])

    def capture_event(self, body: Any) -> Captured:
        """Capture one event that stands on its own, with its `@context`.

        Raises InvalidDocumentError where it breaks the schema, CaptureError where it can't be
        true, DuplicateIdError among them.
        """
        document = read_document(body)
        entry = self._entry(document, document.bodies[0], "")
        return self._record([entry], (), proceed=False).captured[0]

    def event(self, event_id: str) -> Json:
        """An event as it came, standing on its own; where it was declared wrong, the declaration.

        Raises NotFoundError `event-not-found`.
        """
        check_texts(event_id)
        with reading(self._engine) as connection:
            return log.event(connection, event_id)

    def query(self, query: EventQuery, token: str | None = None, per_page: int = 30) -> Page[Json]:
        """One page of the events that fit, each standing on its own. Raises QueryError."""
        with reading(self._engine) as connection:
            page = search.find(connection, query, token, per_page, master_data=self._master_data)
        return Page([_body(document) for _, document in page.items], page.next_token)

    def _entry(self, document: EventDocument, body: Json, path: str) -> Entry:
        entry = entry_of_body(body, document.context, self._places, path)
        check_lengths(entry.event, path)
        return entry

    def _entries(self, document: EventDocument) -> tuple[list[Entry], list[FieldProblem]]:
        entries: list[Entry] = []
        problems: list[FieldProblem] = []
        for position, body in enumerate(document.bodies):
            path = document.path_of(position)
            try:
                entries.append(self._entry(document, body, path))
            except InvalidDocumentError as error:
                problems.extend(error.problems)
        return entries, problems

    def _record(
        self, entries: Sequence[Entry], said: Sequence[Statement], *, proceed: bool
    ) -> Recorded:
        def work(connection: Connection) -> Recorded:
            now = self._clock()
            recorded = self._recorder.record(connection, entries, now, proceed=proceed)
            if said:
                master_data.keep(connection, said, to_epoch_ms(now))
            return recorded

        recorded = write(self._engine, work)
        self._after_commit()
        return recorded


def _body(document: str) -> Json:
    body: Json = read_canonical(document)
    return body
