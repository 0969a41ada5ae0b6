"""What every telemetry store does: one suite, run against each adapter on the real server."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import (
    LinesRefusedError,
    StoreUnavailableError,
    UnknownFieldError,
    UnsupportedAggregateError,
)
from ingest.line_protocol import encode
from ingest.reading import Reading, StoredValue
from ingest.stores.influx import InfluxStore
from ingest.stores.port import Aggregate, TelemetryStore
from ingest.stores.sqlite import SqliteStore
from park.times import to_epoch_ms
from tests.contracts.conftest import MakeStore
from tests.support.servers import InfluxDB, free_port, run_influxdb

NOON = datetime(2025, 10, 12, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def room(at: datetime, asset: str = "room-0001", **fields: StoredValue) -> str:
    return encode(Reading("cold_room", "linyi", asset, "centre-01", to_epoch_ms(at), fields))


def line(at: datetime, **fields: StoredValue) -> str:
    return encode(Reading("sorting_line", "linyi", "line-01", "centre-01", to_epoch_ms(at), fields))


def test_a_written_value_is_read_back_at_its_millisecond(store: TelemetryStore) -> None:
    at = NOON + timedelta(milliseconds=678)
    store.write([room(at, air_temp_c=-0.8)])
    samples = store.raw("cold_room", "room-0001", "air_temp_c", NOON, NOON + MINUTE)
    assert [(sample.time, sample.value) for sample in samples] == [(at, -0.8)]


def test_the_same_reading_twice_is_one_point(store: TelemetryStore) -> None:
    store.write([room(NOON, air_temp_c=-0.8)])
    store.write([room(NOON, air_temp_c=-0.8)])
    assert store.count("cold_room") == 1


def test_two_partial_readings_of_one_instant_join(store: TelemetryStore) -> None:
    store.write([room(NOON, air_temp_c=-0.8)])
    store.write([room(NOON, humidity_pct=92.0)])
    (point,) = store.latest("cold_room", ["room-0001"])
    assert point.fields == {"air_temp_c": -0.8, "humidity_pct": 92.0}
    assert store.count("cold_room") == 1


def test_latest_gives_each_field_its_newest_value_and_the_newest_time(
    store: TelemetryStore,
) -> None:
    store.write(
        [
            room(NOON, air_temp_c=-0.8, door_open=1),
            room(NOON + MINUTE, air_temp_c=-0.6),
            room(NOON - MINUTE, door_open=0),
        ]
    )
    (point,) = store.latest("cold_room", ["room-0001"])
    assert point.time == NOON + MINUTE
    assert point.fields == {"air_temp_c": -0.6, "door_open": True}


def test_latest_of_all_assets_is_sorted_and_leaves_out_the_silent(store: TelemetryStore) -> None:
    store.write([room(NOON, "room-0002", air_temp_c=1.0), room(NOON, "room-0001", air_temp_c=2.0)])
    assert [point.asset for point in store.latest("cold_room")] == ["room-0001", "room-0002"]
    silent = store.latest("cold_room", ["room-0003"])
    assert list(silent) == []
    assert list(store.latest("cold_room", [])) == []


def test_types_survive_storage(store: TelemetryStore) -> None:
    store.write([line(NOON, state="running", fruit_count=840_211, mass_kg=12_603.0)])
    (point,) = store.latest("sorting_line")
    assert point.fields == {"state": "running", "fruit_count": 840_211, "mass_kg": 12_603.0}
    assert isinstance(point.fields["fruit_count"], int)
    assert isinstance(point.fields["mass_kg"], float)


def test_asset_ids_with_odd_characters_are_kept_apart(store: TelemetryStore) -> None:
    odd = ["a b", "a,b", "a=b", "a'b", 'a"b', "冷库"]
    store.write([room(NOON, asset, air_temp_c=float(n)) for n, asset in enumerate(odd)])
    for n, asset in enumerate(odd):
        (point,) = store.latest("cold_room", [asset])
        assert (point.asset, point.fields["air_temp_c"]) == (asset, float(n))


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        (Aggregate.MEAN, 2.0),
        (Aggregate.MIN, 1.0),
        (Aggregate.MAX, 4.0),
        (Aggregate.LAST, 1.0),
        (Aggregate.COUNT, 3),
    ],
)
def test_a_bucket_holds_the_aggregate_of_its_readings(
    store: TelemetryStore, aggregate: Aggregate, expected: float
) -> None:
    values = [1.0, 4.0, 1.0]
    store.write([room(NOON + n * MINUTE, air_temp_c=value) for n, value in enumerate(values)])
    (bucket,) = store.series(
        "cold_room", "room-0001", ["air_temp_c"], NOON, NOON + HOUR, HOUR, aggregate
    )
    assert bucket.time == NOON
    assert bucket.values == {"air_temp_c": expected}


def test_buckets_are_aligned_in_order_and_only_where_readings_are(store: TelemetryStore) -> None:
    store.write([room(NOON + 3 * HOUR, air_temp_c=3.0), room(NOON + 5 * MINUTE, air_temp_c=1.0)])
    start = NOON + 2 * MINUTE
    buckets = store.series(
        "cold_room",
        "room-0001",
        ["air_temp_c", "humidity_pct"],
        start,
        NOON + 4 * HOUR,
        HOUR,
        Aggregate.MEAN,
    )
    assert [(bucket.time, bucket.values) for bucket in buckets] == [
        (NOON, {"air_temp_c": 1.0, "humidity_pct": None}),
        (NOON + 3 * HOUR, {"air_temp_c": 3.0, "humidity_pct": None}),
    ]


def test_the_end_of_a_span_is_not_in_it(store: TelemetryStore) -> None:
    store.write([room(NOON, air_temp_c=1.0), room(NOON + HOUR, air_temp_c=2.0)])
    samples = store.raw("cold_room", "room-0001", "air_temp_c", NOON, NOON + HOUR)
    assert [sample.time for sample in samples] == [NOON]


def test_the_mean_of_a_door_is_the_share_of_readings_that_found_it_open(
    store: TelemetryStore,
) -> None:
    store.write([room(NOON + n * MINUTE, door_open=int(n == 0)) for n in range(4)])
    (bucket,) = store.series(
        "cold_room", "room-0001", ["door_open"], NOON, NOON + HOUR, HOUR, Aggregate.MEAN
    )
    assert bucket.values["door_open"] == 0.25
    samples = store.raw("cold_room", "room-0001", "door_open", NOON, NOON + HOUR)
    assert [sample.value for sample in samples] == [True, False, False, False]


def test_a_states_last_word_is_read_but_it_has_no_mean(store: TelemetryStore) -> None:
    store.write([line(NOON, state="running"), line(NOON + MINUTE, state="fault")])
    (bucket,) = store.series(
        "sorting_line", "line-01", ["state"], NOON, NOON + HOUR, HOUR, Aggregate.LAST
    )
    assert bucket.values["state"] == "fault"
    with pytest.raises(UnsupportedAggregateError, match="state"):
        store.series("sorting_line", "line-01", ["state"], NOON, NOON + HOUR, HOUR, Aggregate.MEAN)


def test_what_the_table_does_not_have_is_refused_by_name(store: TelemetryStore) -> None:
    with pytest.raises(UnknownFieldError, match="hot_room"):
        store.latest("hot_room")
    with pytest.raises(UnknownFieldError, match="hot_room"):
        store.count("hot_room")
    with pytest.raises(UnknownFieldError, match="air_tmp_c"):
        store.raw("cold_room", "room-0001", "air_tmp_c", NOON, NOON + HOUR)
    with pytest.raises(UnknownFieldError, match="at least one field"):
        store.series("cold_room", "room-0001", [], NOON, NOON + HOUR, HOUR, Aggregate.MEAN)


def test_a_bad_line_is_named_and_its_neighbours_are_stored(store: TelemetryStore) -> None:
    bad = "cold_room,asset=room-0001 air_temp_c= 1760270400000"
    lines = [room(NOON + n * MINUTE, air_temp_c=float(n)) for n in range(20)]
    with pytest.raises(LinesRefusedError) as refusal:
        store.write([*lines[:7], bad, *lines[7:]])
    assert [refused.line for refused in refusal.value.refused] == [bad]
    assert refusal.value.refused[0].reason
    assert store.count("cold_room") == 20


def test_an_empty_write_and_an_empty_store_are_fine(store: TelemetryStore) -> None:
    store.write([])
    assert store.count("cold_room") == 0
    assert list(store.latest("cold_room")) == []


def test_health_says_what_it_is(store: TelemetryStore) -> None:
    health = store.health()
    assert health.ok, health.detail
    assert health.version.startswith(("SQLite 3", "InfluxDB 1"))


def test_closing_twice_is_harmless(store: TelemetryStore) -> None:
    store.close()
    store.close()


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.dictionaries(
        st.integers(0, 1439),
        st.floats(-40, 60).map(lambda value: round(value, 3)),
        min_size=1,
        max_size=40,
    )
)
def test_whatever_is_written_in_whatever_order_is_read_back_in_time_order(
    make_store: MakeStore, by_minute: dict[int, float]
) -> None:
    store = make_store()
    store.write([room(NOON + n * MINUTE, air_temp_c=value) for n, value in by_minute.items()])
    samples = store.raw("cold_room", "room-0001", "air_temp_c", NOON, NOON + 24 * HOUR)
    assert [(sample.time, sample.value) for sample in samples] == [
        (NOON + n * MINUTE, value) for n, value in sorted(by_minute.items())
    ]


def test_an_influxdb_that_is_away_is_unavailable_and_unhealthy() -> None:
    store = InfluxStore(f"http://127.0.0.1:{free_port()}", "agripark")
    with pytest.raises(StoreUnavailableError, match="can't be reached"):
        store.write([room(NOON, air_temp_c=1.0)])
    assert not store.health().ok
    store.close()


def test_an_influxdb_database_that_was_dropped_is_made_again(influxdb: InfluxDB) -> None:
    database = influxdb.new_database()
    store = InfluxStore(influxdb.url, database)
    store.write([room(NOON, air_temp_c=1.0)])
    influxdb.query(f'DROP DATABASE "{database}"')
    with pytest.raises(StoreUnavailableError):
        store.write([room(NOON, air_temp_c=2.0)])
    store.write([room(NOON, air_temp_c=2.0)])
    assert store.count("cold_room") == 1
    store.close()


def test_a_user_who_may_write_but_not_make_databases_is_enough() -> None:
    admin = ("chief", "secret")
    with run_influxdb(authenticated=True) as server:
        server.query("CREATE USER chief WITH PASSWORD 'secret' WITH ALL PRIVILEGES")
        server.query("CREATE DATABASE park", admin)
        server.query("CREATE USER writer WITH PASSWORD 'word'", admin)
        server.query("GRANT ALL ON park TO writer", admin)
        store = InfluxStore(server.url, "park", "writer", "word")
        stranger = InfluxStore(server.url, "park", "writer", "guess")
        store.write([room(NOON, air_temp_c=1.0)])
        assert store.count("cold_room") == 1
        assert not stranger.health().ok
        with pytest.raises(StoreUnavailableError, match="401"):
            stranger.write([room(NOON, air_temp_c=1.0)])
        store.close()
        stranger.close()


def test_an_older_embedded_file_gains_the_columns_of_new_fields(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.db"
    with closing(sqlite3.connect(path)) as older:
        older.execute(
            "CREATE TABLE cold_room (asset TEXT NOT NULL, time_ms INTEGER NOT NULL,"
            " site TEXT NOT NULL, centre TEXT, air_temp_c REAL,"
            " PRIMARY KEY (asset, time_ms)) WITHOUT ROWID"
        )
    store = SqliteStore(path)
    store.write([room(NOON, humidity_pct=92.0)])
    assert store.latest("cold_room")[0].fields == {"humidity_pct": 92.0}
    store.close()
