"""EPCIS 2.0 JSON-LD: what is read, kept, written and refused."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.epcis.contexts import GS1_CONTEXT, Context
from traceability.epcis.jsonld.documents import read_document
from traceability.epcis.jsonld.reading import read_event
from traceability.epcis.jsonld.writing import document, write_event
from traceability.epcis.model import (
    AggregationEvent,
    AnyEvent,
    AssociationEvent,
    ObjectEvent,
    TransactionEvent,
    TransformationEvent,
)
from traceability.errors import InvalidDocumentError

CONTEXT = Context.of([GS1_CONTEXT, {"example": "https://ns.example.com/epcis/"}])

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
    "certificationInfo": ["https://example.com/certificates/1"],
    "persistentDisposition": {"set": ["conformant"], "unset": ["damaged"]},
    "errorDeclaration": {
        "declarationTime": "2026-10-13T00:00:00.000Z",
        "reason": "incorrect_data",
        "correctiveEventIDs": ["urn:uuid:0b1f2a3c-0000-7000-8000-000000000002"],
        "example:by": "inspector",
    },
    "sensorElementList": [
        {
            "sensorMetadata": {
                "time": "2026-10-12T03:00:00.000Z",
                "deviceID": "https://id.gs1.org/8004/9521321000171",
                "bizRules": "https://example.com/rules/1",
                "example:calibrated": "2026-09",
            },
            "sensorReport": [
                {"type": "Temperature", "value": -0.5, "sDev": 0.1, "uom": "CEL"},
                {
                    "type": "Angle",
                    "component": "latitude",
                    "value": 35.1,
                    "uom": "DD",
                    "coordinateReferenceSystem": "https://example.com/crs/84",
                },
                {"exception": "ALARM_CONDITION", "booleanValue": False, "example:code": 7},
            ],
            "example:probe": "middle",
        }
    ],
}
AGGREGATED: dict[str, Any] = {
    "type": "AggregationEvent",
    **COMMON,
    "action": "ADD",
    "parentID": PALLET,
    "childEPCs": ["https://id.gs1.org/01/09521321000018/21/1"],
    "childQuantityList": [{"epcClass": LOT, "quantity": 5}],
}
ASSOCIATED: dict[str, Any] = {**AGGREGATED, "type": "AssociationEvent", "action": "DELETE"}
TIED: dict[str, Any] = {
    "type": "TransactionEvent",
    **COMMON,
    "action": "ADD",
    "parentID": PALLET,
    "epcList": ["https://id.gs1.org/01/09521321000018/21/1"],
    "quantityList": [{"epcClass": LOT}],
    "bizTransactionList": [{"type": "po", "bizTransaction": "https://example.com/orders/1"}],
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


def read(body: dict[str, Any]) -> AnyEvent:
    return read_event(body, CONTEXT)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (OBSERVED, ObjectEvent),
        (AGGREGATED, AggregationEvent),
        (ASSOCIATED, AssociationEvent),
        (TIED, TransactionEvent),
        (TRANSFORMED, TransformationEvent),
    ],
    ids=["object", "aggregation", "association", "transaction", "transformation"],
)
def test_what_is_read_is_written_again_unchanged(body: dict[str, Any], kind: type) -> None:
    event = read(body)
    assert isinstance(event, kind)
    assert write_event(event, CONTEXT) == body


def test_one_thing_in_two_forms_is_named_twice() -> None:
    forms = ["urn:epc:id:sscc:6901234.0000000001", "https://id.gs1.org/00/069012340000000016"]
    event = read({**OBSERVED, "epcList": forms})
    assert isinstance(event, ObjectEvent)
    assert event.epcs == (forms[1], forms[1])


@pytest.mark.parametrize("empty", [None, [], {}, ""])
def test_an_extension_may_be_empty(empty: object) -> None:
    body = {**OBSERVED, "example:note": empty}
    assert write_event(read(body), CONTEXT) == body


def test_other_forms_of_a_time_become_utc() -> None:
    event = read({**OBSERVED, "eventTime": "2026-10-12T11:04:05+08:00"})
    assert write_event(event, CONTEXT)["eventTime"] == "2026-10-12T03:04:05.000Z"


def test_a_document_says_once_what_its_events_share() -> None:
    own = {"@context": CONTEXT.value, **OBSERVED}
    written = document([own, own], datetime(2026, 10, 12, tzinfo=UTC))
    assert written["@context"] == CONTEXT.value
    assert (written["type"], written["schemaVersion"]) == ("EPCISDocument", "2.0")
    assert written["creationDate"] == "2026-10-12T00:00:00.000Z"
    assert written["epcisBody"]["eventList"] == [OBSERVED, OBSERVED]


def test_events_that_mean_other_things_by_one_prefix_keep_their_contexts() -> None:
    other = [GS1_CONTEXT, {"example": "https://other.example.com/"}]
    events = [{"@context": CONTEXT.value, **OBSERVED}, {"@context": other, **OBSERVED}]
    written = document(events, datetime(2026, 10, 12, tzinfo=UTC))
    assert written["@context"] == [GS1_CONTEXT]
    assert written["epcisBody"]["eventList"] == events


@pytest.mark.parametrize("prefix", ["example", "ex"])
def test_names_are_full_whatever_the_prefix(prefix: str) -> None:
    context = Context.of([GS1_CONTEXT, {prefix: "https://ns.example.com/epcis/"}])
    body = {**AGGREGATED, f"{prefix}:a": {f"{prefix}:b": 1}}
    full = "https://ns.example.com/epcis/"
    assert read_event(body, context).extensions == {f"{full}a": {f"{full}b": 1}}


@pytest.mark.parametrize(
    "step",
    [
        "shipping",
        "cbv:BizStep-shipping",
        "urn:epcglobal:cbv:bizstep:shipping",
        "https://ref.gs1.org/cbv/BizStep-shipping",
    ],
)
def test_a_word_of_the_cbv_is_known_in_every_form(step: str) -> None:
    assert read({**OBSERVED, "bizStep": step}).biz_step == "shipping"


def test_words_of_others_are_addresses() -> None:
    step = "https://partner.example/steps/waxing"
    assert read({**OBSERVED, "bizStep": step}).biz_step == step


WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (OBSERVED, {"@context": "abc"}, "@context"),
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
    (OBSERVED, {"epcList": [], "quantityList": [], "sensorElementList": []}, "epcList"),
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
        "inputEPCList",
    ),
]


@pytest.mark.parametrize(("body", "change", "path"), WRONG)
def test_what_breaks_the_standard_is_refused_with_its_path(
    body: dict[str, Any], change: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        read({**body, **change})
    assert path in {problem.path for problem in refused.value.problems}


@pytest.mark.parametrize("field", ["eventTime", "eventTimeZoneOffset", "action", "type"])
def test_a_field_that_must_be_there_is_named(field: str) -> None:
    body = {name: value for name, value in OBSERVED.items() if name != field}
    with pytest.raises(InvalidDocumentError, match=f"{field}: is missing"):
        read(body)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        read({**OBSERVED, "action": "MOVE", "eventTime": "noon", "bizStep": "shiping"})
    problems = {problem.path: problem.problem for problem in refused.value.problems}
    assert set(problems) == {"action", "eventTime", "bizStep"}
    assert "did you mean shipping?" in problems["bizStep"]


def test_a_transformation_may_be_told_in_parts_tied_by_its_id() -> None:
    outputs = {name: value for name, value in TRANSFORMED.items() if not name.startswith("input")}
    assert write_event(read(outputs), CONTEXT) == outputs
    with pytest.raises(InvalidDocumentError):
        read({name: value for name, value in outputs.items() if name != "transformationID"})


DOCUMENT: dict[str, Any] = {
    "@context": CONTEXT.value,
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-10-12T00:00:00Z",
    "epcisBody": {"eventList": [OBSERVED, AGGREGATED]},
}


def test_the_events_of_a_document_have_paths() -> None:
    found = read_document(DOCUMENT)
    assert found.bodies == [OBSERVED, AGGREGATED]
    assert found.path_of(1) == "epcisBody.eventList[1]"


def test_an_event_may_stand_alone() -> None:
    found = read_document({"@context": CONTEXT.value, **OBSERVED})
    assert len(found.bodies) == 1
    assert found.path_of(0) == ""


def test_the_result_of_a_query_needs_neither_version_nor_date() -> None:
    results = {"queryName": "mine", "resultsBody": {"eventList": [OBSERVED]}}
    found = read_document(
        {
            "@context": CONTEXT.value,
            "type": "EPCISQueryDocument",
            "epcisBody": {"queryResults": results},
        }
    )
    assert found.bodies == [OBSERVED]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"@context": None}, "@context"),
        ({"@context": [CONTEXT.value, None]}, "@context"),
        ({"@context": ""}, "@context"),
        ({"@context": "epcis-context.jsonld"}, "@context"),
        ({"type": "Document"}, "type"),
        ({"schemaVersion": "1.2"}, "schemaVersion"),
        ({"schemaVersion": 2.0}, "schemaVersion"),
        ({"schemaVersion": "2.x"}, "schemaVersion"),
        ({"creationDate": "today"}, "creationDate"),
        ({"epcisBody": []}, "epcisBody"),
        ({"epcisBody": {}}, "epcisBody.eventList"),
        ({"epcisBody": {"eventList": None}}, "epcisBody.eventList"),
        ({"epcisBody": {"eventList": {}}}, "epcisBody.eventList"),
        ({"note": 1}, "note"),
    ],
)
def test_an_envelope_that_is_wrong_is_refused_with_its_path(
    change: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        read_document({**DOCUMENT, **change})
    assert path in {problem.path for problem in refused.value.problems}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=8), parts),
    max_leaves=20,
)


@given(_JSON)
def test_any_json_is_a_document_or_refused(body: object) -> None:
    with suppress(InvalidDocumentError):
        read_document(body)


@given(st.sampled_from([OBSERVED, AGGREGATED, ASSOCIATED, TIED, TRANSFORMED]), st.data())
def test_an_event_with_anything_in_any_field_is_read_or_refused(
    body: dict[str, Any], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(body)) | st.text(max_size=12))
    with suppress(InvalidDocumentError):
        read({**body, name: data.draw(_JSON)})
