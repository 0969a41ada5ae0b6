"""Incidents: planned from a seed, seen by the devices they happen to, and by nobody else."""

from collections.abc import Mapping
from itertools import islice

import pytest

from park.assets import AssetType, Park
from park.telemetry import KINDS
from simulators.errors import PlanError
from simulators.incidents.kinds import INCIDENT_KINDS
from simulators.incidents.plan import Incident, plan_incidents
from simulators.incidents.stage import Stage, live_stage, season_stage
from simulators.incidents.truth import truth_of
from simulators.messages import Value
from simulators.playback import Played, play_living, play_season
from simulators.season import SeasonPlan

HOUR_MS = 3_600_000
START_MS = 1_790_000_000_000
LONG_MS = 240 * HOUR_MS


@pytest.fixture(scope="module")
def stage(season: SeasonPlan) -> Stage:
    return season_stage(season)


def played(season: SeasonPlan, incident: Incident, *, happens: bool) -> list[Played]:
    """Readings of what an incident touches, from its begin to its end."""
    readings = play_season(
        season,
        incidents=[incident] if happens else (),
        assets=incident.touches,
        closely=[incident.span],
    )
    return [each for each in readings if incident.start_ms <= each.time_ms < incident.end_ms]


def differing(one: Mapping[str, Value], other: Mapping[str, Value]) -> set[str]:
    return {name for name in one if one[name] != other.get(name)}


def test_a_plan_is_the_seed_s_own(stage: Stage) -> None:
    assert plan_incidents(stage, "all", 1) == plan_incidents(stage, "all", 1)
    assert plan_incidents(stage, "all", 1) != plan_incidents(stage, "all", 2)


@pytest.mark.parametrize("seed", range(5))
def test_all_means_one_of_each_kind(stage: Stage, seed: int) -> None:
    names = [each.kind.name for each in plan_incidents(stage, "all", seed)]
    assert sorted(names) == sorted(INCIDENT_KINDS)


def test_a_number_or_names_may_be_wished_for(stage: Stage) -> None:
    assert len(plan_incidents(stage, "7", 1)) == 7
    two = plan_incidents(stage, "valve-leaks, door-stays-open", 1)
    assert sorted(each.kind.name for each in two) == ["door-stays-open", "valve-leaks"]


@pytest.mark.parametrize("wish", ["0", "-1", "1.5", "gremlin", "all,gremlin", "99999", ","])
def test_a_wish_that_can_not_be_read_is_refused(stage: Stage, wish: str) -> None:
    with pytest.raises(PlanError, match="incident"):
        plan_incidents(stage, wish, 1)


def test_more_than_the_season_has_room_for_is_refused(stage: Stage) -> None:
    with pytest.raises(PlanError, match="no place"):
        plan_incidents(stage, "5000", 1)


@pytest.mark.parametrize("seed", range(5))
def test_no_device_has_two_at_once(stage: Stage, seed: int) -> None:
    incidents = plan_incidents(stage, "60", seed)
    for number, one in enumerate(incidents):
        for other in incidents[number + 1 :]:
            apart = one.span[1] <= other.span[0] or other.span[1] <= one.span[0]
            assert apart or not one.beside & other.beside


@pytest.mark.parametrize("name", sorted(INCIDENT_KINDS))
def test_an_incident_is_seen_where_the_table_says(
    season: SeasonPlan, stage: Stage, name: str
) -> None:
    (incident,) = plan_incidents(stage, name, 1)
    kind = INCIDENT_KINDS[name]
    wrong = {
        (each.asset, each.time_ms): each.values for each in played(season, incident, happens=True)
    }
    right = {
        (each.asset, each.time_ms): each.values for each in played(season, incident, happens=False)
    }
    if not kind.fields:
        assert wrong == {}
        assert right
        return
    seen = set().union(*(differing(values, right.get(key, {})) for key, values in wrong.items()))
    assert set(kind.fields) <= seen


def test_before_an_incident_nothing_is_different(season: SeasonPlan, stage: Stage) -> None:
    (incident,) = plan_incidents(stage, "cooling-fails", 1)
    runs = [
        [
            (each.time_ms, each.values)
            for each in play_season(season, incidents=happening, assets=incident.touches)
            if each.time_ms < incident.span[0]
        ]
        for happening in ([incident], ())
    ]
    assert runs[0] == runs[1] != []


def test_other_devices_measure_the_same(season: SeasonPlan, stage: Stage) -> None:
    incidents = plan_incidents(stage, "door-stays-open,power-fails,reefer-probe-slips", 3)
    touched = {asset for each in incidents for asset in each.touches}
    others = {asset for asset, _ in stage.windows(AssetType.COLD_ROOM)} - touched
    assert others
    readings = [
        list(play_season(season, incidents=happening, assets=others))
        for happening in (incidents, ())
    ]
    assert readings[0] == readings[1] != []


def test_values_stay_within_the_ranges_of_the_table(season: SeasonPlan, stage: Stage) -> None:
    for incident in plan_incidents(stage, "all", 4):
        for each in islice(played(season, incident, happens=True), 200):
            for name, value in each.values.items():
                field = KINDS[each.kind].fields[name]
                if isinstance(value, int | float) and not isinstance(value, bool):
                    assert field.low <= value <= field.high, (incident, name, value)


def test_a_living_park_has_incidents_too(small_park: Park) -> None:
    stage = live_stage(small_park, START_MS, START_MS + LONG_MS)
    (leak,) = plan_incidents(stage, "valve-leaks", 1)
    readings = [
        each.values
        for each in play_living(
            small_park,
            START_MS,
            leak.end_ms,
            incidents=[leak],
            assets=leak.touches,
            least_cadence_s=60,
        )
        if each.time_ms >= leak.start_ms
    ]
    assert readings
    assert all(values["valve_open"] is False and values["flow_m3h"] for values in readings)


def test_the_truth_is_told_in_the_time_of_readings(small_park: Park) -> None:
    stage = live_stage(small_park, START_MS, START_MS + LONG_MS)
    (leak,) = plan_incidents(stage, "valve-leaks", 1)
    (plain,), (fast,) = truth_of([leak]), truth_of([leak], start_ms=START_MS, speed=10)
    assert plain["incident"] == "valve-leaks"
    assert plain["assets"] == [leak.asset]
    assert plain["begins_at"] < plain["ends_at"] <= plain["calm_at"]
    assert fast["begins_at"] < plain["begins_at"]
