"""Files of rules: what comes with agripark, what a user's file changes, what is refused."""

from pathlib import Path

import pytest

from ingest.alarms.conditions.programs import ProgramBook
from ingest.alarms.model import Priority
from ingest.alarms.rules.file import load
from ingest.alarms.rules.rule import Limit, Rule, RuleSet
from ingest.alarms.rules.scope import Season, Spot
from ingest.errors import RulesError

_JUNE_MS, _NOVEMBER_MS = 1_687_000_000_000, 1_700_000_000_000
_HOUR_MS = 3_600_000


def _load(folder: Path, text: str) -> RuleSet:
    path = folder / "own.toml"
    path.write_text(text)
    return load(path)


def _rules_of(rules: RuleSet, spot: Spot, at_ms: int = _JUNE_MS) -> dict[str, Rule]:
    chosen = ProgramBook(rules, 8 * _HOUR_MS).choose(spot, "cold_room", at_ms, has_nominal=False)
    return dict(chosen.program.by_id)


def _limit(rule: Rule) -> Limit:
    assert isinstance(rule.check, Limit)
    return rule.check


def test_the_shipped_rules_are_whole() -> None:
    rules = RuleSet.shipped()
    assert {rule.kind for rule in rules} >= {"cold_room", "irrigation_block", "reefer"}
    assert all(rule.title.zh and rule.advice.en and rule.advice.zh for rule in rules)
    assert rules.rule("room-warm").priority is Priority.HIGH
    assert rules.find("no-such-rule") is None


def test_a_rule_of_the_user_changes_what_it_says_and_leaves_the_rest(tmp_path: Path) -> None:
    rules = _load(
        tmp_path,
        '[[rules]]\nid = "room-warm"\npriority = "critical"\nlimit = { above_k = 2.0 }\n',
    )
    changed, shipped = rules.rule("room-warm"), RuleSet.shipped().rule("room-warm")
    assert changed.priority is Priority.CRITICAL
    assert _limit(changed).above == 2.0
    assert _limit(changed).deadband == _limit(shipped).deadband
    assert changed.title == shipped.title


def test_a_rule_of_the_user_with_a_new_id_is_added(tmp_path: Path) -> None:
    rules = _load(
        tmp_path,
        """
        [[rules]]
        id = "room-ethylene"
        kind = "cold_room"
        title = { en = "Ethylene", zh = "乙烯" }
        advice = { en = "Air it.", zh = "通风。" }
        priority = "low"
        limit = { field = "ethylene_ppm", above_ppm = 5 }
        """,
    )
    assert len(rules) == len(RuleSet.shipped()) + 1
    assert rules.rule("room-ethylene").fields == ("ethylene_ppm",)


def test_another_check_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    text = '[[rules]]\nid = "room-warm"\nstuck = { field = "air_temp_c" }\n'
    assert not isinstance(_load(tmp_path, text).rule("room-warm").check, Limit)


@pytest.mark.parametrize(
    ("spot", "below_c"),
    [(Spot("room-0001", "centre-01", "jujube"), -1.5), (Spot("room-0003", None, "apple"), -1.0)],
)
def test_an_override_holds_for_its_crop(spot: Spot, below_c: float) -> None:
    assert _limit(_rules_of(RuleSet.shipped(), spot)["room-cold"]).below == below_c


def test_an_override_holds_in_its_season() -> None:
    spot = Spot("room-0001", "centre-01", "jujube")
    rules = RuleSet.shipped()
    assert _rules_of(rules, spot, _JUNE_MS)["room-door"].on_delay_ms == 300_000
    assert _rules_of(rules, spot, _NOVEMBER_MS)["room-door"].on_delay_ms == 1_500_000


def test_a_controlled_atmosphere_has_rules_of_its_own(tmp_path: Path) -> None:
    rules = _load(tmp_path, '[groups]\ncontrolled-atmosphere = ["room-01*"]\n')
    ordinary = _rules_of(rules, Spot("room-0001", "centre-01", "jujube"))
    controlled = _rules_of(rules, Spot("room-0100", "centre-01", "jujube"))
    apples = _rules_of(rules, Spot("room-0101", "centre-01", "apple"))
    assert "room-atmosphere" not in ordinary
    assert _limit(controlled["room-atmosphere"]).below == 3.0
    assert _limit(apples["room-atmosphere"]).below == 1.2


def test_the_last_override_that_fits_wins(tmp_path: Path) -> None:
    rules = _load(
        tmp_path,
        """
        [[overrides]]
        rule = "room-cold"
        centres = ["centre-02"]
        says = { enabled = false }
        [[overrides]]
        rule = "room-cold"
        assets = ["room-0002"]
        says = { enabled = true, limit = { below_c = -0.8 } }
        """,
    )
    assert "room-cold" not in _rules_of(rules, Spot("room-0004", "centre-02", "apple"))
    room = _rules_of(rules, Spot("room-0002", "centre-02", "apple"))
    assert _limit(room["room-cold"]).below == -0.8


@pytest.mark.parametrize(
    ("day", "holds"), [(19_692, False), (19_700, False), (19_723, True), (19_782, True)]
)
def test_a_season_may_go_over_the_new_year(day: int, *, holds: bool) -> None:
    # 2023-12-01, 2023-12-09, 2024-01-01, 2024-02-29
    assert Season((12, 10), (2, 29)).holds(day) is holds


_NEW = """
[[rules]]
id = "own"
kind = "cold_room"
title = { en = "a", zh = "b" }
advice = { en = "a", zh = "b" }
priority = "low"
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[rules", "is no TOML"),
        ("rules = 1", "own.toml, rules: must be tables"),
        ("[rule]\nid = 1", "own.toml, rule: isn't known"),
        ('[[rules]]\nid = "room-warm"\nlimits = 1', "rule room-warm, limits: isn't known"),
        ('[[rules]]\nid = "room-warm"\nlimit.above_c = 1', "limit.above_c: isn't known here"),
        ('[[rules]]\nid = "room-warm"\nlimit.above_k = "1"', "rule room-warm, limit.above_k"),
        ('[[rules]]\nid = "room-warm"\non_delay_s = -1', "rule room-warm, on_delay_s"),
        ('[[rules]]\nid = "room-warm"\npriority = "high!"', "rule room-warm, priority"),
        (_NEW, "rule own: give exactly one of limit"),
        (_NEW + 'limit = { field = "nope", above_c = 1 }', "a cold_room has no field 'nope'"),
        (_NEW + 'limit = { field = "air_temp_c" }', "give above_c or below_c"),
        (_NEW + 'limit = { field = "air_temp_c", of = "co2_pct", above_k = 1 }', "limit.of"),
        (_NEW + 'limit = { field = "air_temp_c", of = "nominal", above_pct = 1 }', "no cold_room"),
        (_NEW + 'equals = { field = "door_open", one_of = ["yes"] }', "true and false"),
        (_NEW + 'stuck = { field = "air_temp_c" }', "on_delay_s: a stuck sensor"),
        (_NEW + 'spread = { fields = ["air_temp_c", "co2_pct"], above_k = 1 }', "same unit"),
        (_NEW + 'season = "13-01..02-01"\nstuck = { field = "air_temp_c" }', "rule own, season"),
        (_NEW + "balance = { above_m3h = 1, above_pct = 1 }", "pump_head"),
        (
            _NEW + 'flood = { causes = ["x"], share_pct = 50, within_s = 9, least_rooms = 2 }',
            "'x' is no other rule",
        ),
        ('[[overrides]]\nrule = "x"\nsays = { enabled = true }', "overrides[4], rule: no rule"),
        (
            '[[overrides]]\nrule = "room-cold"\nsays = { limit = { above_k = 1 } }',
            "overrides[4], says.limit.above_k",
        ),
        (
            '[[overrides]]\nrule = "room-cold"\nsays = { priority = "low" }',
            "says.priority: is the same everywhere",
        ),
        (
            '[[overrides]]\nrule = "room-cold"\ngroup = "g"\nsays = { enabled = true }',
            "no group 'g'",
        ),
        (
            "[[maintenance]]\nfrom = 2026-01-02T00:00:00Z\nuntil = 2026-01-01T00:00:00Z",
            "maintenance[0]: until must be later",
        ),
        ("[modes]\nlast_known_s = -1", "modes, last_known_s"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(RulesError) as refused:
        _load(tmp_path, text)
    assert words in str(refused.value)
    assert "own.toml" in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"none\.toml: can't be read"):
        load(tmp_path / "none.toml")
