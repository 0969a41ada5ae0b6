"""Who hears of which alarms: the file, areas, priorities, shifts, quiet hours."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.alarms.model import Priority
from ingest.alarms.notify.file import read_plan
from ingest.alarms.notify.plan import NotifyPlan
from ingest.alarms.rules.rule import RuleSet
from ingest.errors import RoutesError
from park.assets import ColdRoom, Park
from park.times import from_epoch_ms, to_epoch_ms

SMTP = '[smtp]\nhost = "127.0.0.1"\nsender = "park@example.com"\n'
SHIFT = '[[recipients]]\nid = "shift"\nemails = ["shift@example.com"]\n'
BOSS = (
    '[[recipients]]\nid = "boss"\nwebhooks = ["http://127.0.0.1:9/hook"]\nquiet = "22:00-06:00"\n'
)


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return RuleSet.shipped()


def plan_of(text: str, park: Park, rules: RuleSet, folder: Path) -> NotifyPlan:
    path = folder / "routes.toml"
    path.write_text(text, "utf-8")
    return read_plan(path, park, rules)


def at(clock: str, day: int = 5) -> int:
    """Epoch milliseconds of a time of the park's clock; 5 October 2026 is a Monday."""
    hour, minute = map(int, clock.split(":"))
    return to_epoch_ms(datetime(2026, 10, day, hour, minute, tzinfo=UTC)) - 8 * 3_600_000


def hearers(plan: NotifyPlan, park: Park, asset: str, priority: Priority, now_ms: int) -> list[str]:
    routes = plan.routes_of(park, asset, "any-rule", priority, now_ms)
    return [name for _, route in routes for name in route.to]


def test_an_area_holds_all_that_lies_in_it(
    small_park: Park, rules: RuleSet, tmp_path: Path
) -> None:
    rooms = [asset for asset in small_park.assets.values() if isinstance(asset, ColdRoom)]
    room, centre = rooms[0].id, rooms[0].parent
    other = next(each.id for each in rooms if each.parent != centre)
    text = f'{SMTP}{SHIFT}[[routes]]\nto = ["shift"]\nareas = ["{centre}"]\n'
    plan = plan_of(text, small_park, rules, tmp_path)
    assert hearers(plan, small_park, room, Priority.LOW, at("12:00")) == ["shift"]
    assert hearers(plan, small_park, other, Priority.LOW, at("12:00")) == []


def test_a_route_takes_its_priorities_only(
    small_park: Park, rules: RuleSet, tmp_path: Path
) -> None:
    text = f'{SMTP}{SHIFT}[[routes]]\nto = ["shift"]\npriorities = ["critical", "high"]\n'
    plan = plan_of(text, small_park, rules, tmp_path)
    assert hearers(plan, small_park, "room-0001", Priority.HIGH, at("12:00")) == ["shift"]
    assert hearers(plan, small_park, "room-0001", Priority.LOW, at("12:00")) == []


@pytest.mark.parametrize(
    ("clock", "day", "hears"),
    [
        ("21:59", 5, []),
        ("22:00", 5, ["shift"]),
        ("05:59", 6, ["shift"]),
        ("06:00", 6, []),
        ("23:00", 6, []),
        ("02:00", 5, []),
    ],
)
def test_a_night_shift_belongs_to_the_day_on_which_it_begins(
    small_park: Park, rules: RuleSet, tmp_path: Path, clock: str, day: int, hears: list[str]
) -> None:
    text = f'{SMTP}{SHIFT}[[routes]]\nto = ["shift"]\nhours = "22:00-06:00"\ndays = ["mon"]\n'
    plan = plan_of(text, small_park, rules, tmp_path)
    assert hearers(plan, small_park, "room-0001", Priority.LOW, at(clock, day)) == hears


@pytest.mark.parametrize(
    ("priority", "clock", "due"),
    [
        (Priority.HIGH, "12:00", "12:00"),
        (Priority.HIGH, "23:00", "06:00"),
        (Priority.LOW, "05:00", "06:00"),
        (Priority.CRITICAL, "23:00", "23:00"),
    ],
)
def test_quiet_hours_hold_back_all_but_the_most_urgent(
    small_park: Park, rules: RuleSet, tmp_path: Path, priority: Priority, clock: str, due: str
) -> None:
    text = f'gather_s = 0\n{BOSS}[[routes]]\nto = ["boss"]\n'
    plan = plan_of(text, small_park, rules, tmp_path)
    due_ms = plan.due_ms(plan.recipients["boss"], priority, at(clock))
    assert plan.local(due_ms).strftime("%H:%M") == due
    assert from_epoch_ms(due_ms) >= from_epoch_ms(at(clock))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recipients = [", "no TOML"),
        (f'{SMTP}{SHIFT}[[routes]]\nto = ["nobody"]\n', "no recipient 'nobody'"),
        (f'{SMTP}{SHIFT}[[routes]]\nto = ["shift"]\nareas = ["moon"]\n', "no asset 'moon'"),
        (f'{SMTP}{SHIFT}[[routes]]\nto = ["shift"]\nrules = ["moon"]\n', "no alarm rule 'moon'"),
        (f'{SMTP}{SHIFT}[[routes]]\nto = ["shift"]\nhours = "8-20"\n', "22:00-06:00"),
        (f'{SMTP}{SHIFT}[[routes]]\nto = ["shift"]\npriorities = ["urgent"]\n', "critical"),
        (f'{SMTP}{SHIFT}[[routes]]\nto = ["shift"]\nescalate_after_min = 5\n', "escalate_to"),
        (f'{SHIFT}[[routes]]\nto = ["shift"]\n', "smtp"),
        (f'{SMTP}{SHIFT}{SHIFT}[[routes]]\nto = ["shift"]\n', "two recipients"),
        (f'{SMTP}[[recipients]]\nid = "x"\n[[routes]]\nto = ["x"]\n', "emails or webhooks"),
        (f'{SMTP}{SHIFT}colour = 1\n[[routes]]\nto = ["shift"]\n', "recipients.0.colour"),
        (f'{SMTP}{SHIFT}secret_file = "none"\n[[routes]]\nto = ["shift"]\n', "none"),
        (f"{SMTP}{SHIFT}", "routes"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(
    small_park: Park, rules: RuleSet, tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(RoutesError, match=said):
        plan_of(text, small_park, rules, tmp_path)


def test_secrets_lie_in_files_beside_it(small_park: Park, rules: RuleSet, tmp_path: Path) -> None:
    (tmp_path / "word").write_text("hush\n", "utf-8")
    text = f'{BOSS}secret_file = "word"\n[[routes]]\nto = ["boss"]\n'
    plan = plan_of(text, small_park, rules, tmp_path)
    assert plan.recipients["boss"].secret == "hush"  # noqa: S105 - of this test
