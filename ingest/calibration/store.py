"""A telemetry store that gives corrected values: what is written stays as it came."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from ingest.calibration.correction import Correction, Segment, counting_at, segments
from ingest.stores.port import (
    Aggregate,
    Bucket,
    Point,
    Sample,
    StoreHealth,
    TelemetryStore,
    Value,
)
from park.times import from_epoch_ms, to_epoch_ms

_DIGITS = 12
"""Significant: so that 21.3 + 0.1 is 21.4."""
_Cell = float | int | str | None
_MOST_RAW_MS = 7 * 86_400_000
"""How much is read at once where the mean of a bent curve needs every value."""


class Corrections(Protocol):
    """Where corrections are recorded."""

    def corrections(
        self, asset: str | None = None, field: str | None = None
    ) -> Sequence[Correction]:
        """All of an asset and field, withdrawn ones too."""


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

    def counting(self, asset: str, field: str) -> list[Correction]:
        """The corrections of a probe that count, whatever their validity."""
        known = self._register.corrections(asset, field)
        return [correction for correction in known if correction.counts_as_of(self._as_of_ms)]

    def used(
        self, asset: str, fields: Iterable[str], start: datetime, end: datetime
    ) -> list[Correction]:
        """The corrections that change values of these fields in a span."""
        span = to_epoch_ms(start), to_epoch_ms(end)
        found = {
            segment.correction.number: segment.correction
            for field in fields
            for segment in segments(self.counting(asset, field), *span)
            if segment.correction is not None
        }
        return [found[number] for number in sorted(found)]

    def write(self, lines: Sequence[str]) -> None:
        """Store lines as they are; see the port."""
        self._store.write(lines)

    def latest(self, kind: str, assets: Collection[str] | None = None) -> list[Point]:
        """The newest values, corrected by what counts at the point's time; see the port."""
        by_asset: dict[str, dict[str, list[Correction]]] = {}
        for correction in self._register.corrections():
            if correction.counts_as_of(self._as_of_ms):
                of_asset = by_asset.setdefault(correction.draft.asset, {})
                of_asset.setdefault(correction.draft.field, []).append(correction)
        points = self._store.latest(kind, assets)
        return [_correct_point(point, by_asset.get(point.asset, {})) for point in points]

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
        corrected = [] if aggregate is Aggregate.COUNT else self._changed(asset, fields, start, end)
        plain = [field for field in dict.fromkeys(fields) if field not in dict(corrected)]
        cells: dict[datetime, dict[str, _Cell]] = {}
        if plain or not corrected:
            for bucket in self._store.series(kind, asset, plain, start, end, every, aggregate):
                cells.setdefault(bucket.time, {}).update(bucket.values)
        for field, spans in corrected:
            for time, value in self._field(kind, asset, field, spans, every, aggregate).items():
                cells.setdefault(time, {})[field] = value
        return [
            Bucket(time, {field: cells[time].get(field) for field in dict.fromkeys(fields)})
            for time in sorted(cells)
        ]

    def raw(
        self, kind: str, asset: str, field: str, start: datetime, end: datetime
    ) -> list[Sample]:
        """Every stored value, corrected; see the port."""
        samples = self._store.raw(kind, asset, field, start, end)
        counting = self.counting(asset, field)
        if not counting or not samples:
            return samples
        spans = iter(segments(counting, to_epoch_ms(start), to_epoch_ms(end)))
        span = next(spans)
        found = []
        for sample in samples:
            while to_epoch_ms(sample.time) >= span.end_ms:
                span = next(spans)
            found.append(Sample(sample.time, _correct(span, sample.value)))
        return found

    def count(self, kind: str) -> int:
        """See the port."""
        return self._store.count(kind)

    def health(self) -> StoreHealth:
        """See the port."""
        return self._store.health()

    def close(self) -> None:
        """See the port."""
        self._store.close()

    def _changed(
        self, asset: str, fields: Sequence[str], start: datetime, end: datetime
    ) -> list[tuple[str, list[Segment]]]:
        """The fields whose values are corrected anywhere in the span, and how."""
        found = []
        for field in dict.fromkeys(fields):
            spans = segments(self.counting(asset, field), to_epoch_ms(start), to_epoch_ms(end))
            if any(span.correction is not None for span in spans):
                found.append((field, spans))
        return found

    def _field(
        self,
        kind: str,
        asset: str,
        field: str,
        spans: Sequence[Segment],
        every: timedelta,
        aggregate: Aggregate,
    ) -> dict[datetime, float]:
        """One field's buckets, put together from the spans: a bucket may lie in several."""
        values: dict[datetime, float] = {}
        weights: dict[datetime, int] = {}
        for span in spans:
            part = self._part(kind, asset, field, span, every, aggregate)
            for time, (value, weight) in part.items():
                if time in values:
                    both = values[time], weights[time]
                    values[time] = _join(aggregate, both, (value, weight))
                    weights[time] += weight
                else:
                    values[time], weights[time] = value, weight
        return {time: _rounded(value) for time, value in values.items()}

    def _part(
        self,
        kind: str,
        asset: str,
        field: str,
        span: Segment,
        every: timedelta,
        aggregate: Aggregate,
    ) -> dict[datetime, tuple[float, int]]:
        """The corrected aggregate and the number of values of each bucket within a span."""
        if aggregate is Aggregate.MEAN and not span.curve.is_straight:
            return self._means_of_bent(kind, asset, field, span, every)
        limits = from_epoch_ms(span.start_ms), from_epoch_ms(span.end_ms)
        ask = (kind, asset, (field,), *limits, every)
        counts: dict[datetime, int] = {}
        if aggregate is Aggregate.MEAN:
            for bucket in self._store.series(*ask, Aggregate.COUNT):
                counts[bucket.time] = int(bucket.values[field] or 0)
        return {
            bucket.time: (span.curve.correct(float(value)), counts.get(bucket.time, 1))
            for bucket in self._store.series(*ask, aggregate)
            if (value := bucket.values[field]) is not None
        }

    def _means_of_bent(
        self, kind: str, asset: str, field: str, span: Segment, every: timedelta
    ) -> dict[datetime, tuple[float, int]]:
        """Means over every single value: a bent curve's mean is not the curve of the mean."""
        every_ms = max(1, every // timedelta(milliseconds=1))
        sums: dict[int, tuple[float, int]] = {}
        for begin in range(span.start_ms, span.end_ms, _MOST_RAW_MS):
            until = min(begin + _MOST_RAW_MS, span.end_ms)
            limits = from_epoch_ms(begin), from_epoch_ms(until)
            for sample in self._store.raw(kind, asset, field, *limits):
                bucket = to_epoch_ms(sample.time) // every_ms * every_ms
                total, number = sums.get(bucket, (0.0, 0))
                sums[bucket] = total + span.curve.correct(float(sample.value)), number + 1
        return {from_epoch_ms(ms): (total / number, number) for ms, (total, number) in sums.items()}


def _correct_point(point: Point, corrections: Mapping[str, Sequence[Correction]]) -> Point:
    if not corrections:
        return point
    time_ms = to_epoch_ms(point.time)
    fields = dict(point.fields)
    for field, known in corrections.items():
        counting = counting_at(known, time_ms)
        if counting is not None and field in fields:
            fields[field] = _correct(Segment(time_ms, time_ms, counting), fields[field])
    return Point(point.asset, point.time, fields)


def _correct(span: Segment, value: Value) -> Value:
    return value if span.correction is None else _rounded(span.curve.correct(float(value)))


def _join(aggregate: Aggregate, earlier: tuple[float, int], later: tuple[float, int]) -> float:
    (a, a_weight), (b, b_weight) = earlier, later
    match aggregate:
        case Aggregate.MIN:
            return min(a, b)
        case Aggregate.MAX:
            return max(a, b)
        case Aggregate.MEAN:
            return (a * a_weight + b * b_weight) / (a_weight + b_weight)
        case _:
            return b


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
