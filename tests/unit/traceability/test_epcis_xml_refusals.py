import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.epcis_xml import EVENT, problems, xml
from tests.support.event_bodies import FULL, document
from traceability.epcis.xml.reading import read_xml
from traceability.epcis.xml.writing import write_xml
from traceability.errors import FieldProblem, InvalidDocumentError

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


LISTED = "<quantityList>{}</quantityList>"
MORE_THAN_TEXT = {
    "<bizStep x='1'>urn:epcglobal:cbv:bizstep:shipping</bizStep>": "bizStep",
    "<recordTime>2026-10-12T03:04:05Z<x/></recordTime>": "recordTime",
    "<readPoint><id>urn:a:b<x/></id></readPoint>": "readPoint.id",
    "<bizTransactionList><bizTransaction type='urn:a:t'>urn:a:b<x/></bizTransaction>"
    "</bizTransactionList>": "bizTransactionList[0].bizTransaction",
    LISTED.format(
        "<quantityElement><epcClass>urn:a:b</epcClass><quantity>1<x/></quantity></quantityElement>"
    ): "quantityList[0].quantity",
    LISTED.format("<quantityElement><epcClass x='1'>urn:a:b</epcClass></quantityElement>"): (
        "quantityList[0].epcClass"
    ),
}


@pytest.mark.parametrize("more", MORE_THAN_TEXT)
def test_what_should_be_text_and_holds_more_is_refused(more: str) -> None:
    (problem,) = problems(xml(EVENT.format(more=more)))

    assert problem.path == f"epcisBody.eventList[0].{MORE_THAN_TEXT[more]}"


CORRECTIONS = (
    "<errorDeclaration><declarationTime>2026-10-12T03:04:05Z</declarationTime><correctiveEventIDs>"
    "<correctiveEventID>urn:a:b<x/></correctiveEventID></correctiveEventIDs></errorDeclaration>"
)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("<epc>", "<epc x='1'>", "epcList[0]"),
        ("</epc>", "<x/></epc>", "epcList[0]"),
        ("<epcList>", f"{CORRECTIONS}<epcList>", "errorDeclaration.correctiveEventIDs[0]"),
    ],
)
def test_an_entry_that_holds_more_than_text_is_refused(old: str, new: str, path: str) -> None:
    (problem,) = problems(xml(EVENT.format(more="").replace(old, new)))

    assert problem.path == f"epcisBody.eventList[0].{path}"


STRAY = {
    "<readPoint>x<id>urn:a:b</id></readPoint>": "readPoint",
    "<persistentDisposition>x<set>urn:a:b</set></persistentDisposition>": "persistentDisposition",
    LISTED.format("x"): "quantityList",
    LISTED.format("<quantityElement>x<epcClass>urn:a:b</epcClass></quantityElement>"): (
        "quantityList"
    ),
    "<quantityList x='1'/>": "quantityList",
    "<sensorElementList><sensorElement>x</sensorElement></sensorElementList>": "sensorElementList",
    "<sensorElementList><sensorElement><sensorMetadata>x</sensorMetadata></sensorElement>"
    "</sensorElementList>": "sensorElementList",
}


@pytest.mark.parametrize("more", STRAY)
def test_text_and_attributes_that_belong_nowhere_are_refused(more: str) -> None:
    (problem,) = problems(xml(EVENT.format(more=more)))

    assert problem.path == f"epcisBody.eventList[0].{STRAY[more]}"
    assert re.fullmatch(r"(holds the text|has) 'x'.* \(line \d+\)", problem.problem)


def test_text_between_events_is_refused() -> None:
    (problem,) = problems(xml("x"))
    assert problem.path == "epcisBody.eventList"
    assert problems(xml(EVENT.format(more="x")))[0].path == "epcisBody.eventList[0]"


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("<EventList>", "<EventLists/><EventList>", "epcisBody"),
        ("<EventList>", "<EventList/><EventList>", "epcisBody"),
        ("<EventList>", "x<EventList>", "epcisBody"),
        ("<EPCISBody>", "<EPCISBody/><EPCISBody>", "EPCISDocument"),
        ("<EPCISBody>", "<EPCISHead/><EPCISBody>", "EPCISDocument"),
    ],
)
def test_what_no_document_holds_is_refused(old: str, new: str, path: str) -> None:
    data = xml(EVENT.format(more="")).replace(old.encode(), new.encode())
    with pytest.raises(InvalidDocumentError) as raised:
        read_xml(data)

    (problem,) = raised.value.problems
    assert problem.path == path


def test_an_unknown_type_of_event_names_its_place() -> None:
    event = "<QuantityEvent><eventTime>2026-10-12T03:04:05Z</eventTime></QuantityEvent>"

    assert problems(xml(event))[0].path == "epcisBody.eventList[0].type"


def test_a_document_without_a_body_is_refused() -> None:
    data = b'<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0"/>'

    assert {"creationDate", "epcisBody"} <= {problem.path for problem in problems(data)}


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_any_text_gives_xml_that_can_be_read(text: str) -> None:
    body = FULL["ObjectEvent"] | {"ex:a": text, "ilmd": {"ex:b": {"unit": text, "rdf:value": "1"}}}
    found = read_xml(write_xml(document(body)))["epcisBody"]["eventList"][0]
    expected = re.sub("[^\t\n\r\u0020-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)

    assert found["ex:a"] == expected
    assert found["ilmd"]["ex:b"] == {"unit": expected, "rdf:value": "1"}
