import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.event_bodies import CONTEXT, FULL, bodies, document
from traceability.epcis.contexts import GS1_CONTEXT, Context
from traceability.epcis.event_hash import event_hash, pre_hash_text
from traceability.epcis.jsonld.documents import read_document
from traceability.epcis.jsonld.reading import read_event
from traceability.epcis.xml.reading import read_xml
from traceability.epcis.xml.writing import write_xml

Json = dict[str, Any]

CASES = Path(__file__).parents[2] / "cases" / "event-hash"
AGREES = json.loads((CASES / "agrees.json").read_text())
DIFFERS = json.loads((CASES / "differs.json").read_text())

PLAIN: Json = {
    "type": "ObjectEvent",
    "eventTime": "2026-10-12T03:04:05Z",
    "eventTimeZoneOffset": "+08:00",
    "action": "OBSERVE",
    "epcList": ["urn:epc:id:sgtin:6901234.011111.1"],
}
LEFT_OUT = {"type", "eventID", "recordTime", "errorDeclaration"}
COMPULSORY = {
    "type",
    "eventTime",
    "eventTimeZoneOffset",
    "action",
    "parentID",
    "bizTransactionList",
}


def text_of(body: Json, context: Any = None) -> str:
    return pre_hash_text(read_event(body, Context.of(context or CONTEXT)))


def plain(**fields: Any) -> str:
    return text_of(PLAIN | fields)


@pytest.mark.parametrize("case", AGREES["events"], ids=lambda case: case["body"]["type"])
def test_the_text_is_that_of_the_reference_tool(case: Json) -> None:
    assert text_of(case["body"], AGREES["@context"]) == case["text"]


@pytest.mark.parametrize("case", DIFFERS["events"], ids=lambda case: case["why"])
def test_where_the_reference_tool_is_wrong_the_standard_holds(case: Json) -> None:
    text = text_of(case["body"], DIFFERS["@context"])

    assert text == case["text"]
    assert text != case["tool"]


def test_the_hash_is_a_named_information_uri_of_the_text() -> None:
    event = read_event(PLAIN, Context.of(CONTEXT))
    digest = hashlib.sha256(pre_hash_text(event).encode()).hexdigest()

    assert event_hash(event) == f"ni:///sha-256;{digest}?ver=CBV2.0"


def test_a_small_event_in_full() -> None:
    assert plain() == (
        "eventType=ObjectEventeventTime=2026-10-12T03:04:05.000ZeventTimeZoneOffset=+08:00"
        "epcListepc=https://id.gs1.org/01/06901234111118/21/1action=OBSERVE"
    )


@pytest.mark.parametrize("kind", FULL)
def test_every_field_counts_but_what_differs_from_copy_to_copy(kind: str) -> None:
    body = FULL[kind]
    whole = text_of(body)

    for name in body.keys() - COMPULSORY:
        without = {field: value for field, value in body.items() if field != name}
        assert (text_of(without) == whole) == (name in LEFT_OUT), name


@pytest.mark.parametrize("name", FULL["ObjectEvent"]["sensorElementList"][0]["sensorReport"][0])
def test_every_field_of_a_sensor_report_counts(name: str) -> None:
    body = FULL["ObjectEvent"]
    element = body["sensorElementList"][0]
    report = {field: value for field, value in element["sensorReport"][0].items() if field != name}
    changed = element | {"sensorReport": [report, *element["sensorReport"][1:]]}

    assert text_of(body | {"sensorElementList": [changed]}) != text_of(body)


@given(bodies, st.randoms())
def test_the_order_of_lists_and_fields_means_nothing(body: Json, random: Any) -> None:
    shuffled = list(body.items())
    random.shuffle(shuffled)
    mixed = {
        name: random.sample(value, len(value)) if isinstance(value, list) else value
        for name, value in shuffled
    }

    assert text_of(mixed) == text_of(body)


@given(bodies)
def test_xml_and_json_have_one_text(body: Json) -> None:
    back = read_document(read_xml(write_xml(document(body))))

    assert pre_hash_text(read_event(back.bodies[0], back.context)) == text_of(body)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"bizStep": "shipping"}, {"bizStep": "urn:epcglobal:cbv:bizstep:shipping"}),
        ({"bizStep": "shipping"}, {"bizStep": "https://ref.gs1.org/cbv/BizStep-shipping"}),
        ({"bizStep": "shipping"}, {"bizStep": "cbv:BizStep-shipping"}),
        (
            {"epcList": ["urn:epc:id:sgtin:6901234.011111.1"]},
            {"epcList": ["https://shop.example/01/06901234111118/10/L/21/1?17=261231"]},
        ),
        (
            {"readPoint": {"id": "urn:epc:id:sgln:6901234.00001.0"}},
            {"readPoint": {"id": "https://id.gs1.org/414/6901234000016"}},
        ),
        ({"eventTime": "2026-10-12T03:04:05Z"}, {"eventTime": "2026-10-12T11:04:05.000+08:00"}),
        ({"eventTime": "2026-10-12T03:04:05.678Z"}, {"eventTime": "2026-10-12T03:04:05.67849Z"}),
        ({"ex:a": 1}, {"ex:a": "1.0"}),
        ({"ex:a": 1}, {"ex:a": " +01 "}),
        ({"ex:a": 0.5}, {"ex:a": ".50"}),
        ({"ex:a": 1e100}, {"ex:a": "1e100"}),
        ({"ex:a": True}, {"ex:a": "true"}),
        ({"ex:a": "x"}, {"ex:a": [" x "]}),
        ({"ex:a": "x"}, {"http://ns.example.com/epcis/a": "x"}),
        ({"ex:a": "cbv:Disp-active"}, {"ex:a": "urn:epcglobal:cbv:disp:active"}),
        ({}, {"rdfs:comment": "says nothing of the event"}),
        ({}, {"ex:a": None}),
        (
            {"sensorElementList": [{"sensorReport": [{"type": "Speed", "stringValue": ""}]}]},
            {"sensorElementList": [{"sensorReport": [{"type": "Speed"}]}]},
        ),
    ],
)
def test_what_means_the_same_has_one_text(one: Json, other: Json) -> None:
    assert plain(**one) == plain(**other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"ex:a": "690123412345678901"}, {"ex:a": "690123412345678902"}),
        ({"ex:a": "0.12345678901234567891"}, {"ex:a": "0.12345678901234567892"}),
        ({"ex:a": "1e999"}, {"ex:a": "1e998"}),
        ({"ex:a": "nan"}, {"ex:a": "inf"}),
        ({"ex:a": "x"}, {"farm:a": "x"}),
        ({"ex:a": ""}, {}),
        ({"eventTimeZoneOffset": "+08:00"}, {"eventTimeZoneOffset": "+07:00"}),
        ({"eventTime": "2026-10-12T03:04:05.678Z"}, {"eventTime": "2026-10-12T03:04:05.679Z"}),
    ],
)
def test_what_means_something_else_has_another_text(one: Json, other: Json) -> None:
    assert plain(**one) != plain(**other)


def test_the_namespace_of_master_data_is_that_of_xml() -> None:
    event = {**PLAIN, "action": "ADD", "ilmd": {"cbvmda:lotNumber": "L-7"}}

    assert text_of(event, GS1_CONTEXT).endswith("ilmd{urn:epcglobal:cbv:mda}lotNumber=L-7")


def test_the_text_of_an_element_with_attributes_stands_with_its_name() -> None:
    weight = {"measurementUnitCode": "KGM", "rdf:value": "3.50"}

    text = plain(**{"ex:weight": weight})

    assert text.endswith("{http://ns.example.com/epcis/}weight=3.5measurementUnitCode=KGM")


@pytest.mark.parametrize("end", ["", "/", "#", ":", "?", "=", "@", "?x=", ".b"])
def test_xml_and_json_have_one_text_whatever_a_namespace_ends_in(end: str) -> None:
    """XML keeps namespace and name apart, JSON-LD joins them."""
    namespace = f"http://ns.example.com/epcis{end}"
    body = PLAIN | {"odd:colour": "red"}
    written = {**document(body), "@context": [GS1_CONTEXT, {"odd": namespace}]}
    found = read_document(read_xml(write_xml(written)))
    text = pre_hash_text(read_event(found.bodies[0], found.context))

    assert text == text_of(body, written["@context"])
    assert text.endswith(f"{{{namespace.removesuffix(':')}}}colour=red")


@pytest.mark.parametrize(
    "link",
    [
        "https://id.gs1.org/gtin/09521141000015/ser/1",
        "https://id.gs1.org/01/9521141000015/21/1",
        "https://id.gs1.org/01/09521141000015/21/1/",
        "https://partner.example/01/9521141000015/21/1",
    ],
)
def test_a_link_is_one_however_it_is_written_though_its_check_digit_be_wrong(link: str) -> None:
    assert plain(epcList=[link]) == plain(epcList=["https://id.gs1.org/01/09521141000015/21/1"])
