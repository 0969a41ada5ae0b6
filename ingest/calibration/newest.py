"""Which correction counts for an asset's newest values.

A point has one time, that of its newest value; another field may have been sent last long before,
when another correction counted. So where it makes a difference the store is asked whether a field
was sent lately: one small question for an asset, which settles nearly all. A field that fell silent
is looked for span by span.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from ingest.calibration.correction import Correction, Segment, segments
from ingest.stores.port import Aggregate, Point, TelemetryStore
from park.telemetry import STORED_KINDS
from park.times import EARLIEST, from_epoch_ms, to_epoch_ms

_EARLIEST_MS = to_epoch_ms(EARLIEST)
_LATELY = 3
"""Reports: what was left out of so many is silent."""
_LEAST_MS = 60_000


def counting_for(
    store: TelemetryStore, kind: str, point: Point, probes: Mapping[str, Sequence[Correction]]
) -> dict[str, Correction]:
    """The correction that counts for each field's newest value; not there where none does.

    `probes` holds the corrections of the asset by field.
    """
    end_ms = to_epoch_ms(point.time) + 1
    start_ms = min(_EARLIEST_MS, end_ms - 1)
    cut = {
        field: segments(known, start_ms, end_ms)
        for field, known in probes.items()
        if field in point.fields
    }
    unsettled = {field: spans for field, spans in cut.items() if len(spans) > 1}
    last = {field: spans[-1] for field, spans in cut.items()}
    silent = unsettled.keys() - _sent_lately(store, kind, point.asset, unsettled)
    for field in silent:
        last[field] = _span_of_newest(store, kind, point.asset, field, unsettled[field])
    return {field: span.correction for field, span in last.items() if span.correction is not None}


def _sent_lately(
    store: TelemetryStore, kind: str, asset: str, cut: Mapping[str, Sequence[Segment]]
) -> set[str]:
    """The fields that were sent within the last few reports, and within their last span."""
    if not cut:
        return set()
    lasts = [spans[-1] for spans in cut.values()]
    lately_ms = max(_LATELY * STORED_KINDS[kind].slowest_cadence_s * 1000, _LEAST_MS)
    end_ms = lasts[0].end_ms
    begin_ms = max(end_ms - lately_ms, *(span.start_ms for span in lasts))
    return _with_values(store, kind, asset, cut, begin_ms, end_ms)


def _span_of_newest(
    store: TelemetryStore, kind: str, asset: str, field: str, spans: Sequence[Segment]
) -> Segment:
    """The span that the newest value of a field lies in; it has one."""
    for span in reversed(spans[1:]):
        if _with_values(store, kind, asset, [field], span.start_ms, span.end_ms):
            return span
    return spans[0]


def _with_values(
    store: TelemetryStore,
    kind: str,
    asset: str,
    fields: Iterable[str],
    begin_ms: int,
    end_ms: int,
) -> set[str]:
    """Those of the fields that have any value in a span."""
    limits = from_epoch_ms(begin_ms), from_epoch_ms(end_ms)
    every = timedelta(milliseconds=end_ms - begin_ms)
    buckets = store.series(kind, asset, list(fields), *limits, every, Aggregate.COUNT)
    return {field for bucket in buckets for field, number in bucket.values.items() if number}
