import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.event_bodies import CONTEXT, FULL, bodies, document
from traceability.epcis.contexts import GS1_CONTEXT, Context
from traceability.epcis.model import AnyEvent
from traceability.epcis.reading import read_document, read_event
from traceability.epcis.writing import query_document
from traceability.epcis.xml.parsing import parse
from traceability.epcis.xml.reading import read_xml
from traceability.epcis.xml.writing import WordForm, write_xml
from traceability.errors import FieldProblem, InvalidDocumentError

Json = dict[str, Any]

EVENT = """
<ObjectEvent>
  <eventTime>2026-10-12T03:04:05Z</eventTime>
  <eventTimeZoneOffset>+08:00</eventTimeZoneOffset>
  <epcList><epc>urn:epc:id:sgtin:6901234.011111.1</epc></epcList>
  <action>OBSERVE</action>
  {more}
</ObjectEvent>
"""


def xml(events: str, declarations: str = "", version: int = 2, before: str = "") -> bytes:
    return f"""{before}<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:{version}"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
        xmlns:xsd="http://www.w3.org/2001/XMLSchema"
        {declarations} schemaVersion="{version}.0" creationDate="2026-10-12T04:00:00Z">
      <EPCISBody><EventList>{events}</EventList></EPCISBody>
    </epcis:EPCISDocument>""".encode()


def first(data: bytes) -> AnyEvent:
    found = read_document(read_xml(data))
    return read_event(found.bodies[0], found.context, found.path_of(0))


def with_more(more: str, declarations: str = 'xmlns:ex="http://ns.example.com/epcis/"') -> AnyEvent:
    return first(xml(EVENT.format(more=more), declarations))


def extension(more: str, declarations: str = 'xmlns:ex="http://ns.example.com/epcis/"') -> Any:
    (value,) = with_more(more, declarations).extensions.values()
    return value


def problems(data: bytes) -> list[FieldProblem]:
    with pytest.raises(InvalidDocumentError) as raised:
        first(data)
    return list(raised.value.problems)


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


def read_json(body: Json, context: Any = None) -> AnyEvent:
    return read_event(body, Context.of(context or CONTEXT))


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
}


@pytest.mark.parametrize("kind", FULL)
def test_elements_stand_in_the_order_of_the_schema(kind: str) -> None:
    (body,) = parse(write_xml(document(FULL[kind]))).root.children
    (event,) = body.children[0].children
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


@pytest.mark.parametrize(
    ("more", "value"),
    [
        ("<ex:a>text</ex:a>", "text"),
        ("<ex:a> kept as it is\n</ex:a>", " kept as it is\n"),
        ("<ex:a/>", ""),
        ("<ex:a>7</ex:a>", "7"),
        ('<ex:a xsi:type="xsd:integer">7</ex:a>', 7),
        ('<ex:a xsi:type="xsd:double">7.5</ex:a>', 7.5),
        ('<ex:a xsi:type="xsd:double">many</ex:a>', "many"),
        ('<ex:a xsi:type="xsd:integer">123456789012345678901</ex:a>', "123456789012345678901"),
        ('<ex:a xsi:type="xsd:boolean">1</ex:a>', True),
        ('<ex:a xsi:type="xsd:boolean">maybe</ex:a>', "maybe"),
        ('<ex:a xsi:type="xsd:string">7</ex:a>', "7"),
        ('<ex:a xsi:nil="true"/>', None),
        ("<ex:a>1</ex:a><ex:a>2</ex:a>", ["1", "2"]),
        ("<ex:a><!-- seen --><![CDATA[<b>]]>&amp;</ex:a>", "<b>&"),
        (
            '<ex:a unit="KGM" ex:by="me">3.5</ex:a>',
            {
                "unit": "KGM",
                "http://ns.example.com/epcis/by": "me",
                "http://www.w3.org/1999/02/22-rdf-syntax-ns#value": "3.5",
            },
        ),
        (
            "<ex:a><ex:b>1</ex:b><plain>2</plain></ex:a>",
            {"http://ns.example.com/epcis/b": "1", "plain": "2"},
        ),
    ],
)
def test_an_extension_becomes_json(more: str, value: Any) -> None:
    assert extension(more) == value


@pytest.mark.parametrize(
    ("more", "declarations", "name"),
    [
        ("<a xmlns='http://x.example/'>1</a>", "", "http://x.example/a"),
        ("<x:a>1</x:a>", "xmlns:x='http://x.example/v#'", "http://x.example/v#a"),
        ("<x:a>1</x:a>", "xmlns:x='http://x.example'", "http://x.example:a"),
        ("<x:a>1</x:a>", "xmlns:x='urn:epcglobal:cbv:mda'", "urn:epcglobal:cbv:mda:a"),
        ("<epcis2:a>1</epcis2:a>", "xmlns:epcis2='http://x.example/'", "http://x.example/a"),
        ("<cbv:a>1</cbv:a>", "xmlns:cbv='http://x.example/'", "http://x.example/a"),
        (
            "<x:a xmlns:x='http://y.example/'>1</x:a>",
            "xmlns:x='http://x.example/'",
            "http://y.example/a",
        ),
    ],
)
def test_an_extension_has_its_namespace_whatever_the_prefix(
    more: str, declarations: str, name: str
) -> None:
    assert with_more(more, declarations).extensions == {name: "1"}


def test_attributes_of_events_and_sensors_are_extensions() -> None:
    event = first(
        xml(
            """<ObjectEvent ex:a="1">
                 <eventTime>2026-10-12T03:04:05Z</eventTime>
                 <eventTimeZoneOffset>+08:00</eventTimeZoneOffset>
                 <epcList/>
                 <action>OBSERVE</action>
                 <sensorElementList><sensorElement>
                   <sensorMetadata ex:b="2" time="2026-10-12T03:00:00Z"/>
                   <sensorReport type="gs1:Temperature" value="4.50" uom="CEL" ex:c="3"/>
                 </sensorElement></sensorElementList>
               </ObjectEvent>""",
            'xmlns:ex="http://ns.example.com/epcis/"',
        )
    )
    (element,) = event.sensor_elements

    assert event.extensions == {"http://ns.example.com/epcis/a": "1"}
    assert element.metadata is not None
    assert element.metadata.extensions == {"http://ns.example.com/epcis/b": "2"}
    assert (element.reports[0].type, element.reports[0].value) == ("Temperature", 4.5)
    assert element.reports[0].extensions == {"http://ns.example.com/epcis/c": "3"}


@pytest.mark.parametrize(
    "name", ["ex:a b", "ex:1st", "ex:a/b", "ex:_x0041_", "ex:品种", "ex:😀", "ex:@id", "ex:é"]
)
def test_names_that_xml_can_not_have_come_back(name: str) -> None:
    body = FULL["ObjectEvent"] | {"ex:o": {name: "x"}}

    found = read_xml(write_xml(document(body)))["epcisBody"]["eventList"][0]

    assert found["ex:o"] == {name: "x"}


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_any_text_gives_xml_that_can_be_read(text: str) -> None:
    body = FULL["ObjectEvent"] | {"ex:a": text, "ilmd": {"ex:b": {"unit": text, "rdf:value": "1"}}}
    found = read_xml(write_xml(document(body)))["epcisBody"]["eventList"][0]
    expected = re.sub("[^\t\n\r\u0020-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)

    assert found["ex:a"] == expected
    assert found["ilmd"]["ex:b"] == {"unit": expected, "rdf:value": "1"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"ex:b": None},
        {"@type": "ex:Tree", "@value": "x"},
        {"rdf:value": "only"},
        {"unit": "KGM", "rdf:value": 3.5},
        {"unit": "KGM", "rdf:value": {"ex:b": "c"}},
        {"unit": "KGM", "rdf:value": " "},
        {"https://far.example/terms/b": "full name"},
        -0.0,
        1e300,
        2**53 - 1,
    ],
)
def test_any_value_of_an_extension_comes_back(value: Any) -> None:
    body = FULL["ObjectEvent"] | {"ex:a": value}

    assert first(write_xml(document(body))) == read_json(body)


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


LAUGHS = "".join(f'<!ENTITY lol{number} "{f"&lol{number - 1};" * 10}">' for number in range(1, 10))
HOSTILE = {
    "billion laughs": f'<!DOCTYPE x [<!ENTITY lol0 "lol">{LAUGHS}]><x>&lol9;</x>',
    "quadratic blow-up": f'<!DOCTYPE x [<!ENTITY a "{"a" * 1000}">]><x>{"&a;" * 1000}</x>',
    "a file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "another host": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>',
    "a public type": '<!DOCTYPE x PUBLIC "-//X//Y" "http://127.0.0.1:9/x.dtd"><x>&a;</x>',
    "a parameter entity": '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/">%a;]><x/>',
    "attributes by default": f'<!DOCTYPE x [<!ATTLIST y a CDATA "{"a" * 999}">]><x><y/></x>',
    "an unknown entity": "<x>&a;</x>",
    "depth": "<x>" * 100_000,
    "an unknown encoding": '<?xml version="1.0" encoding="no-such"?><x/>',
    "nothing": "",
    "JSON": '{"type": "EPCISDocument"}',
    "a cut": "<x><y>",
    "two roots": "<x/><x/>",
    "an undeclared prefix": "<a:x/>",
    "a NUL": "<x>\x00</x>",
    "another document": "<html><body/></html>",
    "another namespace": '<EPCISDocument xmlns="http://x.example/"/>',
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_xml_is_refused_at_once(kind: str) -> None:
    (problem,) = problems(HOSTILE[kind].encode())

    assert re.fullmatch(r"line \d+", problem.path)
    assert len(problem.problem) < 200


@given(st.binary(max_size=200))
def test_bytes_that_are_no_document_are_refused(data: bytes) -> None:
    assert problems(data)


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_a_document_with_changed_bytes_is_read_or_refused(at: int, new: bytes) -> None:
    data = bytearray(write_xml(document(FULL["ObjectEvent"])))
    place = at % len(data)
    data[place : place + len(new)] = new

    with suppress(InvalidDocumentError):
        read_xml(bytes(data))


def test_what_is_not_well_formed_names_its_line() -> None:
    (problem,) = problems(b"<a>\n<b>\n</a>")

    assert problem == FieldProblem("line 3", "isn't well-formed XML: mismatched tag")


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ("<bizStep>a step</bizStep>", "epcisBody.eventList[0].bizStep"),
        ("<bizStep/>", "epcisBody.eventList[0].bizStep"),
        ("<bizStep><x/></bizStep>", "epcisBody.eventList[0].bizStep"),
        ("<colour>red</colour>", "epcisBody.eventList[0].colour"),
        ("<action>ADD</action>", "epcisBody.eventList[0].action"),
        ("<readPoint/>", "epcisBody.eventList[0].readPoint.id"),
        (
            "<readPoint><id>urn:a:b</id><id>urn:a:c</id></readPoint>",
            "epcisBody.eventList[0].readPoint",
        ),
        (
            (
                "<quantityList><quantityElement><epcClass>urn:a:b</epcClass><quantity>x</quantity>"
                "</quantityElement></quantityList>"
            ),
            "epcisBody.eventList[0].quantityList[0].quantity",
        ),
        (
            (
                "<quantityList><quantityElement><epcClass>urn:a:b</epcClass><quantity>NaN</quantity>"
                "</quantityElement></quantityList>"
            ),
            "epcisBody.eventList[0].quantityList[0].quantity",
        ),
        ("<quantityList><epc>urn:a:b</epc></quantityList>", "epcisBody.eventList[0].quantityList"),
        (
            (
                "<sensorElementList><sensorElement><sensorReport type='gs1:Temperature' value='x'/>"
                "</sensorElement></sensorElementList>"
            ),
            "epcisBody.eventList[0].sensorElementList[0].sensorReport[0].value",
        ),
        (
            (
                "<sensorElementList><sensorElement><sensorReport type='gs1:Temperature'"
                " booleanValue='yes'/></sensorElement></sensorElementList>"
            ),
            "epcisBody.eventList[0].sensorElementList[0].sensorReport[0].booleanValue",
        ),
        (
            "<persistentDisposition><add>x</add></persistentDisposition>",
            "epcisBody.eventList[0].persistentDisposition",
        ),
        (
            "<sourceList><source>urn:a:b</source></sourceList>",
            "epcisBody.eventList[0].sourceList[0].type",
        ),
    ],
)
def test_what_breaks_the_schema_names_its_path(more: str, path: str) -> None:
    assert path in [problem.path for problem in problems(xml(EVENT.format(more=more)))]


def test_an_unknown_type_of_event_names_its_place() -> None:
    event = "<QuantityEvent><eventTime>2026-10-12T03:04:05Z</eventTime></QuantityEvent>"

    assert problems(xml(event))[0].path == "epcisBody.eventList[0].type"


def test_a_document_without_a_body_is_refused() -> None:
    data = b'<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0"/>'

    assert {"creationDate", "epcisBody"} <= {problem.path for problem in problems(data)}


def test_a_single_event_is_read_with_its_context() -> None:
    data = EVENT.format(more='<x:a xmlns:x="http://x.example/">1</x:a>').encode()

    assert read_xml(data)["@context"] == [GS1_CONTEXT, {"x": "http://x.example/"}]
    assert first(data).extensions == {"http://x.example/a": "1"}


def test_a_document_without_events_is_read() -> None:
    assert read_xml(write_xml(document()))["epcisBody"] == {"eventList": []}
