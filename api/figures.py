"""Writes the figures of traceability into the telemetry store, so that charts have them.

How far it came is kept in a file beside the spool, written after the store took the points: what
is written twice is one point. Where a step was taken out of the books that was counted, all steps
are followed anew, and what they give other points for is written over what was there.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from ingest.errors import LinesRefusedError, StoreUnavailableError
from ingest.line_protocol import encode_head, encode_line
from ingest.stores.port import TelemetryStore
from park.assets import Park
from park.telemetry import STORED_KINDS, FieldType
from park.times import from_epoch_ms, now_ms, to_epoch_ms
from traceability.database.lookups import chunks
from traceability.errors import DatabaseUnavailableError
from traceability.figures.amending import Amendment
from traceability.figures.projection import (
    Fields,
    Figures,
    Point,
    Step,
    advance,
    counts_too_much,
    standing,
)

_log = logging.getLogger(__name__)

_STEPS_AT_ONCE = 500
_LINES_AT_ONCE = 5000
_LOOK_S = 2.0
_STANDING_S = 1800.0
"""Charts of the last hours show what hasn't changed for days."""
_FIGURES = TypeAdapter(Figures)


class Steps(Protocol):
    """Where steps are read from."""

    def steps_after(self, seq: int, most: int) -> Sequence[Step]:
        """The events behind event number `seq`."""


class FiguresWriter(threading.Thread):
    """Follows the log of events, for as long as the server runs."""

    def __init__(
        self,
        park: Park,
        steps: Steps,
        store: TelemetryStore,
        path: Path,
        clock_ms: Callable[[], int] = now_ms,
    ) -> None:
        super().__init__(name="figures", daemon=True)
        self._park = park
        self._steps = steps
        self._store = store
        self._path = path
        self._clock_ms = clock_ms
        self._stopping = threading.Event()
        self._figures = _read(path)
        self._standing_at = 0.0

    def stop(self) -> None:
        """End after what is in hand."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped."""
        while not self._stopping.is_set():
            try:
                while self.catch_up():
                    if self._stopping.is_set():
                        return
                self.refresh()
            except (StoreUnavailableError, DatabaseUnavailableError, OSError) as error:
                _log.warning("figures wait: %s", error)
            except Exception:  # noqa: BLE001 - nobody would notice a dead thread
                _log.exception("figures wait")
            self._stopping.wait(_LOOK_S)

    def catch_up(self) -> bool:
        """Write what some steps changed; False where there were none.

        Raises StoreUnavailableError, DatabaseUnavailableError; then it is as if it hadn't begun.
        """
        steps = self._steps.steps_after(self._figures.seq, _STEPS_AT_ONCE)
        if not steps:
            return False
        # On a copy: steps that can't be written now are taken in again.
        figures = _FIGURES.validate_json(_FIGURES.dump_json(self._figures))
        points = advance(figures, steps, self._park)
        if counts_too_much(figures, steps):
            self._amend(until=figures.seq)
            return True
        self._write(points)
        self._keep(figures)
        return True

    def _amend(self, until: int) -> None:
        """Write anew what was written of steps that don't count any more, and what came since.

        Where it is stopped, or yet another step is taken back meanwhile, it is begun again.
        """
        amendment = Amendment(self._figures, self._park)
        figures = amendment.figures
        while left := min(_STEPS_AT_ONCE, until - figures.seq):
            steps = self._steps.steps_after(figures.seq, left)
            amendment.take(steps)
            if self._stopping.is_set() or counts_too_much(figures, steps):
                return
        end = from_epoch_ms(self._clock_ms() + 1)
        self._write(amendment.points())
        for series in amendment.series():
            kind, asset, field, since_ms = series
            samples = self._store.raw(kind, asset, field, from_epoch_ms(since_ms), end)
            times_ms = [to_epoch_ms(sample.time) for sample in samples]
            self._write(amendment.between(series, times_ms))
        self._keep(figures)

    def _keep(self, figures: Figures) -> None:
        _save(self._path, figures)
        self._figures = figures

    def refresh(self) -> None:
        """Write how everything stands now, where that is due. Raises StoreUnavailableError."""
        if time.monotonic() < self._standing_at:
            return
        self._write(standing(self._figures, self._park, self._clock_ms()))
        self._standing_at = time.monotonic() + _STANDING_S

    def _write(self, points: Iterable[Point]) -> None:
        site = self._park.site.id
        lines = [
            encode_line(encode_head(kind, site, asset, None), _typed(kind, fields), time_ms)
            for kind, asset, time_ms, fields in points
        ]
        for some in chunks(lines, _LINES_AT_ONCE):
            try:
                self._store.write(some)
            except LinesRefusedError as error:
                _log.error("the telemetry store refuses %d figures: %s", len(error.refused), error)


def _typed(kind: str, fields: Fields) -> Fields:
    """The fields as the telemetry table types them: a sum of nothing is 0, not 0.0."""
    table = STORED_KINDS[kind].fields
    return {
        name: float(value) if table[name].type is FieldType.FLOAT else value
        for name, value in fields.items()
    }


def _read(path: Path) -> Figures:
    """What was kept; from the beginning where nothing was, or nothing that can be read."""
    try:
        return _FIGURES.validate_json(path.read_bytes())
    except FileNotFoundError:
        return Figures()
    except (OSError, ValidationError) as error:
        _log.warning("figures are made anew, %s can't be read: %s", path, error)
        return Figures()


def _save(path: Path, figures: Figures) -> None:
    fresh = path.with_suffix(".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_bytes(_FIGURES.dump_json(figures))
    fresh.replace(path)
