"""The register of corrections: what was entered and withdrawn, by whom and when."""

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import orjson

from ingest.calibration.correction import (
    Correction,
    Curve,
    Draft,
    Withdrawal,
    check,
    check_text,
)
from ingest.calibration.file import RegisterFile
from ingest.errors import CalibrationError, NoCorrectionError
from park.assets import Park
from park.times import now_ms

_SELECT = """
SELECT number, asset, field, gain, offset, points, valid_from_ms, valid_until_ms, certificate,
    c.person, c.recorded_ms, w.recorded_ms, w.person, w.reason
FROM corrections c LEFT JOIN withdrawals w USING (number)
"""


class CalibrationRegister:
    """The corrections of a park's probes. Safe to share among threads and processes.

    What another process adds is seen by the next question. Every method raises
    CalibrationUnavailableError where the file can't be used.
    """

    def __init__(self, path: Path, park: Park, clock_ms: Callable[[], int] = now_ms) -> None:
        self._file = RegisterFile(path)
        self._park = park
        self._clock_ms = clock_ms

    def add(self, draft: Draft) -> Correction:
        """Record a correction.

        Raises CalibrationError where it can't be meant, UnknownAssetError.
        """
        kind = self._park.asset(draft.asset).kind
        if kind is None:
            raise CalibrationError("asset", f"{draft.asset!r} sends no telemetry")
        check(draft, kind.name)
        curve = draft.curve
        with self._file.adding() as connection:
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

        Raises NoCorrectionError, CalibrationError.
        """
        check_text("person", person)
        check_text("reason", reason)
        self.correction(number)
        with self._file.adding() as connection:
            earlier = connection.execute("SELECT 1 FROM withdrawals WHERE number = ?", (number,))
            if earlier.fetchone() is not None:
                raise CalibrationError("number", f"correction {number} is withdrawn already")
            connection.execute(
                "INSERT INTO withdrawals VALUES (?, ?, ?, ?)",
                (number, self._clock_ms(), person, reason),
            )
        return self.correction(number)

    def correction(self, number: int) -> Correction:
        """One correction. Raises NoCorrectionError."""
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
        """Corrections of an asset or field, withdrawn ones too, the newest first."""
        wanted = {"asset = ?": asset, "field = ?": field, "number < ?": before}
        given = {condition: value for condition, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(given)}" if given else ""
        return self._select(f"{where} ORDER BY number DESC LIMIT ?", (*given.values(), limit))

    def of_assets(self, assets: Collection[str]) -> Sequence[Correction]:
        """All corrections of these assets at one moment, withdrawn ones too."""
        listed = json.dumps(sorted(assets))  # in ASCII, so that any text can be asked for
        return self._select("WHERE asset IN (SELECT value FROM json_each(?))", (listed,))

    def _select(self, rest: str, values: Sequence[object]) -> list[Correction]:
        return [_correction(row) for row in self._file.select(_SELECT + rest, values)]


def _correction(row: tuple[Any, ...]) -> Correction:
    number, asset, field, gain, offset, points, *more = row
    start_ms, end_ms, certificate, person, recorded_ms, *withdrawal = more
    curve = Curve(gain, offset, tuple((raw, ref) for raw, ref in orjson.loads(points)))
    return Correction(
        number,
        Draft(asset, field, curve, start_ms, end_ms, certificate, person),
        recorded_ms,
        None if withdrawal[0] is None else Withdrawal(*withdrawal),
    )
