"""Corrected answers equal what brute force makes of the raw values, on every store."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import fmean
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.calibration.correction import Correction, Curve, Draft, Withdrawal, counting_at
from ingest.calibration.store import CalibratedStore
from ingest.line_protocol import encode
from ingest.reading import Reading
from ingest.stores.influx import InfluxStore
from ingest.stores.port import Aggregate, Bucket, TelemetryStore
from ingest.stores.sqlite import SqliteStore
from park.times import from_epoch_ms, to_epoch_ms

START_MS = 1_760_000_000_000 // 60_000 * 60_000
END_MS = START_MS + 600_000
EVERY = timedelta(minutes=1)


class Corrections(list[Correction]):
    """A register that holds what it is given."""

    def corrections(
        self, asset: str | None = None, field: str | None = None
    ) -> Sequence[Correction]:
        return [
            known
            for known in self
            if asset in {None, known.draft.asset} and field in {None, known.draft.field}
        ]


@pytest.fixture(params=["sqlite", "influx"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TelemetryStore]:
    if request.param == "sqlite":
        found: TelemetryStore = SqliteStore(tmp_path / "telemetry.db")
    else:
        influxdb = request.getfixturevalue("influxdb")
        found = InfluxStore(influxdb.url, influxdb.new_database())
    yield found
    found.close()


def correction(
    number: int, asset: str, curve: Curve, start_ms: int, end_ms: int | None = None
) -> Correction:
    draft = Draft(asset, "air_temp_c", curve, start_ms, end_ms, "C-1", "Li Wei")
    return Correction(number, draft, 0, None)


def write(store: TelemetryStore, asset: str, values: dict[int, float]) -> None:
    store.write(
        [
            encode(
                Reading(
                    "cold_room", "linyi", asset, None, ms, {"air_temp_c": v, "humidity_pct": 90.0}
                )
            )
            for ms, v in values.items()
        ]
    )


def series(store: TelemetryStore, asset: str, aggregate: Aggregate, *fields: str) -> list[Bucket]:
    start, end = from_epoch_ms(START_MS), from_epoch_ms(END_MS)
    return store.series("cold_room", asset, fields, start, end, EVERY, aggregate)


_FOLDS: dict[Aggregate, Callable[[list[float]], float]] = {
    Aggregate.MEAN: fmean,
    Aggregate.MIN: min,
    Aggregate.MAX: max,
    Aggregate.LAST: lambda values: values[-1],
    Aggregate.COUNT: len,
}
curves = st.one_of(
    st.builds(Curve, st.floats(0.5, 2), st.floats(-5, 5)),
    st.just(Curve(points=((-2.0, -1.5), (0.0, 0.1), (3.0, 3.5)))),
)
validities = st.tuples(st.integers(-60, 660), st.integers(1, 600) | st.none(), curves)
readings = st.dictionaries(st.integers(0, 599_999), st.floats(-20, 20), min_size=1, max_size=40)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=readings, spans=st.lists(validities, max_size=4), aggregate=st.sampled_from(Aggregate)
)
def test_a_series_is_the_aggregate_of_corrected_values(
    store: TelemetryStore,
    values: dict[int, float],
    spans: list[tuple[int, int | None, Curve]],
    aggregate: Aggregate,
) -> None:
    asset = f"room-{uuid4().hex}"
    at = {START_MS + offset: value for offset, value in values.items()}
    known = Corrections(
        correction(
            number,
            asset,
            curve,
            START_MS + start * 1000,
            None if length is None else START_MS + (start + length) * 1000,
        )
        for number, (start, length, curve) in enumerate(spans, 1)
    )
    write(store, asset, at)
    expected: dict[int, list[float]] = {}
    for ms in sorted(at):
        counting = counting_at(known, ms)
        corrected = at[ms] if counting is None else counting.draft.curve.correct(at[ms])
        expected.setdefault(ms // 60_000 * 60_000, []).append(corrected)
    subject = CalibratedStore(store, known)
    found = series(subject, asset, aggregate, "air_temp_c", "humidity_pct")
    assert {to_epoch_ms(bucket.time): bucket.values["air_temp_c"] for bucket in found} == {
        ms: pytest.approx(_FOLDS[aggregate](group), rel=1e-9, abs=1e-9)
        for ms, group in expected.items()
    }
    untouched = len if aggregate is Aggregate.COUNT else fmean
    assert [bucket.values["humidity_pct"] for bucket in found] == [
        untouched([90.0] * len(group)) for _, group in sorted(expected.items())
    ]
    raw = subject.raw(
        "cold_room", asset, "air_temp_c", from_epoch_ms(START_MS), from_epoch_ms(END_MS)
    )
    flat = [value for _, group in sorted(expected.items()) for value in group]
    assert [sample.value for sample in raw] == pytest.approx(flat, rel=1e-9, abs=1e-9)


def test_the_newest_value_is_corrected_and_what_is_stored_stays(store: TelemetryStore) -> None:
    write(store, "room-0001", {START_MS: 21.3})
    known = Corrections([correction(1, "room-0001", Curve(offset=0.1), START_MS)])
    subject = CalibratedStore(store, known)
    (point,) = subject.latest("cold_room", ["room-0001"])
    (below,) = subject.raw_store.latest("cold_room", ["room-0001"])
    assert point.fields == {"air_temp_c": 21.4, "humidity_pct": 90.0}
    assert below.fields["air_temp_c"] == 21.3


def test_a_late_certificate_leaves_earlier_answers_as_they_were(store: TelemetryStore) -> None:
    write(store, "room-0001", {START_MS: 21.0})
    draft = Draft("room-0001", "air_temp_c", Curve(offset=0.5), START_MS, None, "C-1", "Li Wei")
    late = Correction(1, draft, START_MS + 5_000, Withdrawal(START_MS + 9_000, "Li Wei", "wrong"))
    subject = CalibratedStore(store, Corrections([late]))

    def answer(asked: CalibratedStore) -> float | int | str | None:
        return series(asked, "room-0001", Aggregate.MEAN, "air_temp_c")[0].values["air_temp_c"]

    assert answer(subject.as_of(START_MS + 4_999)) == 21.0
    assert answer(subject.as_of(START_MS + 5_000)) == 21.5
    assert answer(subject) == 21.0
    start, end = from_epoch_ms(START_MS), from_epoch_ms(END_MS)
    assert subject.as_of(START_MS + 5_000).used("room-0001", ["air_temp_c"], start, end) == [late]
    assert subject.used("room-0001", ["air_temp_c"], start, end) == []
