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
