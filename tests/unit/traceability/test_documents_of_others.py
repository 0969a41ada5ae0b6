"""Forms that documents of GS1 and of other implementations have, beside those of the schema."""

from typing import Any

import pytest

from tests.support.epcis_xml import EVENT, first, problems, read_json, with_more, xml
from tests.support.event_bodies import EX, FULL, SENSOR_ELEMENT, document
from traceability.epcis.cbv_rules import check
from traceability.epcis.jsonld.documents import read_document
from traceability.epcis.model import AnyEvent, ExtendedEvent
from traceability.epcis.xml.reading import read_xml
from traceability.epcis.xml.writing import write_xml
from traceability.errors import InvalidDocumentError

Json = dict[str, Any]

OBSERVED: Json = {
    "type": "ObjectEvent",
    "eventTime": "2026-10-12T03:04:05Z",
    "eventTimeZoneOffset": "+08:00",
    "action": "OBSERVE",
    "epcList": ["urn:epc:id:sgtin:6901234.011111.1"],
}
WRONG_DIGIT = "https://id.example.com/8003/030013450007718765"
CERTIFICATE: Json = {
    "gs1:CertificationDetails": {"gs1:certificationURI": "https://certs.example/1"}
}
DECLARED = f'xmlns:ex="{EX}" xmlns:gs1="https://gs1.org/voc/"'


def refused(body: Json) -> dict[str, str]:
    """What is said against an event, by path."""
    with pytest.raises(InvalidDocumentError) as raised:
        read_json(body)
    return {problem.path: problem.problem for problem in raised.value.problems}


def both_ways(body: Json) -> AnyEvent:
    """The event, which XML must say as well."""
    event = read_json(body)
    assert first(write_xml(document(body))) == event
    return event


def test_an_element_of_sensor_data_may_say_what_it_is() -> None:
    plain = read_json({**OBSERVED, "sensorElementList": [SENSOR_ELEMENT]})
    for kind in ("epcis:SensorElement", "https://ref.gs1.org/epcis/SensorElement"):
        said = {**OBSERVED, "sensorElementList": [{"type": kind, **SENSOR_ELEMENT}]}
        assert read_json(said) == plain
    other = {**OBSERVED, "sensorElementList": [{"type": "ex:Probe", **SENSOR_ELEMENT}]}
    assert list(refused(other)) == ["sensorElementList[0].type"]


@pytest.mark.parametrize(
    "said",
    [
        CERTIFICATE,
        [CERTIFICATE],
        ["https://certs.example/2", CERTIFICATE],
        "https://certs.example/2",
    ],
)
def test_certificates_are_addresses_or_what_they_say(said: Any) -> None:
    event = both_ways({**OBSERVED, "certificationInfo": said})
    assert len(event.certification_info) == (2 if len(said) == 2 else 1)


@pytest.mark.parametrize(
    ("said", "path"),
    [
        (42, "certificationInfo"),
        ({}, "certificationInfo"),
        ({"agency": "x"}, "certificationInfo.agency"),
        (["https://certs.example/2", "none"], "certificationInfo[1]"),
        ([None], "certificationInfo[0]"),
    ],
)
def test_certificates_that_are_neither_are_refused(said: Any, path: str) -> None:
    assert list(refused({**OBSERVED, "certificationInfo": said})) == [path]


def test_what_only_claims_to_be_a_key_stays_and_is_told_of() -> None:
    event = both_ways(
        {
            **OBSERVED,
            "epcList": ["urn:epc:id:sgtin:6901234.011111.1", WRONG_DIGIT],
            "readPoint": {"id": "urn:epc:id:sgln:1.2"},
        }
    )
    assert WRONG_DIGIT in getattr(event, "epcs")  # noqa: B009 - of an ObjectEvent
    found = {each.path: each.detail for each in check(event) if each.code == "malformed-key"}
    assert set(found) == {"epcList", "readPoint.id"}
    assert found["epcList"].endswith("has check digit 1, it should be 6")


@pytest.mark.parametrize("kind", FULL)
def test_keys_that_are_right_arent_told_of(kind: str) -> None:
    assert "malformed-key" not in {each.code for each in check(read_json(FULL[kind]))}


def test_a_result_needs_the_name_of_its_query_but_in_xml() -> None:
    results: Json = {"resultsBody": {"eventList": [OBSERVED]}}
    body = document() | {"type": "EPCISQueryDocument", "epcisBody": {"queryResults": results}}
    with pytest.raises(InvalidDocumentError, match="queryName: is missing"):
        read_document(body)
    results["queryName"] = "mine"
    data = write_xml(body).replace(b"<queryName>mine</queryName>", b"")
    assert len(read_document(read_xml(data)).bodies) == 1


def test_an_event_that_is_the_document_may_have_its_attributes() -> None:
    data = EVENT.format(more="").strip()
    whole = data.replace("<ObjectEvent>", '<ObjectEvent schemaVersion="2.0" creationDate="2026">')
    assert first(whole.encode()) == first(data.encode())


def test_events_of_others_are_elements_of_theirs_or_in_extension() -> None:
    inner = "<eventTime>2026-10-12T03:04:05Z</eventTime>"
    inner += "<eventTimeZoneOffset>+08:00</eventTimeZoneOffset><ex:gross>12</ex:gross>"
    forms = (
        f"<ex:Weighing>{inner}</ex:Weighing>",
        f"<extension><ex:Weighing>{inner}</ex:Weighing></extension>",
        f'<extension><ExtendedEvent type="{EX}Weighing">{inner}</ExtendedEvent></extension>',
    )
    for events in forms:
        event = first(xml(events, DECLARED))
        assert isinstance(event, ExtendedEvent)
        assert (event.type, event.extensions) == (f"{EX}Weighing", {f"{EX}gross": "12"})
    alone = forms[0].replace("<ex:Weighing>", f"<ex:Weighing {DECLARED}>")
    assert first(alone.encode()).type == f"{EX}Weighing"


def test_fields_of_the_future_are_kept_where_the_schema_has_a_place_for_them() -> None:
    event = with_more("<extension><extension><later>x</later></extension></extension>")
    assert event.extensions == {"https://ref.gs1.org/epcis/later": "x"}
    assert problems(xml(EVENT.format(more="<later>x</later>")))[0].path.endswith("[0].later")
    (misspelt,) = problems(xml(EVENT.format(more="<extension><quantityLst/></extension>")))
    assert misspelt.path.endswith("[0].quantityLst")


def test_words_of_gs1s_guideline_on_deforestation_are_known() -> None:
    words = {
        "bizStep": "urn:epcglobal:cbv:bizstep:notifying",
        "persistentDisposition": {"set": ["subject_to_regulation"]},
    }
    assert both_ways({**OBSERVED, **words}).biz_step == "notifying"


def test_a_document_may_be_a_blank_node() -> None:
    assert read_document({**document(OBSERVED), "id": "_:document1"}).bodies == [OBSERVED]
    for wrong in ("_:", "document1", 5):
        with pytest.raises(InvalidDocumentError, match="id: "):
            read_document({**document(OBSERVED), "id": wrong})


def test_events_in_xml_begin_as_the_schema_has_it() -> None:
    late = "<eventTime>2026-10-12T03:04:05Z</eventTime>"
    swapped = (
        EVENT.format(more="").replace(late, "").replace("</ObjectEvent>", f"{late}</ObjectEvent>")
    )
    (problem,) = problems(xml(swapped))
    assert problem.path == "epcisBody.eventList[0].eventTime"
    assert problem.problem.startswith("stands after epcList; the schema has it before")
    # Others' answers and EPCIS 1.x, whose wrappers change the order, are taken as they are.
    first(xml(swapped, version=1))
    answer = xml(swapped).replace(b"EPCISDocument", b"EPCISQueryDocument")
    begin, end = b"<QueryResults><resultsBody>", b"</resultsBody></QueryResults>"
    first(
        answer.replace(b"<EventList>", begin + b"<EventList>").replace(
            b"</EventList>", b"</EventList>" + end
        )
    )


def test_a_context_may_stand_on_any_part_and_name_fields_as_it_likes() -> None:
    farm = {"f": "https://farm.example/", "colour": {"@id": "f:colour"}, "place": "f:place"}
    inner = {"@context": farm, "f:a": "1", "colour": "red"}
    body = {
        **OBSERVED,
        "readPoint": {"id": "https://farm.example/gate", **inner},
        "sensorElementList": [
            {**inner, "sensorReport": [{"type": "Temperature", "value": 1, "uom": "°C", **inner}]}
        ],
        "ex:tree": {**inner, "place": {"@context": {"f": "https://other.example/"}, "f:b": 2}},
        "certificationInfo": inner,
    }
    a, colour = "https://farm.example/a", "https://farm.example/colour"
    full = {a: "1", colour: "red"}
    event = both_ways(body)
    assert event.read_point is not None
    assert event.read_point.extensions == full
    assert event.sensor_elements[0].extensions == full
    assert event.sensor_elements[0].reports[0].extensions == full
    assert event.certification_info == (full,)
    (tree,) = event.extensions.values()
    assert tree == {**full, "https://farm.example/place": {"https://other.example/b": 2}}


def test_a_name_of_the_documents_own_context_is_an_extension() -> None:
    named = {"colour": "http://ns.example.com/epcis/colour", "bizStep": "https://x.example/step"}
    body = {"@context": named, **OBSERVED, "colour": "red", "bizStep": "shipping"}
    event = both_ways(body)
    assert event.extensions == {f"{EX}colour": "red"}
    assert event.biz_step == "shipping"
    both = {**body, "ex:colour": "green"}
    assert list(refused(both)) == ["ex:colour"]


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ({"quantityList": [{"@context": {}, "epcClass": "ex:a"}]}, "quantityList[0].@context"),
        ({"readPoint": {"@context": "none", "id": "ex:a"}}, "readPoint.@context"),
        ({"ex:a": {"@context": 5}}, "ex:a.@context"),
        ({"@context": {"x": 2**60 + 1}}, "@context.x"),
        ({"@context": [{"x": "\ud800"}]}, "@context.x"),
        ({"ex:a": {"@context": {"x": 2**60 + 1}}}, "ex:a.@context.x"),
    ],
)
def test_a_context_that_cant_stand_there_is_refused(part: Json, path: str) -> None:
    assert list(refused({**OBSERVED, **part})) == [path]


def test_a_document_in_xml_may_be_dated_without_an_offset_but_no_event() -> None:
    said = xml(EVENT.format(more=""))
    dated = said.replace(
        b'creationDate="2026-10-12T04:00:00Z"', b'creationDate="2026-10-12T04:00:00.5"'
    )
    assert read_xml(dated)["creationDate"] == "2026-10-12T04:00:00.5Z"
    assert first(dated) == first(said)
    (problem,) = problems(dated.replace(b"03:04:05Z", b"03:04:05"))
    assert problem.path == "epcisBody.eventList[0].eventTime"
    (problem,) = problems(dated.replace(b"T04:00:00.5", b"T04"))
    assert problem.path == "creationDate"


def test_documents_of_the_first_editions_say_1_and_nothing_more() -> None:
    said = xml(EVENT.format(more=""), version=1)
    assert read_xml(said.replace(b'"1.0"', b'"1"'))["schemaVersion"] == "2.0"
    for other in (b"1x", b"10", b"3"):
        (problem,) = problems(said.replace(b'"1.0"', b'"%b"' % other))
        assert problem.path == "schemaVersion"
