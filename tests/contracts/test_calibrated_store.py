"""Corrected answers equal what brute force makes of the raw values, on every store."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.calibration.correction import Correction, Curve, Draft, Withdrawal, counting_at
from ingest.calibration.store import CalibratedStore
from ingest.errors import CalibrationUnavailableError, StoreUnavailableError
from ingest.line_protocol import encode
from ingest.reading import Reading
from ingest.stores.influx import InfluxStore
from ingest.stores.port import Aggregate, Bucket, Sample, TelemetryStore
from ingest.stores.sqlite import SqliteStore
from park.times import from_epoch_ms, parse_instant, to_epoch_ms

START_MS = 1_760_000_000_000 // 60_000 * 60_000
END_MS = START_MS + 600_000
EVERY = timedelta(minutes=1)


class Corrections(list[Correction]):
    """A register that holds what it is given."""

    def of_assets(self, assets: Collection[str]) -> Sequence[Correction]:
        return [known for known in self if known.draft.asset in assets]


class Watched(SqliteStore):
    """Knows how many single values it was asked for."""

    given = 0

    def raw(
        self, kind: str, asset: str, field: str, start: datetime, end: datetime
    ) -> list[Sample]:
        found = super().raw(kind, asset, field, start, end)
        self.given += len(found)
        return found


class BrokenRegister:
    """A register whose file can't be read."""

    def of_assets(self, assets: Collection[str]) -> Sequence[Correction]:
        raise CalibrationUnavailableError(f"calibration.db can't be read for {len(assets)} assets")


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
    number: int,
    asset: str,
    curve: Curve,
    start_ms: int,
    end_ms: int | None = None,
    field: str = "air_temp_c",
) -> Correction:
    draft = Draft(asset, field, curve, start_ms, end_ms, "C-1", "Li Wei")
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


def write_fields(
    store: TelemetryStore, asset: str, rows: Mapping[int, Mapping[str, float]]
) -> None:
    store.write(
        [
            encode(Reading("cold_room", "linyi", asset, None, ms, dict(fields)))
            for ms, fields in rows.items()
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


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


probes = st.sampled_from(["air_temp_c", "pulp_temp_c", "humidity_pct"])
# Hours, so that a field is often silent for longer than a few reports.
rows = st.dictionaries(
    st.integers(0, 400),
    st.dictionaries(probes, st.floats(1, 20), min_size=1),
    min_size=1,
    max_size=5,
)
of_probes = st.tuples(probes, st.integers(-60, 400), st.integers(1, 200) | st.none(), curves)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=rows, spans=st.lists(of_probes, max_size=5))
def test_each_newest_value_is_corrected_by_what_counts_at_its_own_time(
    store: TelemetryStore,
    sent: dict[int, dict[str, float]],
    spans: list[tuple[str, int, int | None, Curve]],
) -> None:
    asset = f"room-{uuid4().hex}"
    step_ms = 97_000
    known = Corrections(
        correction(
            number,
            asset,
            curve,
            START_MS + start * step_ms,
            None if length is None else START_MS + (start + length) * step_ms,
            field,
        )
        for number, (field, start, length, curve) in enumerate(spans, 1)
    )
    at = {START_MS + step * step_ms: fields for step, fields in sorted(sent.items())}
    write_fields(store, asset, at)
    newest = {field: (ms, value) for ms, fields in at.items() for field, value in fields.items()}
    expected, used = {}, set()
    for field, (ms, value) in newest.items():
        counting = counting_at([one for one in known if one.draft.field == field], ms)
        expected[field] = value if counting is None else counting.draft.curve.correct(value)
        used |= set() if counting is None else {counting.number}
    (found,) = CalibratedStore(store, known).newest("cold_room", [asset])
    assert found.point.fields == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert [one.number for one in found.corrections] == sorted(used)
    assert to_epoch_ms(found.point.time) == max(at)


def test_many_assets_are_each_corrected_by_their_own(store: TelemetryStore) -> None:
    for asset in ("room-0001", "room-0002", "room-0003"):
        write(store, asset, {START_MS: 1.0})
    known = Corrections(
        [
            correction(1, "room-0001", Curve(offset=0.1), 0),
            correction(2, "room-0003", Curve(offset=0.3), START_MS),
        ]
    )
    points = CalibratedStore(store, known).latest("cold_room")
    assert [(point.asset, point.fields["air_temp_c"]) for point in points] == [
        ("room-0001", 1.1),
        ("room-0002", 1.0),
        ("room-0003", 1.3),
    ]


def test_the_mean_of_a_bent_curve_is_exact_over_days_and_for_ever(store: TelemetryStore) -> None:
    day_ms = 86_400_000
    values = {START_MS + n * day_ms // 3: float(n % 7 - 3) for n in range(20)}
    write(store, "room-0001", values)
    bent = Curve(points=((-2.0, -1.5), (0.0, 0.1), (3.0, 3.5)))
    subject = CalibratedStore(store, Corrections([correction(1, "room-0001", bent, START_MS + 1)]))
    buckets = subject.series(
        *("cold_room", "room-0001", ["air_temp_c"]),
        *(parse_instant("2001-01-01T00:00:00Z"), parse_instant("2250-01-01T00:00:00Z")),
        *(timedelta(days=36_500), Aggregate.MEAN),
    )
    corrected = [v if ms == START_MS else bent.correct(v) for ms, v in values.items()]
    assert [bucket.values["air_temp_c"] for bucket in buckets] == [pytest.approx(fmean(corrected))]


def test_only_the_mean_of_a_bent_curve_needs_single_values(tmp_path: Path) -> None:
    store = Watched(tmp_path / "telemetry.db")
    write(store, "room-0001", {START_MS + n: float(n) for n in range(10)})
    bent = Curve(points=((0.0, 0.5), (5.0, 5.0)))
    half = START_MS + 5
    subject = CalibratedStore(
        store,
        Corrections(
            [
                correction(1, "room-0001", Curve(1.1, 0.2), 0, half),
                correction(2, "room-0001", bent, half),
            ]
        ),
    )
    for aggregate in (Aggregate.MIN, Aggregate.MAX, Aggregate.LAST, Aggregate.COUNT):
        series(subject, "room-0001", aggregate, "air_temp_c")
    assert store.given == 0
    series(subject, "room-0001", Aggregate.MEAN, "air_temp_c")
    assert store.given == 5
    store.close()


@pytest.mark.parametrize("length_ms", [0, -1000])
def test_an_empty_span_has_no_values(store: TelemetryStore, length_ms: int) -> None:
    write(store, "room-0001", {START_MS: 1.0, START_MS - 500: 2.0})
    subject = CalibratedStore(
        store, Corrections([correction(1, "room-0001", Curve(offset=1.0), 0)])
    )
    span = from_epoch_ms(START_MS), from_epoch_ms(START_MS + length_ms)
    ask = "cold_room", "room-0001", ["air_temp_c"]
    for aggregate in Aggregate:
        assert subject.series(*ask, *span, EVERY, aggregate) == []
    assert subject.raw("cold_room", "room-0001", "air_temp_c", *span) == []
    assert subject.used("room-0001", ["air_temp_c"], *span) == []


def test_what_is_added_meanwhile_does_not_change_an_answer_that_is_being_made(
    store: TelemetryStore,
) -> None:
    write(store, "room-0001", {START_MS: 1.0})
    known = Corrections([correction(1, "room-0001", Curve(offset=0.1), 0)])
    subject = CalibratedStore(store, known)
    held = subject.holding(["room-0001"])
    known.append(correction(2, "room-0001", Curve(offset=0.5), 0))
    (before,) = series(held, "room-0001", Aggregate.MEAN, "air_temp_c")
    (after,) = series(subject, "room-0001", Aggregate.MEAN, "air_temp_c")
    assert (before.values["air_temp_c"], after.values["air_temp_c"]) == (1.1, 1.5)


def test_values_are_not_given_raw_where_corrections_can_not_be_read(store: TelemetryStore) -> None:
    write(store, "room-0001", {START_MS: 1.0})
    subject = CalibratedStore(store, BrokenRegister())
    with pytest.raises(StoreUnavailableError, match=r"calibration\.db"):
        subject.latest("cold_room", ["room-0001"])
    with pytest.raises(StoreUnavailableError, match=r"calibration\.db"):
        series(subject, "room-0001", Aggregate.MEAN, "air_temp_c")
    health = subject.health()
    assert (health.ok, health.version) == (False, store.health().version)
    assert "calibration.db" in health.detail
