"""All alarm rules over a season in which everything goes wrong once.

Each incident is shown by its alarm, once and in time; what may come with it is said beforehand;
nothing else is shown, and in the end nothing stands.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pytest

from ingest.alarms.rules.rule import RuleSet
from ingest.devices.book import silence_limit_ms
from park.assets import Park
from park.telemetry import KINDS
from simulators.incidents.kinds import INCIDENT_KINDS
from simulators.incidents.plan import Incident, plan_incidents
from simulators.incidents.stage import season_stage
from simulators.season import SeasonPlan, plan_season, season_settings
from tests.support.alarm_season import SeasonWatched, Shown, watch

SEED = 1

RULE_OF: Mapping[str, str] = {
    "cooling-fails": "room-compressor",
    "heater-sticks": "room-warm",
    "breaker-trips": "room-power",
    "door-stays-open": "room-door",
    "air-freezes": "room-cold",
    "carbon-dioxide-rises": "room-co2",
    "oxygen-falls": "room-oxygen",
    "air-dries": "room-humidity",
    "probe-sticks": "room-sensor-stuck",
    "probe-drifts": "room-probes-differ",
    "pulp-probe-slips": "room-pulp-differs",
    "power-fails": "centre-power",
    "valve-leaks": "block-leak",
    "pipe-bursts": "block-burst",
    "valve-opens-dry": "block-no-flow",
    "drippers-block": "block-flow",
    "pressure-falls": "block-pressure",
    "battery-runs-down": "block-battery",
    "filter-blocks": "pump-filter",
    "main-pipe-leaks": "pump-leak",
    "well-falls": "pump-level",
    "dose-too-strong": "dose-ec",
    "acid-runs-out": "dose-ph",
    "probe-battery-runs-down": "probe-battery",
    "line-stops": "line-stopped",
    "line-faults": "line-stopped",
    "rejects-rise": "line-rejects",
    "cups-empty": "line-cup-fill",
    "unit-fails": "reefer-warm",
    "unit-runs-cold": "reefer-cold",
    "reefer-doors-open": "reefer-door",
    "reefer-probe-slips": "reefer-probes-differ",
    "reefer-sensor-sticks": "reefer-sensor-stuck",
    "room-falls-silent": "room-silent",
    "block-falls-silent": "block-silent",
    "pump-falls-silent": "pump-silent",
    "mixer-falls-silent": "mixer-silent",
    "soil-probe-falls-silent": "probe-silent",
    "station-falls-silent": "station-silent",
    "greenhouse-falls-silent": "greenhouse-silent",
}
"""The alarm that each kind of incident must raise."""

FOLLOWERS: Mapping[str, frozenset[str]] = {
    "warm": frozenset({"room-warm", "reefer-warm"}),
    "warms up": frozenset({"room-warming"}),
    "no cooling": frozenset({"room-compressor"}),
    "probes disagree": frozenset({"reefer-probes-differ"}),
}
"""The rules that the words of `follows` in the table of incidents mean."""

NOT_RAISED: Mapping[str, str] = {
    "room-atmosphere": "only for rooms with a controlled atmosphere, which the park has none of",
    "room-warming": "tonnes of cold fruit keep a room from warming by 3 K in half an hour",
}
"""Rules that no incident raises, and why."""

SLACK_MS = 120_000


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return RuleSet.shipped()


@pytest.fixture(scope="module")
def plan(small_park: Park) -> SeasonPlan:
    return plan_season(small_park, season_settings(small_park, seed=SEED, year=2025))


@pytest.fixture(scope="module")
def incidents(plan: SeasonPlan) -> Sequence[Incident]:
    return plan_incidents(season_stage(plan), "all", SEED)


@pytest.fixture(scope="module")
def season(
    small_park: Park, rules: RuleSet, plan: SeasonPlan, incidents: Sequence[Incident]
) -> SeasonWatched:
    return watch(small_park, rules, plan, incidents)


def assets_of(incident: Incident) -> frozenset[str]:
    return incident.touches | {incident.asset}


def shown_during(season: SeasonWatched, incident: Incident) -> list[Shown]:
    assets = assets_of(incident)
    return [
        each
        for each in season.shown
        if each.asset in assets and incident.start_ms <= each.at_ms < incident.span[1]
    ]


def allowed_delay_ms(rules: RuleSet, incident: Incident) -> int:
    """So long after its begin an incident's alarm is there: at the latest."""
    rule = rules.rule(RULE_OF[incident.kind.name])
    otherwise_ms = [
        each.says["on_delay_s"] * 1000
        for each in rules.overrides
        if each.rule == rule.id and "on_delay_s" in each.says
    ]
    kind = KINDS[rule.kind]
    silence_ms = silence_limit_ms(kind.name) if incident.kind.name.endswith("silent") else 0
    on_delay_ms = max(rule.on_delay_ms, *otherwise_ms, 0)
    reports_ms = 2 * kind.slowest_cadence_s * 1000
    shows_ms = incident.kind.shows_s * 1000
    return int(shows_ms + on_delay_ms + silence_ms + reports_ms + SLACK_MS)


def test_every_kind_of_incident_happens(incidents: Sequence[Incident]) -> None:
    assert sorted(each.kind.name for each in incidents) == sorted(INCIDENT_KINDS)
    assert set(RULE_OF) == set(INCIDENT_KINDS)


def test_every_rule_is_raised_by_an_incident_or_the_reason_is_known(rules: RuleSet) -> None:
    ids = {rule.id for rule in rules}
    assert set(RULE_OF.values()) | set(NOT_RAISED) == ids
    assert not set(RULE_OF.values()) & set(NOT_RAISED)


@pytest.mark.parametrize("name", INCIDENT_KINDS)
def test_an_incident_is_shown_once_and_in_time(
    name: str,
    season: SeasonWatched,
    incidents: Sequence[Incident],
    rules: RuleSet,
) -> None:
    (incident,) = [each for each in incidents if each.kind.name == name]
    alarms = [each for each in shown_during(season, incident) if each.rule == RULE_OF[name]]
    assert len(alarms) == 1, shown_during(season, incident)
    late_ms = alarms[0].at_ms - incident.start_ms
    assert late_ms <= allowed_delay_ms(rules, incident)
    assert alarms[0].at_ms <= incident.end_ms


def test_what_comes_with_an_incident_was_said_beforehand(
    season: SeasonWatched, incidents: Sequence[Incident]
) -> None:
    for incident in incidents:
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for each in shown_during(season, incident):
            counts[each.rule, each.asset] += each.at_ms < incident.end_ms
        said = frozenset[str]().union(*(FOLLOWERS[word] for word in incident.kind.follows))
        assert {rule for rule, _ in counts} <= {RULE_OF[incident.kind.name], *said}, incident
        assert set(counts.values()) <= {0, 1}, incident


def test_a_centre_without_power_is_one_alarm(
    season: SeasonWatched, incidents: Sequence[Incident]
) -> None:
    (incident,) = [each for each in incidents if each.kind.name == "power-fails"]
    assert len(incident.touches) >= 3
    meanwhile = [each for each in shown_during(season, incident) if each.at_ms < incident.end_ms]
    assert [(each.rule, each.asset) for each in meanwhile] == [("centre-power", incident.asset)]
    hidden = {asset for rule, asset in season.alarms if rule == "room-power"}
    assert len(hidden & incident.touches) >= 3


def test_nothing_else_is_shown(season: SeasonWatched, incidents: Sequence[Incident]) -> None:
    explained = {each for incident in incidents for each in shown_during(season, incident)}
    assert [each for each in season.shown if each not in explained] == []


def test_in_the_end_nothing_stands(season: SeasonWatched) -> None:
    standing = [
        alarm for alarm in season.alarms.values() if alarm.is_active and not alarm.is_suppressed
    ]
    assert standing == []
