"""The scan contract: what is read, what is refused."""

import pytest
from pydantic import ValidationError

from park.gs1 import BatchId, make_sscc
from park.scans import SCAN, SCAN_BY_ACTION, Action, HarvestScan, describe

HARVEST = {
    "id": "01998c4e-8a00-7000-8000-000000000001",
    "ts": "2025-10-02T08:00:00+08:00",
    "asset": "orchard-001",
    "action": "harvest",
    "batch": "01/09521321000018/10/LY-7",
    "qty_kg": 812.5,
}


def test_a_harvest_is_read_into_canonical_utc_values() -> None:
    scan = SCAN.validate_python(HARVEST)
    assert isinstance(scan, HarvestScan)
    assert scan.batch == BatchId("09521321000018", "LY-7")
    assert scan.ts.isoformat() == "2025-10-02T00:00:00+00:00"


def test_a_written_scan_reads_as_itself() -> None:
    scan = SCAN.validate_python(HARVEST)
    assert SCAN.validate_json(SCAN.dump_json(scan)) == scan


def test_epoch_milliseconds_are_read() -> None:
    scan = SCAN.validate_python(HARVEST | {"ts": 1_759_363_200_000})
    assert scan.ts.isoformat() == "2025-10-02T00:00:00+00:00"


def test_every_action_has_a_model() -> None:
    assert set(SCAN_BY_ACTION) == set(Action)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"batch": "01/09521321000019/10/LY-7"}, "wrong check digit 9, should be 8"),
        ({"qty_kg": -1}, "greater than 0"),
        ({"qty_kg": float("nan")}, "finite"),
        ({"qty_kg": 2e6}, "less than or equal"),
        ({"qty_kg": "812.5"}, "valid number"),
        ({"qty_kg": True}, "valid number"),
        ({"batch": {"gtin": "09521321000018", "lot": "any thing"}}, "must be text"),
        ({"ts": 1_759_363_200}, "seconds sent for milliseconds"),
        ({"ts": "2025-10-02T08:00:00"}, "offset"),
        ({"ts": "2025-02-30T08:00:00Z"}, "day is out of range"),
        ({"ts": 10**18}, "outside the calendar"),
        ({"ts": True}, "RFC 3339"),
        ({"id": "seven"}, "UUID"),
        ({"action": "teleport"}, "teleport"),
        ({"colour": "red"}, "Extra inputs"),
        ({"asset": "a b"}, "pattern"),
    ],
)
def test_a_wrong_scan_is_refused_with_its_reason(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        SCAN.validate_python(HARVEST | change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"action": "eat"}, "action must be one of harvest, store_in"),
        ({"action": None}, "action must be one of harvest, store_in"),
        ({"id": 7}, "must be a UUID, as text"),
        ({"colour": "red"}, "isn't known here; check the spelling"),
        ({"action": "receive", "pallets": []}, "must have at least 1 entry"),
        ({"action": "receive", "pallets": 7}, "must be a list"),
        ({"batch": None}, "must be text, such as 01/{gtin}/10/{lot}"),
    ],
)
def test_a_refusal_is_told_without_words_of_python(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        SCAN.validate_python(HARVEST | change)
    told = [describe(problem) for problem in refusal.value.errors()]
    assert any(text.startswith(words) for text in told)
    assert not any("Action." in text or "Value error" in text for text in told)


def test_a_pallet_with_a_wrong_check_digit_is_refused() -> None:
    sscc = make_sscc("9521321", 1)
    wrong = sscc[:-1] + str((int(sscc[-1]) + 1) % 10)
    scan = {key: HARVEST[key] for key in ("id", "ts")} | {
        "asset": "packhouse-01",
        "action": "palletise",
        "pallet": wrong,
        "contents": [{"batch": HARVEST["batch"], "qty_kg": 1}],
    }
    with pytest.raises(ValidationError, match="wrong check digit"):
        SCAN.validate_python(scan)
