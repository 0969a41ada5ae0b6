"""A telemetry store that gives corrected values: what is written stays as it came."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ingest.calibration.correction import (
    Correction,
    Segment,
    is_correctable,
    rounded,
    segments,
)
from ingest.calibration.newest import counting_for
from ingest.calibration.series import Field, corrected_series
from ingest.errors import CalibrationUnavailableError
from ingest.stores.port import (
    Aggregate,
    Bucket,
    Point,
    Sample,
    StoreHealth,
    TelemetryStore,
    Value,
)
from park.telemetry import STORED_KINDS
from park.times import to_epoch_ms

_Probes = dict[str, dict[str, list[Correction]]]
"""The corrections that count, by asset and field."""


class Corrections(Protocol):
    """Where corrections are recorded."""

    def of_assets(self, assets: Collection[str]) -> Sequence[Correction]:
        """All corrections of these assets, withdrawn ones too."""


@dataclass(frozen=True, slots=True)
class CorrectedPoint:
    """An asset's newest values, and what was applied to them."""

    point: Point
    corrections: Sequence[Correction] = ()


class CalibratedStore:
    """A `TelemetryStore` over another; safe to share among threads as that one is.

    With `as_of_ms` only what was recorded by then counts, and what was withdrawn since still does:
    so an old answer can be given again. CalibrationUnavailableError joins the port's errors.
    """

    def __init__(
        self, store: TelemetryStore, register: Corrections, as_of_ms: int | None = None
    ) -> None:
        self._store = store
        self._register = register
        self._as_of_ms = as_of_ms

    @property
    def raw_store(self) -> TelemetryStore:
        """The store below, which gives values as they came."""
        return self._store

    def as_of(self, time_ms: int) -> "CalibratedStore":
        """The same store as it would have answered then."""
        return CalibratedStore(self._store, self._register, time_ms)

    def holding(self, assets: Collection[str]) -> "CalibratedStore":
        """The same store with the corrections that these assets have now, whatever is added.

        So several answers fit together.
        """
        return CalibratedStore(self._store, _Held(self._register.of_assets(assets)), self._as_of_ms)

    def used(
        self, asset: str, fields: Iterable[str], start: datetime, end: datetime
    ) -> list[Correction]:
        """The corrections that count for these fields anywhere in a span, by number."""
        probes = self._counting([asset]).get(asset, {})
        span = to_epoch_ms(start), to_epoch_ms(end)
        found = (
            segment.correction
            for field in fields
            for segment in segments(probes.get(field, ()), *span)
        )
        return _by_number(correction for correction in found if correction is not None)

    def newest(self, kind: str, assets: Collection[str] | None = None) -> list[CorrectedPoint]:
        """As `latest`, and what was applied to each point."""
        points = self._store.latest(kind, assets)
        if not any(map(is_correctable, STORED_KINDS[kind].fields.values())):
            return [CorrectedPoint(point) for point in points]
        probes = self._counting([point.asset for point in points])
        return [self._corrected(kind, point, probes.get(point.asset, {})) for point in points]

    def write(self, lines: Sequence[str]) -> None:
        """Store lines as they are; see the port."""
        self._store.write(lines)

    def latest(self, kind: str, assets: Collection[str] | None = None) -> list[Point]:
        """The newest values, each corrected by what counts at its own time; see the port."""
        return [newest.point for newest in self.newest(kind, assets)]

    def series(
        self,
        kind: str,
        asset: str,
        fields: Sequence[str],
        start: datetime,
        end: datetime,
        every: timedelta,
        aggregate: Aggregate,
    ) -> list[Bucket]:
        """Aggregated buckets of corrected values; see the port."""
        names = list(dict.fromkeys(fields))
        cut: dict[str, list[Segment]] = {}
        if aggregate is not Aggregate.COUNT:
            cut = self._changed(asset, names, start, end)
        cells: dict[datetime, dict[str, float | int | str | None]] = {}
        plain = [name for name in names if name not in cut]
        if plain or not cut:
            for bucket in self._store.series(kind, asset, plain, start, end, every, aggregate):
                cells.setdefault(bucket.time, {}).update(bucket.values)
        for name, spans in cut.items():
            field = Field(self._store, kind, asset, name)
            for time, value in corrected_series(field, spans, every, aggregate).items():
                cells.setdefault(time, {})[name] = value
        return [
            Bucket(time, {name: cells[time].get(name) for name in names}) for time in sorted(cells)
        ]

    def raw(
        self, kind: str, asset: str, field: str, start: datetime, end: datetime
    ) -> list[Sample]:
        """Every stored value, corrected; see the port."""
        samples = self._store.raw(kind, asset, field, start, end)
        spans = iter(self._changed(asset, [field], start, end).get(field, ()))
        span = next(spans, None)
        if span is None:
            return samples
        found = []
        for sample in samples:
            while to_epoch_ms(sample.time) >= span.end_ms:
                span = next(spans)
            found.append(Sample(sample.time, _correct(span.correction, sample.value)))
        return found

    def count(self, kind: str) -> int:
        """See the port."""
        return self._store.count(kind)

    def health(self) -> StoreHealth:
        """The store's below; not well where the corrections can't be read. See the port."""
        health = self._store.health()
        if not health.ok:
            return health
        try:
            self._register.of_assets(())
        except CalibrationUnavailableError as error:
            return StoreHealth(ok=False, version=health.version, detail=str(error))
        return health

    def close(self) -> None:
        """See the port."""
        self._store.close()

    def _counting(self, assets: Collection[str]) -> _Probes:
        probes: _Probes = {}
        for correction in self._register.of_assets(assets):
            if correction.counts_as_of(self._as_of_ms):
                draft = correction.draft
                of_asset = probes.setdefault(draft.asset, {})
                of_asset.setdefault(draft.field, []).append(correction)
        return probes

    def _changed(
        self, asset: str, fields: Iterable[str], start: datetime, end: datetime
    ) -> dict[str, list[Segment]]:
        """The fields whose values are corrected anywhere in the span, and how."""
        probes = self._counting([asset]).get(asset, {})
        span = to_epoch_ms(start), to_epoch_ms(end)
        cut = {name: segments(probes[name], *span) for name in fields if name in probes}
        return {
            name: spans
            for name, spans in cut.items()
            if any(segment.correction is not None for segment in spans)
        }

    def _corrected(
        self, kind: str, point: Point, probes: Mapping[str, Sequence[Correction]]
    ) -> CorrectedPoint:
        counting = counting_for(self._store, kind, point, probes)
        fields = {name: _correct(counting.get(name), value) for name, value in point.fields.items()}
        return CorrectedPoint(Point(point.asset, point.time, fields), _by_number(counting.values()))


class _Held:
    """Corrections as they were at one moment."""

    def __init__(self, corrections: Sequence[Correction]) -> None:
        self._corrections = corrections

    def of_assets(self, assets: Collection[str]) -> Sequence[Correction]:
        return [known for known in self._corrections if known.draft.asset in assets]


def _by_number(corrections: Iterable[Correction]) -> list[Correction]:
    found = {correction.number: correction for correction in corrections}
    return [found[number] for number in sorted(found)]


def _correct(correction: Correction | None, value: Value) -> Value:
    return value if correction is None else rounded(correction.draft.curve.correct(float(value)))
