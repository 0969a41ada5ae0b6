"""The register of corrections: one SQLite file to which entries are only ever added."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import orjson

from ingest.calibration.correction import Correction, Curve, Draft, Withdrawal, check
from ingest.errors import CalibrationError, CalibrationUnavailableError, NoCorrectionError
from ingest.readonly import read_only
from park.assets import Park

_LOCK_WAIT_S = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS corrections (
    number INTEGER PRIMARY KEY AUTOINCREMENT, asset TEXT NOT NULL, field TEXT NOT NULL,
    gain REAL NOT NULL, offset REAL NOT NULL, points TEXT NOT NULL,
    valid_from_ms INTEGER NOT NULL, valid_until_ms INTEGER, certificate TEXT NOT NULL,
    person TEXT NOT NULL, recorded_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS withdrawals (
    number INTEGER PRIMARY KEY REFERENCES corrections, recorded_ms INTEGER NOT NULL,
    person TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS corrections_of_probe ON corrections (asset, field);
CREATE TRIGGER IF NOT EXISTS corrections_stay BEFORE UPDATE ON corrections
    BEGIN SELECT raise(ABORT, 'a correction is never changed'); END;
CREATE TRIGGER IF NOT EXISTS corrections_last BEFORE DELETE ON corrections
    BEGIN SELECT raise(ABORT, 'a correction is never deleted'); END;
"""
_SELECT = """
SELECT number, asset, field, gain, offset, points, valid_from_ms, valid_until_ms, certificate,
    c.person, c.recorded_ms, w.recorded_ms, w.person, w.reason
FROM corrections c LEFT JOIN withdrawals w USING (number)
"""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class CalibrationRegister:
    """The corrections of a park's probes. Safe to share among threads and processes."""

    def __init__(self, path: Path, park: Park, clock_ms: Callable[[], int] = _now_ms) -> None:
        self._path = path
        self._park = park
        self._clock_ms = clock_ms

    def add(self, draft: Draft) -> Correction:
        """Record a correction.

        Raises CalibrationError where it can't be meant, UnknownAssetError,
        CalibrationUnavailableError.
        """
        kind = self._park.asset(draft.asset).kind
        if kind is None:
            raise CalibrationError("asset", f"{draft.asset!r} sends no telemetry")
        check(draft, kind.name)
        curve = draft.curve
        with self._writing() as connection:
            cursor = connection.execute(
                "INSERT INTO corrections (asset, field, gain, offset, points, valid_from_ms,"
                " valid_until_ms, certificate, person, recorded_ms)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(draft.asset, draft.field, curve.gain, curve.offset),
                    orjson.dumps(curve.points).decode(),
                    *(draft.valid_from_ms, draft.valid_until_ms, draft.certificate, draft.person),
                    self._clock_ms(),
                ),
            )
            number = cursor.lastrowid
        return self.correction(number or 0)

    def withdraw(self, number: int, person: str, reason: str) -> Correction:
        """Record that a correction doesn't count any more; once only.

        Raises NoCorrectionError, CalibrationError, CalibrationUnavailableError.
        """
        if self.correction(number).withdrawal is not None:
            raise CalibrationError("number", f"correction {number} is withdrawn already")
        if not person.strip() or not reason.strip():
            raise CalibrationError("reason", "say why, and who says so")
        with self._writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO withdrawals VALUES (?, ?, ?, ?)",
                (number, self._clock_ms(), person, reason),
            )
        return self.correction(number)

    def correction(self, number: int) -> Correction:
        """One correction. Raises NoCorrectionError, CalibrationUnavailableError."""
        found = self._select("WHERE number = ?", (number,))
        if not found:
            raise NoCorrectionError(f"there is no correction {number}")
        return found[0]

    def corrections(
        self,
        asset: str | None = None,
        field: str | None = None,
        *,
        before: int | None = None,
        limit: int = -1,
    ) -> Sequence[Correction]:
        """Corrections of an asset or field, withdrawn ones too, the newest first.

        Raises CalibrationUnavailableError.
        """
        wanted = {"asset = ?": asset, "field = ?": field, "number < ?": before}
        given = {condition: value for condition, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(given)}" if given else ""
        return self._select(f"{where} ORDER BY number DESC LIMIT ?", (*given.values(), limit))

    def _select(self, rest: str, values: Sequence[object]) -> list[Correction]:
        with read_only(self._path, CalibrationUnavailableError) as connection:
            if connection is None:
                return []
            return [_correction(row) for row in connection.execute(_SELECT + rest, values)]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=_LOCK_WAIT_S)) as connection:
                connection.executescript(
                    f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;{_SCHEMA}"
                )
                with connection:
                    yield connection
        except (sqlite3.Error, OSError) as error:
            raise CalibrationUnavailableError(
                f"the calibration register {self._path} can't be written: {error}"
            ) from error


def _correction(row: tuple[object, ...]) -> Correction:
    number, asset, field, gain, offset, points, start, end, certificate, person, recorded, *rest = (
        row
    )
    curve = Curve(gain, offset, tuple((raw, ref) for raw, ref in orjson.loads(points)))  # type: ignore[arg-type]  # as stored
    draft = Draft(asset, field, curve, start, end, certificate, person)  # type: ignore[arg-type]  # as stored
    withdrawal = None if rest[0] is None else Withdrawal(*rest)  # type: ignore[arg-type]  # as stored
    return Correction(number, draft, recorded, withdrawal)  # type: ignore[arg-type]  # as stored
