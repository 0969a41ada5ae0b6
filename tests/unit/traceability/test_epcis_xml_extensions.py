from typing import Any

import pytest

from tests.support.epcis_xml import extension, first, read_json, with_more, xml
from tests.support.event_bodies import FULL, document
from traceability.epcis.xml.reading import read_xml
from traceability.epcis.xml.writing import write_xml


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
