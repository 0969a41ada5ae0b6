"""An id that claims to be an event's hash is compared with what the event says."""

import hashlib
from typing import Any

import pytest

from tests.support.event_bodies import CONTEXT
from traceability.epcis.claimed_hashes import false_hashes
from traceability.epcis.contexts import Context
from traceability.epcis.event_hash import event_hash
from traceability.epcis.jsonld.reading import read_event

BODY: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-10-12T03:04:05Z",
    "eventTimeZoneOffset": "+08:00",
    "action": "OBSERVE",
    "certificationInfo": "https://certs.example/7",
    "epcList": ["urn:epc:id:sscc:6901234.0000000001"],
    "readPoint": {"id": "urn:epc:id:sgln:6901234.00001.0", "ex:door": "west"},
    "sensorElementList": [
        {
            "sensorMetadata": {"deviceID": "urn:epc:id:giai:6901234.7", "ex:fitted": "above"},
            "sensorReport": [{"type": "Temperature", "value": -0.5, "uom": "CEL"}],
            "ex:probe": 3,
        }
    ],
    "ex:shift": "night",
}
HEAD = "eventType=ObjectEventeventTime=2026-10-12T03:04:05.000ZeventTimeZoneOffset=+08:00"
OBJECTS = "epcListepc=https://id.gs1.org/00/069012340000000016action=OBSERVE"
PLACE, DOOR = (
    "readPointid=https://id.gs1.org/414/6901234000016",
    "{http://ns.example.com/epcis/}door=west",
)
META = "sensorElementsensorMetadatadeviceID=https://id.gs1.org/8004/69012347"
FITTED = "{http://ns.example.com/epcis/}fitted=above"
REPORT = "sensorReporttype=https://ref.gs1.org/voc/Temperaturevalue=-0.5uom=CEL"
PROBE = "{http://ns.example.com/epcis/}probe=3"
SHIFT = "{http://ns.example.com/epcis/}shift=night"
LATER = HEAD + OBJECTS + PLACE + DOOR + "sensorElementList" + META + FITTED + REPORT + PROBE + SHIFT
"""What the reference tool's authors have come to call CBV 2.1."""
EARLIER = (
    HEAD
    + OBJECTS
    + PLACE
    + META
    + REPORT
    + f"readPoint{DOOR}sensorElementsensorMetadata{FITTED}{PROBE}"
    + SHIFT
)
"""And what they call CBV 2.0."""


def codes(event_id: str | None) -> list[str]:
    body = BODY if event_id is None else {**BODY, "eventID": event_id}
    return [each.code for each in false_hashes(read_event(body, Context.of(CONTEXT)))]


def ours() -> str:
    return event_hash(read_event(BODY, Context.of(CONTEXT)))


@pytest.mark.parametrize("text", [LATER, EARLIER], ids=["2.1", "2.0"])
@pytest.mark.parametrize("name", ["sha-256", "sha-512", "sha3-256"])
def test_a_hash_by_any_reading_of_the_standard_is_the_events(text: str, name: str) -> None:
    digest = hashlib.new(name.replace("sha-", "sha").replace("-", "_"), text.encode()).hexdigest()
    assert codes(f"ni:///{name};{digest}?ver=CBV2.0") == []
    assert codes(f"ni:///{name};{digest.upper()}?ver=CBV2.1") == []
    other = digest[:-1] + ("1" if digest[-1] == "0" else "0")
    assert codes(f"ni:///{name};{other}?ver=CBV2.0") == ["cbv-id-not-its-hash"]


def test_the_hash_that_we_give_is_the_events() -> None:
    assert codes(ours()) == []


def test_another_hash_is_a_finding() -> None:
    (found,) = false_hashes(
        read_event({**BODY, "eventID": ours(), "ex:shift": "day"}, Context.of(CONTEXT))
    )
    assert (found.code, found.path) == ("cbv-id-not-its-hash", "eventID")


@pytest.mark.parametrize(
    "event_id",
    [
        None,
        "urn:uuid:01998c4e-8a00-7000-8000-000000000001",
        "ni:///sha-256;UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-Q",
        "ni:///sha-256-32;f0e1d2c3?ver=CBV2.0",
        "ni:///sha-256;f0e1d2c3",
    ],
)
def test_what_claims_nothing_that_can_be_checked_is_left_alone(event_id: str | None) -> None:
    assert codes(event_id) == []
