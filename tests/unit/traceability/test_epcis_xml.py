import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given

from tests.support.epcis_xml import EVENT, first, read_json, xml
from tests.support.event_bodies import CONTEXT, FULL, bodies, document
from traceability.epcis.contexts import GS1_CONTEXT, Context
from traceability.epcis.jsonld.documents import read_document
from traceability.epcis.jsonld.reading import read_event
from traceability.epcis.jsonld.writing import query_document
from traceability.epcis.xml.elements import unwrapped
from traceability.epcis.xml.parsing import parse
from traceability.epcis.xml.reading import read_xml
from traceability.epcis.xml.writing import WordForm, write_xml

Json = dict[str, Any]


def as_json_ld(value: Any) -> Any:
    """What a value means where a list of one is its entry and a list in a list is one list."""
    if is_dataclass(value):
        return {each.name: as_json_ld(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {name: as_json_ld(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        flat: list[Any] = []
        for part in map(as_json_ld, value):
            flat.extend(part) if isinstance(part, list) else flat.append(part)
        return flat[0] if len(flat) == 1 else flat
    return value


@pytest.mark.parametrize("form", WordForm)
@pytest.mark.parametrize("kind", FULL)
def test_an_event_with_every_field_comes_back(kind: str, form: WordForm) -> None:
    assert first(write_xml(document(FULL[kind]), form)) == read_json(FULL[kind])


@given(bodies)
def test_any_event_comes_back(body: Json) -> None:
    assert as_json_ld(first(write_xml(document(body)))) == as_json_ld(read_json(body))


def test_json_that_was_written_is_json_again() -> None:
    read = read_xml(write_xml(document(FULL["ObjectEvent"])))

    assert read["type"] == "EPCISDocument"
    assert read["schemaVersion"] == "2.0"
    assert read["creationDate"] == "2026-10-12T04:00:00Z"
    assert read["epcisBody"]["eventList"][0]["ex:count"] == 3
    assert {"ex": "http://ns.example.com/epcis/", "farm": "https://farm.example/terms#"} in read[
        "@context"
    ]


ORDER = {
    "ObjectEvent": "eventTime recordTime eventTimeZoneOffset eventID errorDeclaration"
    " certificationInfo certificationInfo epcList action bizStep disposition readPoint bizLocation"
    " bizTransactionList quantityList sourceList destinationList sensorElementList"
    " persistentDisposition ilmd",
    "AggregationEvent": "eventTime recordTime eventTimeZoneOffset eventID errorDeclaration"
    " certificationInfo certificationInfo parentID childEPCs action bizStep disposition readPoint"
    " bizLocation bizTransactionList childQuantityList sourceList destinationList"
    " sensorElementList persistentDisposition",
    "AssociationEvent": "eventTime recordTime eventTimeZoneOffset eventID errorDeclaration"
    " certificationInfo certificationInfo parentID childEPCs childQuantityList action bizStep"
    " disposition readPoint bizLocation bizTransactionList sourceList destinationList"
    " sensorElementList persistentDisposition",
    "TransactionEvent": "eventTime recordTime eventTimeZoneOffset eventID errorDeclaration"
    " certificationInfo certificationInfo bizTransactionList parentID epcList action bizStep"
    " disposition readPoint bizLocation quantityList sourceList destinationList"
    " sensorElementList persistentDisposition",
    "TransformationEvent": "eventTime recordTime eventTimeZoneOffset eventID errorDeclaration"
    " certificationInfo certificationInfo inputEPCList inputQuantityList outputEPCList"
    " outputQuantityList transformationID bizStep disposition readPoint bizLocation"
    " bizTransactionList sourceList destinationList sensorElementList persistentDisposition ilmd",
    "ex:Weighing": "eventTime recordTime eventTimeZoneOffset eventID errorDeclaration"
    " certificationInfo certificationInfo parentID epcList childEPCs inputEPCList"
    " inputQuantityList outputEPCList outputQuantityList transformationID action bizStep"
    " disposition readPoint bizLocation bizTransactionList quantityList childQuantityList"
    " sourceList destinationList sensorElementList persistentDisposition ilmd",
}


@pytest.mark.parametrize("kind", FULL)
def test_elements_stand_in_the_order_of_the_schema(kind: str) -> None:
    (body,) = parse(write_xml(document(FULL[kind]))).root.children
    (event,) = unwrapped(body.children[0])
    names = [child.name for child in event.children if not child.namespace]

    assert names == ORDER[kind].split()
    assert all(child.namespace for child in event.children[len(names) :])


@pytest.mark.parametrize(
    ("kind", "gone", "empty"),
    [
        ("ObjectEvent", "epcList", b"<epcList/>"),
        ("AggregationEvent", "childEPCs", b"<childEPCs/>"),
        ("TransactionEvent", "epcList", b"<epcList/>"),
    ],
)
def test_lists_that_the_schema_wants_are_there_even_empty(
    kind: str, gone: str, empty: bytes
) -> None:
    body = {name: value for name, value in FULL[kind].items() if name != gone}
    data = write_xml(document(body))

    assert empty in data
    assert first(data) == read_json(body)


def test_lists_that_the_schema_wants_filled_are_left_out_where_empty() -> None:
    lists = ("bizTransactionList", "sourceList", "destinationList", "sensorElementList")
    body = FULL["ObjectEvent"] | {name: [] for name in lists}
    data = write_xml(document(body))

    assert not any(name.encode() in data for name in lists)
    assert first(data) == read_json(body)


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (1e-7, "0.0000001"),
        (1e21, "1000000000000000000000"),
        (0.1, "0.1"),
        (5, "5"),
        (2.50, "2.5"),
        (1.25e-10, "0.000000000125"),
    ],
)
def test_quantities_are_decimals_as_the_schema_has_it(quantity: float, text: str) -> None:
    element = {"epcClass": "urn:epc:class:lgtin:6901234.012345.L", "quantity": quantity}
    body = FULL["ObjectEvent"] | {"quantityList": [element]}
    data = write_xml(document(body))

    assert f"<quantity>{text}</quantity>".encode() in data
    assert first(data) == read_json(body)


@pytest.mark.parametrize(
    ("form", "given_as", "written"),
    [
        (WordForm.URN, "shipping", "urn:epcglobal:cbv:bizstep:shipping"),
        (WordForm.WEB, "shipping", "https://ref.gs1.org/cbv/BizStep-shipping"),
        (WordForm.NO_PREFERENCE, "shipping", "urn:epcglobal:cbv:bizstep:shipping"),
        (WordForm.AS_CAPTURED, "shipping", "urn:epcglobal:cbv:bizstep:shipping"),
        (
            WordForm.AS_CAPTURED,
            "https://ref.gs1.org/cbv/BizStep-shipping",
            "https://ref.gs1.org/cbv/BizStep-shipping",
        ),
        (WordForm.URN, "cbv:BizStep-shipping", "urn:epcglobal:cbv:bizstep:shipping"),
        (
            WordForm.WEB,
            "urn:epcglobal:cbv:bizstep:shipping",
            "https://ref.gs1.org/cbv/BizStep-shipping",
        ),
        (WordForm.URN, "https://farm.example/prune", "https://farm.example/prune"),
    ],
)
def test_words_have_the_form_that_was_asked_for(
    form: WordForm, given_as: str, written: str
) -> None:
    data = write_xml(document(FULL["ObjectEvent"] | {"bizStep": given_as}), form)

    assert f"<bizStep>{written}</bizStep>".encode() in data


@pytest.mark.parametrize("form", WordForm)
def test_no_word_is_bare(form: WordForm) -> None:
    data = write_xml(document(FULL["ObjectEvent"]), form).decode()
    words = re.findall(r"<(?:bizStep|disposition|set|unset|reason)>([^<]*)<", data)
    kinds = re.findall(r' (?:type|exception|component)="([^"]*)"', data)

    assert len(words) == 6
    assert len(kinds) == 8
    assert all(":" in word for word in [*words, *kinds])


def test_the_answer_to_a_query_comes_back() -> None:
    events = [{**FULL[kind], "@context": CONTEXT} for kind in FULL]
    document_ = query_document(events, read_json(FULL["ObjectEvent"]).event_time, "mine", "sub-1")

    read = read_xml(write_xml(document_))
    results = read["epcisBody"]["queryResults"]
    context = Context.of(read["@context"])

    assert (read["type"], results["queryName"]) == ("EPCISQueryDocument", "mine")
    assert results["subscriptionID"] == "sub-1"
    assert [read_event(each, context) for each in results["resultsBody"]["eventList"]] == [
        read_json(FULL[kind]) for kind in FULL
    ]


def test_events_keep_contexts_of_their_own() -> None:
    clashing = {**FULL["ObjectEvent"], "@context": {"ex": "https://other.example/"}}
    data = write_xml(document(FULL["ObjectEvent"], clashing))
    found = read_document(read_xml(data))
    events = [read_event(body, found.context) for body in found.bodies]

    assert events == [
        read_json(FULL["ObjectEvent"]),
        read_json(FULL["ObjectEvent"], [*CONTEXT, {"ex": "https://other.example/"}]),
    ]


def test_an_event_of_version_1_without_its_wrappers() -> None:
    event = """
    <extension><TransformationEvent>
      <eventTime>2026-10-12T03:04:05Z</eventTime>
      <eventTimeZoneOffset>+08:00</eventTimeZoneOffset>
      <baseExtension>
        <eventID>urn:uuid:4f1c3b5e-2c64-4d5c-8b0e-6f6b0f6d2a11</eventID>
        <errorDeclaration>
          <declarationTime>2026-10-13T00:00:00Z</declarationTime>
          <reason>urn:epcglobal:cbv:er:incorrect_data</reason>
        </errorDeclaration>
      </baseExtension>
      <inputEPCList><epc>urn:epc:id:sgtin:6901234.011111.1</epc></inputEPCList>
      <outputQuantityList><quantityElement>
        <epcClass>urn:epc:class:lgtin:6901234.012345.L</epcClass><quantity xsi:nil="true"/>
      </quantityElement></outputQuantityList>
      <ilmd><extension><cbvmda:lotNumber>L</cbvmda:lotNumber></extension></ilmd>
    </TransformationEvent></extension>
    """
    body = {
        "type": "TransformationEvent",
        "eventTime": "2026-10-12T03:04:05Z",
        "eventTimeZoneOffset": "+08:00",
        "eventID": "urn:uuid:4f1c3b5e-2c64-4d5c-8b0e-6f6b0f6d2a11",
        "errorDeclaration": {
            "declarationTime": "2026-10-13T00:00:00Z",
            "reason": "incorrect_data",
        },
        "inputEPCList": ["urn:epc:id:sgtin:6901234.011111.1"],
        "outputQuantityList": [{"epcClass": "urn:epc:class:lgtin:6901234.012345.L"}],
        "ilmd": {"cbvmda:lotNumber": "L"},
    }

    found = first(xml(event, 'xmlns:cbvmda="urn:epcglobal:cbv:mda"', version=1))

    assert found == read_json(body)


def test_an_object_event_of_version_1_has_its_quantities_in_a_wrapper() -> None:
    more = """<extension><quantityList><quantityElement>
      <epcClass>urn:epc:class:lgtin:6901234.012345.L</epcClass>
      <quantity>7.50</quantity><uom>KGM</uom>
    </quantityElement></quantityList></extension>"""

    assert first(xml(EVENT.format(more=more), version=1)).quantities[0].quantity == 7.5  # type: ignore[union-attr]  # an object event


def test_a_bare_uuid_is_the_id_of_an_event_and_of_its_correction() -> None:
    uuid, corrective = (
        "4F1C3B5E-2c64-4d5c-8b0e-6f6b0f6d2a11",
        "019980a0-0000-7000-8000-00000000000c",
    )
    more = f"""<baseExtension><eventID>{uuid}</eventID><errorDeclaration>
      <declarationTime>2026-10-13T00:00:00Z</declarationTime>
      <correctiveEventIDs><correctiveEventID>{corrective}</correctiveEventID></correctiveEventIDs>
    </errorDeclaration></baseExtension>"""

    event = first(xml(EVENT.format(more=more), version=1))

    assert event.event_id == f"urn:uuid:{uuid}"
    assert event.error_declaration is not None
    assert event.error_declaration.corrective_event_ids == (f"urn:uuid:{corrective}",)


def test_a_document_type_that_declares_nothing_is_no_harm() -> None:
    data = xml(EVENT.format(more=""), before="<!DOCTYPE project>")

    assert first(data).type == "ObjectEvent"


def test_a_default_namespace_is_taken_as_none() -> None:
    data = xml(EVENT.format(more=""), 'xmlns="urn:epcglobal:epcis:xsd:2"')

    assert first(data).type == "ObjectEvent"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    text = xml(EVENT.format(more="<ex:a>Äpfel</ex:a>"), 'xmlns:ex="http://x.example/"').decode()
    declared = "" if encoding in {"utf-8-sig", "utf-16"} else f' encoding="{encoding}"'

    data = f'<?xml version="1.0"{declared}?>{text}'.encode(encoding)

    assert first(data).extensions == {"http://x.example/a": "Äpfel"}


def test_a_single_event_is_read_with_its_context() -> None:
    data = EVENT.format(more='<x:a xmlns:x="http://x.example/">1</x:a>').encode()

    assert read_xml(data)["@context"] == [GS1_CONTEXT, {"x": "http://x.example/"}]
    assert first(data).extensions == {"http://x.example/a": "1"}


def test_a_document_without_events_is_read() -> None:
    assert read_xml(write_xml(document()))["epcisBody"] == {"eventList": []}
    without_list = xml("").replace(b"<EventList></EventList>", b"")
    assert not read_document(read_xml(without_list)).bodies
