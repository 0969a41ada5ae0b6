"""From scans to events: each step as EPCIS 2.0 has it, and what the park's definition refuses."""

import re
from typing import Any

import pytest

from park.assets import Park
from park.gs1 import sscc_uri
from park.scans import Scan
from tests.support.scanning import Scans
from traceability.epcis.contexts import OWN
from traceability.epcis.jsonld.reading import read_event
from traceability.epcis.jsonld.writing import write_event
from traceability.steps.to_events import event_of

# The words that CBV 2.0 defines, of those that a park may need.
BIZ_STEPS = {"commissioning", "storing", "packing", "shipping", "receiving"}
DISPOSITIONS = {"active", "in_progress", "in_transit"}
LINK = re.compile(r"https://id\.gs1\.org/(00/\d{18}|01/\d{14}/10/\S+|414/\d{13}(/254/\S+)?)")
FIELDS = {
    "ObjectEvent": {"action", "epcList", "quantityList", "ilmd"},
    "AggregationEvent": {"action", "parentID", "childEPCs", "childQuantityList"},
    "TransformationEvent": {"inputQuantityList", "outputQuantityList", "ilmd"},
}
COMMON = {
    "type",
    "eventID",
    "eventTime",
    "eventTimeZoneOffset",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "sourceList",
    "destinationList",
}


@pytest.fixture
def steps(scans: Scans) -> dict[str, Scan]:
    return scans.of_every_step()


@pytest.fixture
def written(steps: dict[str, Scan], small_park: Park) -> dict[str, dict[str, Any]]:
    return {name: write_event(event_of(scan, small_park)) for name, scan in steps.items()}


def test_every_step_is_an_event_as_the_standard_has_it(
    written: dict[str, dict[str, Any]],
) -> None:
    for name, event in written.items():
        standard = {field for field in event if ":" not in field}
        assert standard <= COMMON | FIELDS[event["type"]], name
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", event["eventID"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["eventTime"])
        assert re.fullmatch(r"[+-]\d\d:\d\d", event["eventTimeZoneOffset"])
        assert event["bizStep"] in BIZ_STEPS
        assert event["disposition"] in DISPOSITIONS
        assert ("action" in event) == (event["type"] != "TransformationEvent")
        assert "ilmd" not in event or event["action"] == "ADD"
        assert event["agripark:step"] == name


def test_things_and_places_are_digital_links_in_canonical_form(
    written: dict[str, dict[str, Any]],
) -> None:
    for event in written.values():
        links = [event["readPoint"]["id"], *event.get("epcList", [])]
        links += [event[place]["id"] for place in ("bizLocation",) if place in event]
        links += [event[parent] for parent in ("parentID",) if parent in event]
        for field in ("quantityList", "childQuantityList", "inputQuantityList"):
            for quantity in event.get(field, []):
                assert quantity["uom"] == "KGM"
                links.append(quantity["epcClass"])
        for link in links:
            assert LINK.fullmatch(link), link


def test_reading_an_event_and_writing_it_again_changes_nothing(
    written: dict[str, dict[str, Any]],
) -> None:
    for event in written.values():
        assert write_event(read_event(event, OWN)) == event


def test_a_harvest_commissions_the_lot_with_its_master_data(
    written: dict[str, dict[str, Any]],
) -> None:
    event = written["harvest"]
    assert (event["action"], event["bizStep"], event["disposition"]) == (
        "ADD",
        "commissioning",
        "active",
    )
    assert event["quantityList"][0]["quantity"] == 1000.5
    assert event["ilmd"]["cbvmda:lotNumber"] == "A/1"
    assert event["ilmd"]["agripark:orchardRegistration"] == "1400GY0001"


def test_into_and_out_of_a_room_differ_by_where_the_fruit_is_afterwards(
    written: dict[str, dict[str, Any]],
) -> None:
    into, out = written["store_in"], written["store_out"]
    assert into["bizStep"] == out["bizStep"] == "storing"
    assert into["readPoint"] == out["readPoint"] == into["bizLocation"]
    assert into["bizLocation"]["id"].endswith("/254/room-0001")
    assert out["bizLocation"]["id"] == into["bizLocation"]["id"].removesuffix("/254/room-0001")


def test_a_sorting_run_transforms_and_tells_its_loss(written: dict[str, dict[str, Any]]) -> None:
    event = written["sort"]
    assert event["type"] == "TransformationEvent"
    assert [each["quantity"] for each in event["outputQuantityList"]] == [900, 80]
    assert event["agripark:lossKg"] == 19


def test_a_pallet_is_the_parent_of_its_cartons(
    written: dict[str, dict[str, Any]], scans: Scans
) -> None:
    event = written["palletise"]
    assert (event["type"], event["action"]) == ("AggregationEvent", "ADD")
    assert event["parentID"] == sscc_uri(scans.pallet(1))


def test_fruit_on_the_road_is_in_no_place_and_has_a_despatch_advice(
    written: dict[str, dict[str, Any]],
) -> None:
    event = written["ship"]
    assert event["disposition"] == "in_transit"
    assert "bizLocation" not in event
    assert event["bizTransactionList"] == written["receive"]["bizTransactionList"]
    assert event["bizTransactionList"][0]["type"] == "desadv"
    assert event["bizTransactionList"][0]["bizTransaction"].endswith(":S-1")
    assert event["sourceList"][0]["source"] == event["readPoint"]["id"]
    assert event["destinationList"][0]["destination"] == written["receive"]["readPoint"]["id"]
    assert event["agripark:reefer"] == "reefer-001"


def test_times_at_the_park_are_told_with_its_offset(written: dict[str, dict[str, Any]]) -> None:
    offsets = {name: event["eventTimeZoneOffset"] for name, event in written.items()}
    assert offsets.pop("receive") == "+00:00"
    assert set(offsets.values()) == {"+08:00"}


def test_a_pallet_named_twice_stands_once_in_the_event(small_park: Park, scans: Scans) -> None:
    pallet = scans.pallet(1)
    event = write_event(event_of(scans.ship("S-1", pallet, pallet), small_park))
    assert event["epcList"] == [sscc_uri(pallet)]
