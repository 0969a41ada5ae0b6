"""Sparkplug sessions: births, data by alias, deaths, gaps and restarts."""

import contextlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codecs.sparkplug.sessions import DeviceState, Sessions, SparkplugOutcome
from ingest.element import Element
from ingest.errors import MessageError
from park.telemetry import KINDS, Kind
from tests.support.sparkplug_node import (
    BOOLEAN,
    BYTES,
    DOUBLE,
    FLOAT,
    INT16,
    INT64,
    STRING,
    EdgeNode,
    M,
    payload,
)

_NOW_MS = 1_760_238_300_000
_TS = _NOW_MS - 500
_KIND_OF_ASSET = {
    "room-0001": KINDS["cold_room"],
    "room-0002": KINDS["cold_room"],
    "line-01": KINDS["sorting_line"],
}


def asset_kind(asset: str) -> Kind | None:
    return _KIND_OF_ASSET.get(asset)


class Listener:
    """Hands a node's messages to sessions, with a clock that can be moved."""

    def __init__(
        self, names: Mapping[str, str] | None = None, assets: Mapping[str, str] | None = None
    ) -> None:
        self.sessions = Sessions(asset_kind, names=names, assets=assets)
        self.now_ms = _NOW_MS

    def hear(self, message: tuple[str, bytes]) -> SparkplugOutcome:
        return self.sessions.receive(*message, self.now_ms)

    def due(self) -> list[tuple[str, str]]:
        return self.sessions.due(self.now_ms)


def born(listener: Listener, node: EdgeNode) -> None:
    """Birth of a node and of the device room-0001, whose metrics have aliases 1 to 3."""
    listener.hear(node.birth(ts=_TS))
    outcome = listener.hear(
        node.device_birth(
            "room-0001",
            M("air_temp_c", -0.5, FLOAT, alias=1, ts=_TS),
            M("door_open", 0, BOOLEAN, alias=2, ts=_TS),
            M("setpoint_c", -1, INT16, alias=3, ts=_TS),
            ts=_TS,
        )
    )
    assert not outcome.faults


def by_alias(value: float, *, alias: int = 1, ts: int = _TS) -> M:
    return M(None, value, FLOAT, alias=alias, ts=ts, with_datatype=False)


def codes(outcome: SparkplugOutcome) -> list[str]:
    return [fault.code for fault in outcome.faults]


# Births and data


def test_the_values_of_a_birth_are_a_reading() -> None:
    listener, node = Listener(), EdgeNode()
    listener.hear(node.birth(ts=_TS))
    birth = node.device_birth(
        "room-0001",
        M("air_temp_c", -0.5, FLOAT, ts=_TS),
        M("door_open", 0, BOOLEAN, ts=_TS),
        M("humidity_pct", None, FLOAT, ts=_TS),
        ts=_TS,
    )
    outcome = listener.hear(birth)
    assert outcome == SparkplugOutcome(
        elements=[Element("room-0001", {"ts": _TS, "air_temp_c": -0.5, "door_open": False})],
        states=[DeviceState("room-0001", online=True, time_ms=_TS)],
    )


def test_data_names_its_metrics_by_alias() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    outcome = listener.hear(
        node.device_data(
            "room-0001",
            by_alias(-0.8),
            M(None, 1, BOOLEAN, alias=2, ts=_TS, with_datatype=False),
            M(None, -2, INT16, alias=3, ts=_TS, with_datatype=False),
            ts=_TS,
        )
    )
    assert outcome.elements == [
        Element("room-0001", {"ts": _TS, "air_temp_c": -0.8, "door_open": True, "setpoint_c": -2})
    ]
    assert not outcome.faults
    assert outcome.rebirth is None


def test_data_may_name_its_metrics_in_full() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    outcome = listener.hear(
        node.device_data("room-0001", M("setpoint_c", -2, INT16, ts=_TS, with_datatype=False))
    )
    assert outcome.elements == [Element("room-0001", {"ts": _TS, "setpoint_c": -2})]


def test_metrics_of_different_times_make_different_readings() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    metrics = [by_alias(-0.8, ts=_TS), by_alias(-0.7, ts=_TS - 1000), by_alias(-0.5, alias=3)]
    outcome = listener.hear(node.device_data("room-0001", *metrics))
    assert [element.content["ts"] for element in outcome.elements] == [_TS, _TS - 1000]


@pytest.mark.parametrize(
    ("metric_ts", "payload_ts", "expected"),
    [(_TS, _TS - 5, _TS), (None, _TS - 5, _TS - 5), (None, None, _NOW_MS), (0, 0, _NOW_MS)],
)
def test_a_metrics_time_counts_before_the_messages(
    metric_ts: int | None, payload_ts: int | None, expected: int
) -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    metric = M("air_temp_c", -0.8, FLOAT, ts=metric_ts)
    outcome = listener.hear(node.device_data("room-0001", metric, ts=payload_ts))
    assert outcome.elements[0].content["ts"] == expected


def test_historical_values_are_kept_apart() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    past = M("air_temp_c", -0.7, FLOAT, ts=_TS - 60_000, historical=True)
    outcome = listener.hear(node.device_data("room-0001", past, by_alias(-0.8)))
    assert outcome.elements == [Element("room-0001", {"ts": _TS, "air_temp_c": -0.8})]
    assert outcome.historical == [Element("room-0001", {"ts": _TS - 60_000, "air_temp_c": -0.7})]


def test_a_node_without_devices_speaks_for_assets_by_folders() -> None:
    listener, node = Listener(), EdgeNode()
    metrics = [
        M("room-0001/air_temp_c", -0.8, FLOAT, alias=1, ts=_TS),
        M("Halls/North/room-0002/air_temp_c", -0.6, FLOAT, alias=2, ts=_TS),
    ]
    outcome = listener.hear(node.birth(*metrics, ts=_TS))
    assert outcome.elements == [
        Element("room-0001", {"ts": _TS, "air_temp_c": -0.8}),
        Element("room-0002", {"ts": _TS, "air_temp_c": -0.6}),
    ]
    assert [state.asset for state in outcome.states] == ["room-0001", "room-0002"]
    assert not outcome.faults
    outcome = listener.hear(node.data(by_alias(-0.5, alias=2)))
    assert outcome.elements == [Element("room-0002", {"ts": _TS, "air_temp_c": -0.5})]
    outcome = listener.hear(node.death())
    assert outcome.states == [
        DeviceState("room-0001", online=False, time_ms=_NOW_MS),
        DeviceState("room-0002", online=False, time_ms=_NOW_MS),
    ]


def test_a_folder_that_is_no_asset_leaves_the_metric_to_the_device() -> None:
    listener, node = Listener(), EdgeNode()
    listener.hear(node.birth())
    metric = M("Inputs/air_temp_c", -0.8, FLOAT, ts=_TS)
    outcome = listener.hear(node.device_birth("room-0001", metric))
    assert outcome.elements == [Element("room-0001", {"ts": _TS, "air_temp_c": -0.8})]


@pytest.mark.parametrize("path", ["linyi/gateway-1/PLC 7", "gateway-1/PLC 7", "PLC 7"])
def test_names_of_ones_own_can_be_mapped(path: str) -> None:
    names = {"Raumtemperatur": "air_temp_c", "Linie/Status": "line-01/state"}
    listener, node = Listener(names, {path: "room-0001"}), EdgeNode()
    listener.hear(node.birth())
    outcome = listener.hear(
        node.device_birth(
            "PLC 7",
            M("Raumtemperatur", -0.8, FLOAT, ts=_TS),
            M("Linie/Status", "running", STRING, ts=_TS),
        )
    )
    assert outcome.elements == [
        Element("room-0001", {"ts": _TS, "air_temp_c": -0.8}),
        Element("line-01", {"ts": _TS, "state": "running"}),
    ]


def test_a_node_can_be_mapped_to_an_asset() -> None:
    listener, node = Listener(assets={"linyi/gateway-1": "room-0001"}), EdgeNode()
    outcome = listener.hear(node.birth(M("air_temp_c", -0.8, FLOAT, ts=_TS)))
    assert outcome.elements == [Element("room-0001", {"ts": _TS, "air_temp_c": -0.8})]


def test_metrics_without_a_field_are_told_of_once() -> None:
    listener, node = Listener(), EdgeNode()
    listener.hear(node.birth(M("Properties/Hardware", "x", STRING)))
    metrics = [
        M("colour", 5.0, DOUBLE, alias=7),
        M("Device Control/Reboot", 0, BOOLEAN),
    ]
    outcome = listener.hear(node.device_birth("room-0001", *metrics))
    assert [(fault.code, fault.detail) for fault in outcome.faults] == [
        (
            "sparkplug-unmapped-metric",
            "linyi/gateway-1/room-0001 has metrics that are left out for want of a field: colour",
        )
    ]
    outcome = listener.hear(node.device_data("room-0001", by_alias(5, alias=7)))
    assert outcome == SparkplugOutcome()
    outcome = listener.hear(node.device_data("room-0001", M("Not Yet Seen", 1.0)))
    assert codes(outcome) == ["sparkplug-unmapped-metric"]
    outcome = listener.hear(node.device_data("room-0001", M("Not Yet Seen", 1.0)))
    assert not outcome.faults


def test_a_device_that_is_no_asset_is_named() -> None:
    listener, node = Listener(), EdgeNode()
    listener.hear(node.birth())
    outcome = listener.hear(node.device_birth("PLC 7", M("air_temp_c", -0.8, FLOAT)))
    assert "'PLC 7' is no asset of this park" in outcome.faults[0].detail


def test_values_that_are_no_readings_are_left_out() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    outcome = listener.hear(
        node.device_data(
            "room-0001",
            M("air_temp_c", None, FLOAT),
            M("humidity_pct", 93.0, FLOAT, transient=True),
            M("co2_pct", 0.4, FLOAT, quality=0),
            M("o2_pct", 20.1, FLOAT, quality=192, ts=_TS),
            M("power_kw", b"\x00", BYTES),
        )
    )
    assert outcome.elements == [Element("room-0001", {"ts": _TS, "o2_pct": 20.1})]
    assert [(fault.code, fault.detail) for fault in outcome.faults] == [
        ("sparkplug-bad-quality", "linyi/gateway-1/room-0001 marks as bad or stale: co2_pct"),
        ("wrong-type", "linyi/gateway-1/room-0001 sent no plain value for: power_kw"),
    ]


# Deaths


def test_a_nodes_death_takes_its_devices_with_it() -> None:
    listener, node = Listener(), EdgeNode(bd_seq=3)
    born(listener, node)
    listener.hear(node.device_birth("room-0002", M("air_temp_c", -0.8, FLOAT, alias=11)))
    outcome = listener.hear(node.death())
    assert outcome.states == [
        DeviceState("room-0001", online=False, time_ms=_NOW_MS),
        DeviceState("room-0002", online=False, time_ms=_NOW_MS),
    ]
    assert listener.hear(node.death()).states == []


def test_an_old_will_does_not_end_a_new_session() -> None:
    listener, node = Listener(), EdgeNode(bd_seq=3)
    born(listener, node)
    will = node.death()
    node.bd_seq = 4
    born(listener, node)
    assert listener.hear(will).states == []
    assert listener.hear(node.device_data("room-0001", by_alias(-0.8))).elements


def test_a_devices_death_leaves_the_node_alone() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    listener.hear(node.device_birth("room-0002", M("air_temp_c", -0.8, FLOAT, alias=11)))
    outcome = listener.hear(node.device_death("room-0001", ts=_TS))
    assert outcome.states == [DeviceState("room-0001", online=False, time_ms=_TS)]
    assert listener.hear(node.device_data("room-0002", by_alias(-0.7, alias=11))).elements
    assert codes(listener.hear(node.device_data("room-0001", by_alias(-0.7)))) == [
        "sparkplug-unknown-alias"
    ]
    assert [state.asset for state in listener.hear(node.death()).states] == ["room-0002"]


def test_a_device_that_is_not_born_again_still_dies_with_its_node() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    listener.hear(node.birth())
    assert [state.asset for state in listener.hear(node.death()).states] == ["room-0001"]


def test_a_birth_without_bdseq_is_said_and_ends_with_a_death_without_one() -> None:
    listener = Listener()
    birth = payload([M("room-0001/air_temp_c", -0.8, FLOAT)], ts=_TS, seq=0)
    outcome = listener.hear(("spBv1.0/linyi/NBIRTH/old", birth))
    assert codes(outcome) == ["sparkplug-no-bdseq"]
    assert outcome.elements
    outcome = listener.hear(("spBv1.0/linyi/NDEATH/old", payload(ts=_TS)))
    assert [state.online for state in outcome.states] == [False]


# What is missing, and rebirth


def test_data_before_a_birth_asks_for_one_and_is_read_as_far_as_it_goes() -> None:
    listener, node = Listener(), EdgeNode()
    outcome = listener.hear(
        node.device_data("room-0001", M("air_temp_c", -0.8, FLOAT, ts=_TS), by_alias(5, alias=9))
    )
    assert outcome.rebirth == ("linyi", "gateway-1")
    assert outcome.elements == [Element("room-0001", {"ts": _TS, "air_temp_c": -0.8})]
    assert [(fault.code, fault.detail) for fault in outcome.faults] == [
        (
            "sparkplug-no-birth",
            "linyi/gateway-1/room-0001 sent metrics whose birth wasn't seen; their aliases: 9",
        )
    ]


def test_an_alias_that_is_not_known_asks_for_a_birth() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    outcome = listener.hear(node.device_data("room-0001", by_alias(-0.8), by_alias(5, alias=9)))
    assert outcome.rebirth == ("linyi", "gateway-1")
    assert outcome.elements == [Element("room-0001", {"ts": _TS, "air_temp_c": -0.8})]
    assert codes(outcome) == ["sparkplug-unknown-alias"]


def test_a_devices_data_without_its_birth_asks_for_one() -> None:
    listener, node = Listener(), EdgeNode()
    listener.hear(node.birth())
    outcome = listener.hear(node.device_data("room-0001", M("air_temp_c", -0.8, FLOAT)))
    assert outcome.elements
    assert outcome.rebirth == ("linyi", "gateway-1")


def test_a_node_is_asked_once_in_thirty_seconds() -> None:
    listener, node = Listener(), EdgeNode()
    assert listener.hear(node.data(by_alias(1))).rebirth
    listener.now_ms += 29_999
    assert listener.hear(node.data(by_alias(1))).rebirth is None
    assert listener.due() == []
    listener.now_ms += 1
    assert listener.due() == [("linyi", "gateway-1")]
    assert listener.due() == []


def test_each_node_is_asked_by_itself() -> None:
    listener = Listener()
    assert listener.hear(EdgeNode(name="a").data(by_alias(1))).rebirth == ("linyi", "a")
    assert listener.hear(EdgeNode(name="b").data(by_alias(1))).rebirth == ("linyi", "b")


def test_a_birth_ends_the_question() -> None:
    listener, node = Listener(), EdgeNode()
    listener.hear(node.data(by_alias(1)))
    listener.hear(node.data(by_alias(1)))
    born(listener, node)
    listener.now_ms += 60_000
    assert listener.due() == []


def test_numbers_go_round_without_a_gap() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    for _ in range(600):
        assert listener.hear(node.device_data("room-0001", by_alias(-0.8))).rebirth is None
    listener.now_ms += 60_000
    assert listener.due() == []


def test_a_gap_is_stored_over_and_asked_about_after_some_messages() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    node.skip(2)
    asked = []
    for _ in range(8):
        outcome = listener.hear(node.device_data("room-0001", by_alias(-0.8)))
        assert outcome.elements
        asked.append(outcome.rebirth is not None)
    assert asked == [False] * 4 + [True] + [False] * 3


def test_a_gap_is_asked_about_after_five_seconds_of_silence() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    node.skip()
    listener.hear(node.device_data("room-0001", by_alias(-0.8)))
    listener.now_ms += 4_999
    assert listener.due() == []
    listener.now_ms += 1
    assert listener.due() == [("linyi", "gateway-1")]


def test_a_message_that_was_overtaken_closes_the_gap() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    first = node.device_data("room-0001", by_alias(-0.8, ts=_TS))
    second = node.device_data("room-0001", by_alias(-0.7, ts=_TS + 1))
    third = node.device_data("room-0001", by_alias(-0.6, ts=_TS + 2))
    for message in (third, second, first):
        outcome = listener.hear(message)
        assert outcome.elements
        assert outcome.rebirth is None
    for _ in range(20):
        assert listener.hear(node.device_data("room-0001", by_alias(-0.8))).rebirth is None
    listener.now_ms += 60_000
    assert listener.due() == []


def test_a_message_delivered_twice_is_no_gap() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    message = node.device_data("room-0001", by_alias(-0.8))
    assert listener.hear(message) == listener.hear(message)
    for _ in range(20):
        assert listener.hear(node.device_data("room-0001", by_alias(-0.8))).rebirth is None
    listener.now_ms += 60_000
    assert listener.due() == []


def test_a_jump_over_many_messages_is_asked_about_at_once() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    node.skip(100)
    assert listener.hear(node.device_data("room-0001", by_alias(-0.8))).rebirth


def test_commands_of_hosts_are_passed_over() -> None:
    listener = Listener()
    assert listener.hear(("spBv1.0/linyi/NCMD/gateway-1", b"\xff")) == SparkplugOutcome()


# Restart


def restarted(before: Listener) -> Listener:
    after = Listener()
    assert after.sessions.load(before.sessions.dump())
    return after


def test_aliases_and_numbers_survive_a_restart() -> None:
    listener, node = Listener(), EdgeNode(bd_seq=7)
    born(listener, node)
    listener = restarted(listener)
    outcome = listener.hear(
        node.device_data(
            "room-0001", by_alias(-0.8), M(None, -2, INT16, alias=3, ts=_TS, with_datatype=False)
        )
    )
    assert outcome.elements == [
        Element("room-0001", {"ts": _TS, "air_temp_c": -0.8, "setpoint_c": -2})
    ]
    assert outcome.rebirth is None
    assert [state.asset for state in listener.hear(node.death()).states] == ["room-0001"]


def test_messages_missed_over_a_restart_are_asked_about_at_once() -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    listener = restarted(listener)
    node.skip()
    outcome = listener.hear(node.device_data("room-0001", by_alias(-0.8)))
    assert outcome.elements
    assert outcome.rebirth


def changed_by(listener: Listener, message: tuple[str, bytes]) -> bool:
    listener.sessions.dump()
    listener.hear(message)
    return listener.sessions.changed


def test_births_and_deaths_change_the_state_and_data_does_not() -> None:
    listener, node = Listener(), EdgeNode()
    told = [
        changed_by(listener, message)
        for message in (
            node.birth(),
            node.device_birth("room-0001", M("air_temp_c", -0.8, FLOAT, alias=1)),
            node.device_data("room-0001", by_alias(-0.8)),
            node.device_death("room-0001"),
            node.death(),
        )
    ]
    assert told == [True, True, False, True, True]


@pytest.mark.parametrize(
    "state",
    [b"", b"[]", b"5", b"\xff", b'{"version":2}', b'{"version":1}', b'{"version":1,"nodes":[5]}',
     b'{"version":1,"nodes":[{"group":"g","node":"n","born":true,"bdSeq":"x"}]}',
     b"[" * 100_000],
)  # fmt: skip
def test_a_state_that_cannot_be_read_is_as_none(state: bytes) -> None:
    listener, node = Listener(), EdgeNode()
    assert not listener.sessions.load(state)
    assert listener.hear(node.data(by_alias(1))).rebirth


# Anything

_types = st.sampled_from(["NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH", "NCMD", "X"])
_topics = st.builds(
    lambda type_, device: f"spBv1.0/g/{type_}/n" + (f"/{device}" if type_[0] == "D" else ""),
    _types,
    st.sampled_from(["room-0001", "room-0002", "d"]),
)
_names = st.sampled_from(["air_temp_c", "room-0001/air_temp_c", "bdSeq", "x", "", "/", "//a"])
_metrics = st.builds(
    M,
    name=st.none() | _names,
    value=st.none() | st.integers(-(2**63), 2**63 - 1),
    datatype=st.sampled_from([INT16, INT64, BOOLEAN, DOUBLE]),
    alias=st.none() | st.integers(0, 4),
    ts=st.none() | st.integers(0, 2**64 - 1),
    historical=st.booleans(),
    with_datatype=st.booleans(),
)
_payloads = st.builds(
    payload,
    st.lists(_metrics, max_size=4),
    ts=st.none() | st.integers(0, 2**64 - 1),
    seq=st.none() | st.integers(0, 255) | st.integers(0, 2**64 - 1),
)


@given(st.lists(st.tuples(_topics | st.text(), _payloads | st.binary()), max_size=12))
def test_any_messages_are_understood_or_refused(messages: list[tuple[str, bytes]]) -> None:
    listener = Listener()
    for message in messages:
        with contextlib.suppress(MessageError):
            listener.hear(message)
        listener.now_ms += 3_000
        listener.due()
    again = restarted(listener)
    assert again.sessions.dump() == listener.sessions.dump()


@given(st.permutations(range(6)), st.integers(0, 255))
def test_messages_in_any_order_lose_no_value(order: list[int], first: int) -> None:
    listener, node = Listener(), EdgeNode()
    born(listener, node)
    for _ in range(first):
        listener.hear(node.device_data("room-0001", by_alias(0.0)))
    sent = [node.device_data("room-0001", by_alias(-0.5, ts=_TS + step)) for step in range(6)]
    heard = [listener.hear(sent[step]).elements[0].content["ts"] for step in order]
    assert set(heard) == {_TS + step for step in range(6)}
