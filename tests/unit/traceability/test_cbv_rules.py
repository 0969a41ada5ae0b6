"""Rules of the CBV: what breaks one is told, and nothing else is."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.epcis_load import document
from traceability.epcis.cbv_rules import check
from traceability.epcis.jsonld.documents import read_document
from traceability.epcis.jsonld.reading import read_event
from traceability.epcis.model import Action, AnyEvent, ObjectEvent, Party, PersistentDisposition
from traceability.epcis.sensors import SensorElement, SensorMetadata, SensorReport

SHIPPED = ObjectEvent(
    event_time=datetime(2026, 10, 1, tzinfo=UTC),
    event_time_zone_offset="+08:00",
    action=Action.OBSERVE,
    epcs=("https://id.gs1.org/00/095213210000000018",),
    biz_step="shipping",
    disposition="in_transit",
)


def test_ordinary_events_break_none() -> None:
    found = read_document(document(0, 10))
    events: list[AnyEvent] = [read_event(body, found.context) for body in found.bodies]
    assert [check(event) for event in events] == [()] * 10


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (
            replace(SHIPPED, extensions={"https://x.example/bizStep": "departing"}),
            "cbv-excluded-step",
        ),
        (replace(SHIPPED, action=Action.ADD), "cbv-step-and-action"),
        (
            replace(
                SHIPPED, persistent_disposition=PersistentDisposition(("damaged",), ("damaged",))
            ),
            "cbv-set-and-unset",
        ),
        (
            replace(SHIPPED, sources=(Party("location", "a:1"), Party("location", "a:2"))),
            "cbv-party-twice",
        ),
        (
            replace(SHIPPED, biz_step=None, action=Action.ADD, disposition="destroyed"),
            "cbv-disposition-and-action",
        ),
        (
            replace(
                SHIPPED,
                sensor_elements=(
                    SensorElement(
                        metadata=SensorMetadata(device_id="urn:x:1"),
                        reports=(SensorReport(type="Temperature", device_id="urn:x:1"),),
                    ),
                ),
            ),
            "sensor-field-twice",
        ),
    ],
)
def test_what_breaks_a_rule_is_told(event: ObjectEvent, code: str) -> None:
    assert [finding.code for finding in check(event)] == [code]
