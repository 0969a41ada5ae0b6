"""EPCIS 2.0 JSON-LD: what is read, kept, written and refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from traceability.epcis.jsonld import document, read_event, with_context, write_event
from traceability.epcis.model import AggregationEvent, ObjectEvent, TransformationEvent
from traceability.errors import EventFormatError

COMMON = {
    "eventID": "urn:uuid:0b1f2a3c-0000-7000-8000-000000000001",
    "eventTime": "2026-10-12T03:04:05.678Z",
    "eventTimeZoneOffset": "+08:00",
}
LOT = "https://id.gs1.org/01/09521321000018/10/A"
PALLET = "https://id.gs1.org/00/095213210000000018"

OBSERVED: dict[str, Any] = {
    "type": "ObjectEvent",
    **COMMON,
    "recordTime": "2026-10-12T03:04:06.000Z",
    "action": "OBSERVE",
    "epcList": [PALLET],
    "quantityList": [
        {"epcClass": LOT, "quantity": 12.5, "uom": "KGM"},
        {"epcClass": LOT, "quantity": 200},
    ],
    "bizStep": "shipping",
    "disposition": "in_transit",
    "readPoint": {"id": "https://id.gs1.org/414/9521321003019"},
    "bizLocation": {"id": "https://id.gs1.org/414/9521321003019"},
    "bizTransactionList": [
        {"type": "desadv", "bizTransaction": "urn:epcglobal:cbv:bt:9521321000018:S-1"},
        {"bizTransaction": "https://example.com/orders/1"},
    ],
    "sourceList": [{"type": "location", "source": "https://id.gs1.org/414/9521321003019"}],
    "destinationList": [
        {"type": "owning_party", "destination": "https://id.gs1.org/417/9521321005013"}
    ],
    "example:note": {"example:deep": [1, {"example:deeper": None}]},
}
AGGREGATED: dict[str, Any] = {
    "type": "AggregationEvent",
    **COMMON,
    "action": "ADD",
    "parentID": PALLET,
    "childEPCs": ["https://id.gs1.org/01/09521321000018/21/1"],
    "childQuantityList": [{"epcClass": LOT, "quantity": 5}],
}
TRANSFORMED: dict[str, Any] = {
    "type": "TransformationEvent",
    **COMMON,
    "inputEPCList": ["https://id.gs1.org/01/09521321000018/21/1"],
    "inputQuantityList": [{"epcClass": LOT, "quantity": 5, "uom": "KGM"}],
    "outputEPCList": ["https://id.gs1.org/01/09521321000018/21/2"],
    "outputQuantityList": [{"epcClass": LOT, "quantity": 5, "uom": "KGM"}],
    "transformationID": "urn:uuid:0b1f2a3c-0000-7000-8000-000000000009",
    "ilmd": {"cbvmda:lotNumber": "A"},
}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (OBSERVED, ObjectEvent),
        (AGGREGATED, AggregationEvent),
        (TRANSFORMED, TransformationEvent),
    ],
    ids=["object", "aggregation", "transformation"],
)
def test_what_is_read_is_written_again_unchanged(body: dict[str, Any], kind: type) -> None:
    event = read_event(body)
    assert isinstance(event, kind)
    assert write_event(event) == body


def test_other_forms_of_a_time_become_utc() -> None:
    event = read_event({**OBSERVED, "eventTime": "2026-10-12T11:04:05+08:00"})
    assert write_event(event)["eventTime"] == "2026-10-12T03:04:05.000Z"


def test_a_document_has_context_version_and_body() -> None:
    written = document([OBSERVED], datetime(2026, 10, 12, tzinfo=UTC))
    assert written["@context"] == [
        "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        {"agripark": "https://agripark.example/epcis/"},
    ]
    assert (written["type"], written["schemaVersion"]) == ("EPCISDocument", "2.0")
    assert written["creationDate"] == "2026-10-12T00:00:00.000Z"
    assert written["epcisBody"]["eventList"] == [OBSERVED]


def test_an_event_on_its_own_carries_the_context_first() -> None:
    assert next(iter(with_context(OBSERVED))) == "@context"
    assert write_event(read_event(with_context(OBSERVED))) == OBSERVED


WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (OBSERVED, {"type": "Event"}, "type"),
    (OBSERVED, {"type": None}, "type"),
    (OBSERVED, {"eventID": ""}, "eventID"),
    (OBSERVED, {"eventTime": "2026-10-12"}, "eventTime"),
    (OBSERVED, {"eventTime": 5}, "eventTime"),
    (OBSERVED, {"eventTimeZoneOffset": "+8"}, "eventTimeZoneOffset"),
    (OBSERVED, {"eventTimeZoneOffset": "+15:00"}, "eventTimeZoneOffset"),
    (OBSERVED, {"action": "MOVE"}, "action"),
    (OBSERVED, {"epcList": PALLET}, "epcList"),
    (OBSERVED, {"epcList": [1]}, "epcList[0]"),
    (OBSERVED, {"epcList": [PALLET, PALLET]}, "epcList"),
    (OBSERVED, {"epcList": [], "quantityList": []}, "epcList"),
    (OBSERVED, {"quantityList": [5]}, "quantityList[0]"),
    (OBSERVED, {"quantityList": [{"epcClass": LOT, "quantity": "5"}]}, "quantityList[0].quantity"),
    (OBSERVED, {"quantityList": [{"epcClass": LOT, "quantity": True}]}, "quantityList[0].quantity"),
    (OBSERVED, {"quantityList": [{"epcClass": LOT, "quantity": -1}]}, "quantityList[0].quantity"),
    (OBSERVED, {"quantityList": [{"quantity": 1}]}, "quantityList[0].epcClass"),
    (
        OBSERVED,
        {"quantityList": [{"epcClass": LOT, "quantity": 1, "uom": "kg"}]},
        "quantityList[0].uom",
    ),
    (OBSERVED, {"readPoint": "x"}, "readPoint"),
    (OBSERVED, {"readPoint": {}}, "readPoint.id"),
    (OBSERVED, {"sourceList": [{"source": "x"}]}, "sourceList[0].type"),
    (
        OBSERVED,
        {"bizTransactionList": [{"type": "desadv"}]},
        "bizTransactionList[0].bizTransaction",
    ),
    (OBSERVED, {"ilmd": {"cbvmda:lotNumber": "A"}}, "ilmd"),
    (OBSERVED, {"ilmd": []}, "ilmd"),
    (OBSERVED, {"parentID": PALLET}, "parentID"),
    (OBSERVED, {"note": "no namespace"}, "note"),
    (AGGREGATED, {"parentID": None}, "parentID"),
    (AGGREGATED, {"childEPCs": [], "childQuantityList": []}, "childEPCs"),
    (TRANSFORMED, {"action": "ADD"}, "action"),
    (
        TRANSFORMED,
        {
            "outputEPCList": [],
            "inputEPCList": [],
            "outputQuantityList": [],
            "inputQuantityList": [],
        },
        "inputQuantityList",
    ),
]


@pytest.mark.parametrize(("body", "change", "path"), WRONG)
def test_what_breaks_the_standard_is_refused_with_its_path(
    body: dict[str, Any], change: dict[str, Any], path: str
) -> None:
    with pytest.raises(EventFormatError) as refused:
        read_event({**body, **change})
    assert refused.value.path == path
    assert str(refused.value).startswith(path)


@pytest.mark.parametrize("field", ["eventID", "eventTime", "eventTimeZoneOffset", "action"])
def test_a_field_that_must_be_there_is_named(field: str) -> None:
    body = {name: value for name, value in OBSERVED.items() if name != field}
    with pytest.raises(EventFormatError, match=f"{field}: is missing"):
        read_event(body)


def test_a_transformation_may_be_told_in_parts_tied_by_its_id() -> None:
    outputs = {name: value for name, value in TRANSFORMED.items() if not name.startswith("input")}
    assert write_event(read_event(outputs)) == outputs
    with pytest.raises(EventFormatError):
        read_event({name: value for name, value in outputs.items() if name != "transformationID"})
