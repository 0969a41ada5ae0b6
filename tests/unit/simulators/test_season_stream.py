import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from park.assets import ColdRoom, IrrigationBlock, Park, SortingLine
from park.scans import SCAN
from park.telemetry import KINDS, Behaviour, FieldType
from park.times import format_instant, from_epoch_ms, parse_instant, to_epoch_ms
from simulators.devices.table import DEVICE_OF_KIND
from simulators.messages import Outgoing, Payload, ScanPosted, ScanSent, Telemetry
from simulators.season import SeasonPlan, plan_season
from simulators.timeline import season_messages
from simulators.truth import Stay

Readings = dict[str, dict[str, list[Payload]]]


def number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


def test_every_kind_has_a_device_and_no_other() -> None:
    assert set(DEVICE_OF_KIND) == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_field_of_a_kind_is_sent_within_its_type_and_range(
    kind: str, readings: Readings
) -> None:
    fields = KINDS[kind].fields
    for asset_readings in readings[kind].values():
        for reading in asset_readings:
            assert set(reading) == {"ts", "seq", *fields}
            for name, field in fields.items():
                value = reading[name]
                match field.type:
                    case FieldType.BOOLEAN:
                        assert isinstance(value, bool)
                    case FieldType.STATE:
                        assert value in field.states
                    case FieldType.INTEGER:
                        assert type(value) is int
                    case FieldType.FLOAT:
                        assert field.low <= number(value) <= field.high


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_counters_never_fall(kind: str, readings: Readings) -> None:
    counters = [f.name for f in KINDS[kind].fields.values() if f.behaviour is Behaviour.COUNTER]
    for asset_readings in readings[kind].values():
        for name in counters:
            values = [number(reading[name]) for reading in asset_readings]
            assert all(later >= earlier for earlier, later in itertools.pairwise(values))


def test_a_devices_readings_are_in_order_each_at_a_time_of_its_own_and_numbered(
    readings: Readings,
) -> None:
    for assets in readings.values():
        for asset_readings in assets.values():
            times = [str(reading["ts"]) for reading in asset_readings]
            assert all(earlier < later for earlier, later in itertools.pairwise(times))
            assert [r["seq"] for r in asset_readings] == list(range(len(asset_readings)))


def test_times_are_rfc_3339_with_milliseconds(readings: Readings) -> None:
    first = str(next(iter(readings["weather"].values()))[0]["ts"])
    assert format_instant(parse_instant(first)) == first


def test_topics_name_assets_of_the_park_and_their_kind(
    outgoing: Sequence[Outgoing], small_park: Park
) -> None:
    for message in outgoing:
        if isinstance(message, ScanPosted):
            continue
        head, version, site, kind, asset_id, channel = message.topic.split("/")
        asset = small_park.asset(asset_id)
        assert (head, version, site) == ("agripark", "v1", small_park.site.id)
        if channel == "scan":
            assert kind == asset.type
        else:
            assert asset.kind is not None
            assert kind == asset.kind.name


def test_messages_leave_in_the_order_of_time_and_none_before_its_readings(
    outgoing: Sequence[Outgoing],
) -> None:
    times = [message.at_ms for message in outgoing]
    assert times == sorted(times)
    for message in outgoing:
        if isinstance(message, Telemetry):
            last = orjson.loads(message.payload)[-1]["ts"]
            assert to_epoch_ms(parse_instant(last)) <= message.at_ms


def test_a_season_is_small_enough_for_the_demos_broker(outgoing: Sequence[Outgoing]) -> None:
    telemetry = [message for message in outgoing if isinstance(message, Telemetry)]
    assert len(outgoing) <= 6_000
    assert 80_000 <= sum(message.readings for message in telemetry) <= 150_000
    assert max(len(message.payload) for message in telemetry) <= 16_384
    assert 200 <= len(outgoing) - len(telemetry) <= 700


def test_scans_are_sent_over_mqtt_but_arrivals_are_posted(
    outgoing: Sequence[Outgoing], season: SeasonPlan
) -> None:
    sent = [message for message in outgoing if isinstance(message, ScanSent)]
    posted = [message for message in outgoing if isinstance(message, ScanPosted)]
    assert len(posted) == sum(shipment.received for shipment in season.truth.shipments)
    actions = {str(SCAN.validate_json(message.payload).action) for message in sent}
    assert actions == {"harvest", "store_in", "store_out", "sort", "palletise", "ship"}


def test_a_stay_is_covered_by_readings_of_its_room(season: SeasonPlan, readings: Readings) -> None:
    def covered(stay: Stay) -> bool:
        until = from_epoch_ms(stay.out_ms or season.shipping_end_ms)
        since = from_epoch_ms(stay.in_ms)
        times = [parse_instant(str(r["ts"])) for r in readings["cold_room"][stay.room]]
        inside = [since, *(time for time in times if since <= time < until), until]
        gaps = [later - earlier for earlier, later in itertools.pairwise(inside)]
        return max(gaps) <= timedelta(minutes=31)

    assert all(covered(stay) for stay in season.truth.stays)


def test_stored_fruit_stays_near_its_set_point_even_when_warm_fruit_comes_in(
    season: SeasonPlan, readings: Readings
) -> None:
    for room in season.park.of_type(ColdRoom):
        stays = [stay for stay in season.truth.stays if stay.room == room.id]
        if not stays:
            continue
        first = min(stays, key=lambda stay: stay.in_ms)
        since = from_epoch_ms(first.in_ms + 3 * 86_400_000)
        until = from_epoch_ms(first.out_ms or season.shipping_end_ms)
        pulp = [
            number(reading["pulp_temp_c"])
            for reading in readings["cold_room"][room.id]
            if since <= parse_instant(str(reading["ts"])) < until
        ]
        off = [abs(temp_c - room.setpoint_c) for temp_c in pulp]
        assert max(off) <= 2.0
        assert sum(kelvin <= 1.0 for kelvin in off) >= 0.9 * len(off)


def test_a_lines_counters_grow_by_what_its_runs_sorted(
    season: SeasonPlan, readings: Readings
) -> None:
    for line in season.park.of_type(SortingLine):
        runs = [run for run in season.truth.runs if run.line == line.id]
        last = readings["sorting_line"][line.id][-1]
        assert number(last["mass_kg"]) == pytest.approx(sum(run.input_kg for run in runs))
        assert number(last["reject_kg"]) == pytest.approx(sum(run.reject_kg for run in runs))
        states = {reading["state"] for reading in readings["sorting_line"][line.id]}
        assert states == {"changeover", "running", "idle"}
        lanes = [readings["sorting_lane"][lane.id][-1] for lane in season.park.children(line.id)]
        assert sum(number(lane["mass_kg"]) for lane in lanes) == pytest.approx(
            number(last["mass_kg"]), abs=0.1
        )


def test_every_orchard_that_harvests_has_blocks_that_were_watered(
    season: SeasonPlan, readings: Readings
) -> None:
    watered = {
        block.parent
        for block in season.park.of_type(IrrigationBlock)
        if any(r["valve_open"] for r in readings["irrigation_block"].get(block.id, []))
    }
    assert {harvest.orchard for harvest in season.truth.harvests} <= watered
    assert any(number(r["dose_l_h"]) > 0 for m in readings["fertigation"].values() for r in m)


def test_a_reefer_arrives_where_its_shipment_goes(season: SeasonPlan, readings: Readings) -> None:
    shipment = next(s for s in season.truth.shipments if s.reefer and s.received)
    destination = season.park.asset(shipment.destination)
    before_arrival = [
        reading
        for reading in readings["reefer"][shipment.reefer or ""]
        if parse_instant(str(reading["ts"])) <= from_epoch_ms(shipment.arrive_ms)
    ]
    last = before_arrival[-1]
    assert number(last["lat"]) == pytest.approx(getattr(destination, "latitude_deg", None), abs=1)
    assert number(last["lon"]) == pytest.approx(getattr(destination, "longitude_deg", None), abs=1)


def payloads(plan: SeasonPlan) -> list[tuple[int, bytes]]:
    return [
        (m.at_ms, m.scan.model_dump_json().encode() if isinstance(m, ScanPosted) else m.payload)
        for m in season_messages(plan)
    ]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    short_season: SeasonPlan,
) -> None:
    settings = short_season.settings
    other = replace(settings, seed=settings.seed + 1)
    first = payloads(short_season)
    assert payloads(plan_season(short_season.park, settings)) == first
    assert payloads(plan_season(short_season.park, other)) != first
