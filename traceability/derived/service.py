"""The facade: compares and rebuilds what follows from the events of one database."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from park.assets import Park
from traceability import migrations
from traceability.database.transactions import reading, write
from traceability.derived.comparing import Comparison, TableReport
from traceability.derived.restoring import restore
from traceability.derived.shadow import Doubts, Progress, Shadow, open_shadow
from traceability.derived.tables import DERIVED, EVENTS
from traceability.errors import LedgerBrokenError, LedgerError
from traceability.ledger import log
from traceability.ledger.report import Report

_MENDABLE = {"changed-column", "no-leaf", "no-node", "stray-node"}
"""What can be wrong with a database whose documents are those that were signed."""


@dataclass(frozen=True, slots=True)
class DerivedReport:
    """Whether the derived tables are what the events give."""

    size: int
    """Events that they were derived from."""
    tables: Sequence[TableReport]
    doubts: Doubts
    """Events from which not all follows any more, which may explain the rest."""

    @property
    def ok(self) -> bool:
        """Whether no row differs."""
        return all(table.ok for table in self.tables)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was put in the place of the derived tables."""

    size: int
    rows: int
    doubts: Doubts


def is_mendable(report: Report) -> bool:
    """Whether a database's documents are proven, so that all else can be derived from them."""
    others = {problem.code for problem in report.problems} - _MENDABLE
    return report.ok or not (others or report.more or report.covered < report.size)


class DerivedTables:
    """What follows from the events of one database.

    Methods raise DatabaseUnavailableError where it doesn't answer, MigrationError where it is of
    another version. They take as much room for
    temporary files as the database has, and about a second for a thousand events.
    """

    def __init__(
        self, engine: Engine, park: Park, *, mass_tolerance: float, clock_skew_s: float
    ) -> None:
        self._engine = engine
        self._rules = (park, mass_tolerance, clock_skew_s)

    def compare(self, progress: Progress) -> DerivedReport:
        """Derive everything anew, and compare; what is captured meanwhile isn't looked at."""
        with open_shadow(*self._rules) as shadow, reading(self._engine) as connection:
            migrations.require_head(connection)
            size = log.size(connection)
            shadow.follow(connection, size, progress)
            shadow.doubt_unbooked(connection)
            with reading(shadow.engine) as wanted:
                comparison = Comparison(connection, wanted)
                tables = [comparison.report(each) for each in (EVENTS, *DERIVED)]
            return DerivedReport(size, tables, shadow.doubts)

    def rebuild(self, ledger: Report, progress: Progress, *, anyway: bool = False) -> Rebuilt:
        """Derive everything anew, and put it in the place of what is there, all or nothing.

        `ledger` is what its verification found. Raises LedgerBrokenError where the documents
        aren't proven: what follows from forged events would be forged, too. Raises LedgerError
        where not all follows from the events that followed once, except `anyway`.
        """
        if not is_mendable(ledger):
            msg = "nothing was rebuilt: the events aren't those that were signed; put them back"
            raise LedgerBrokenError(msg)
        with open_shadow(*self._rules) as shadow:
            with reading(self._engine) as connection:
                migrations.require_head(connection)
                shadow.follow(connection, log.size(connection), progress)

            def work(connection: Connection) -> Rebuilt:
                size = log.lock(connection)
                shadow.follow(connection, size, progress)
                shadow.doubt_unbooked(connection)
                if not anyway:
                    _require_undoubted(shadow)
                with reading(shadow.engine) as wanted:
                    if not ledger.ok:
                        _require_root(wanted, ledger)
                    rows = restore(connection, wanted, with_ledger=not ledger.ok)
                return Rebuilt(size, rows, shadow.doubts)

            return write(self._engine, work)


def _require_undoubted(shadow: Shadow) -> None:
    if shadow.doubts.count:
        first, count = shadow.doubts.some[0], shadow.doubts.count
        msg = (
            f"nothing was rebuilt: event {first.seq} ({first.event_id}): {first.detail}; in all "
            f"{count:,} such events. Are --scale, the park's definition and the tolerance those "
            "of the server? --anyway rebuilds without them"
        )
        raise LedgerError(msg)


def _require_root(connection: Connection, ledger: Report) -> None:
    if log.root(connection, ledger.size) != ledger.root:
        msg = "nothing was rebuilt: this version would write the events otherwise"
        raise LedgerError(msg)
