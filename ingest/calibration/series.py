"""Aggregates of corrected values, put together from what the store below makes of raw ones.

A gain above zero and an offset commute with mean, least, greatest and last, so those come from
the store's own aggregates, asked apart for each span in which one correction counts: a bucket
may lie in several. Only the mean of a bent curve needs every single value. Those are read a day
at a time, and only of days that have any.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.calibration.correction import Segment, rounded
from ingest.stores.port import Aggregate, TelemetryStore
from park.times import from_epoch_ms, to_epoch_ms

_DAY = timedelta(days=1)
_DAY_MS = 86_400_000
_Parts = Iterable[tuple[datetime, float, int]]
"""Buckets' times, what a span contributes to each, and how many values that stands for."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an asset in a store."""

    store: TelemetryStore
    kind: str
    asset: str
    name: str

    def numbers(
        self, span: Segment, every: timedelta, aggregate: Aggregate
    ) -> dict[datetime, float]:
        """The store's own aggregates within a span."""
        limits = from_epoch_ms(span.start_ms), from_epoch_ms(span.end_ms)
        buckets = self.store.series(self.kind, self.asset, (self.name,), *limits, every, aggregate)
        return {
            bucket.time: float(value)
            for bucket in buckets
            if (value := bucket.values[self.name]) is not None
        }


def corrected_series(
    field: Field, spans: Sequence[Segment], every: timedelta, aggregate: Aggregate
) -> dict[datetime, float]:
    """The corrected aggregate of each bucket that has values; not for counts."""
    values: dict[datetime, float] = {}
    weights: dict[datetime, int] = {}
    for span in spans:
        for time, value, weight in _parts(field, span, every, aggregate, alone=len(spans) == 1):
            if time in values:
                earlier = values[time], weights[time]
                values[time] = _join(aggregate, earlier, (value, weight))
                weights[time] += weight
            else:
                values[time], weights[time] = value, weight
    return {time: rounded(value) for time, value in values.items()}


def _parts(
    field: Field, span: Segment, every: timedelta, aggregate: Aggregate, *, alone: bool
) -> _Parts:
    if aggregate is Aggregate.MEAN and not span.curve.is_straight:
        return _means_of_bent(field, span, every)
    if aggregate is Aggregate.MEAN and not alone:
        return _weighted_means(field, span, every)
    values = field.numbers(span, every, aggregate).items()
    return ((time, span.curve.correct(value), 1) for time, value in values)


def _weighted_means(field: Field, span: Segment, every: timedelta) -> _Parts:
    counts = field.numbers(span, every, Aggregate.COUNT)
    for time, value in field.numbers(span, every, Aggregate.MEAN).items():
        # A reading may arrive between the two questions.
        yield time, span.curve.correct(value), int(counts.get(time, 1))


def _means_of_bent(field: Field, span: Segment, every: timedelta) -> _Parts:
    every_ms = max(1, every // timedelta(milliseconds=1))
    sums: dict[int, tuple[float, int]] = {}
    for day in field.numbers(span, _DAY, Aggregate.COUNT):
        day_ms = to_epoch_ms(day)
        begin, end = max(day_ms, span.start_ms), min(day_ms + _DAY_MS, span.end_ms)
        limits = from_epoch_ms(begin), from_epoch_ms(end)
        for sample in field.store.raw(field.kind, field.asset, field.name, *limits):
            bucket_ms = to_epoch_ms(sample.time) // every_ms * every_ms
            total, number = sums.get(bucket_ms, (0.0, 0))
            corrected = span.curve.correct(float(sample.value))
            sums[bucket_ms] = total + corrected, number + 1
    for bucket_ms, (total, number) in sums.items():
        yield from_epoch_ms(bucket_ms), total / number, number


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
