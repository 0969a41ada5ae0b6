from collections.abc import Sequence
from itertools import pairwise

import orjson
import pytest

from park.telemetry import KINDS
from simulators.errors import PlanError
from simulators.faults import FAULTS, NO_FAULTS, Faults
from simulators.messages import Outgoing, ScanSent, Telemetry

TOPIC = "agripark/v1/linyi/weather/station-{}/telemetry"


def stream() -> list[Outgoing]:
    """Four hundred messages of five readings from ten stations, and a few scans."""
    found: list[Outgoing] = []
    for n in range(400):
        readings = [
            {
                "ts": f"2025-09-{1 + n // 24:02}T{n % 24:02}:{k:02}:00.000Z",
                "seq": 5 * n + k,
                "air_temp_c": 20.5,
            }
            for k in range(5)
        ]
        found.append(Telemetry(n, TOPIC.format(n % 10), orjson.dumps(readings), 5))
        if n % 50 == 0:
            found.append(ScanSent(n, "agripark/v1/linyi/orchard/orchard-001/scan", b"{}"))
    return found


def telemetry(messages: Sequence[Outgoing]) -> list[Telemetry]:
    return [message for message in messages if isinstance(message, Telemetry)]


def laid(*names: str, share: float = 0.1, seed: int = 1) -> list[Outgoing]:
    return list(Faults(names, share, seed).over(stream()))


def test_without_faults_nothing_changes() -> None:
    assert list(NO_FAULTS.over(stream())) == stream()


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_changes_telemetry_never_scans_and_repeats_by_seed(name: str) -> None:
    first = laid(name, share=0.3)
    assert first != stream()
    assert laid(name, share=0.3) == first
    assert laid(name, share=0.3, seed=2) != first
    assert [m for m in first if isinstance(m, ScanSent)] == [
        m for m in stream() if isinstance(m, ScanSent)
    ]


def test_dropout_loses_about_its_share_of_readings() -> None:
    left = telemetry(laid("dropout"))
    assert sum(m.readings for m in left) == pytest.approx(1800, rel=0.03)
    assert all(m.readings == len(orjson.loads(m.payload)) for m in left)


def test_duplicates_are_the_same_message_again() -> None:
    doubled = telemetry(laid("duplicate"))
    assert 420 < len(doubled) < 460
    assert list(dict.fromkeys(doubled)) == telemetry(stream())


def test_late_messages_come_after_later_ones_and_none_is_lost() -> None:
    late = telemetry(laid("late"))
    assert sorted(late, key=lambda m: m.at_ms) == telemetry(stream())
    assert any(later.at_ms < earlier.at_ms - 20 for earlier, later in pairwise(late))


def test_skewed_clocks_are_always_those_of_the_same_devices() -> None:
    before = {m.payload: m.topic for m in telemetry(stream())}
    skewed = {m.topic for m in telemetry(laid("skew", share=0.4)) if m.payload not in before}
    kept = {m.topic for m in telemetry(laid("skew", share=0.4)) if m.payload in before}
    assert skewed
    assert kept
    assert not skewed & kept


def test_out_of_range_values_are_out_of_the_tables_range() -> None:
    high = KINDS["weather"].fields["air_temp_c"].high
    values = [
        r["air_temp_c"] for m in telemetry(laid("out_of_range")) for r in orjson.loads(m.payload)
    ]
    assert sum(value > high for value in values) == pytest.approx(40, abs=20)


def test_an_unknown_field_is_in_no_table() -> None:
    names = {
        name
        for m in telemetry(laid("unknown_field"))
        for r in orjson.loads(m.payload)
        for name in r
    }
    assert names - set(KINDS["weather"].fields) - {"ts", "seq"} == {"vendor_reserved_7"}


def test_malformed_payloads_are_no_json_and_count_no_readings() -> None:
    broken = [m for m in telemetry(laid("malformed")) if m.readings == 0]
    assert broken
    for message in broken:
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(message.payload)


def test_faults_compose() -> None:
    both = telemetry(laid("dropout", "duplicate"))
    assert len(both) > 400
    assert sum(m.readings for m in both) < 2200


@pytest.mark.parametrize(
    ("names", "share", "named"), [(("gremlins",), 0.1, "gremlins"), ((), 1.5, "share = 1.5")]
)
def test_an_unknown_fault_or_share_is_refused(
    names: tuple[str, ...], share: float, named: str
) -> None:
    with pytest.raises(PlanError, match=named):
        Faults(names, share)
