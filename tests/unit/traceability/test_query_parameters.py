"""Parameters of event queries: what is read, and what is refused with the parameter's name."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.times import parse_instant, to_epoch_ms
from traceability.epcis.contexts import Context
from traceability.epcis.query.conditions import (
    Column,
    Comparison,
    EventId,
    EventQuery,
    Fact,
    HasAttribute,
    Number,
    NumberBetween,
    Order,
    Span,
    Term,
    TermBetween,
    Within,
)
from traceability.epcis.query.parameters import parse_query, parse_query_body
from traceability.epcis.query.series import series
from traceability.errors import QueryParameterError

CONTEXT = Context.of({"ex": "https://partner.example/"})
LOT = "https://id.gs1.org/01/09521141000014/10/L1"
LOT_URN = "urn:epc:class:lgtin:9521141.000001.L1"
PLACE = "https://id.gs1.org/414/9521141000014"
PLACE_URN = "urn:epc:id:sgln:9521141.00001.0"
TIME = "2026-03-01T08:00:00+08:00"
TIME_MS = to_epoch_ms(parse_instant(TIME))


def _atoms(name: str, value: str) -> list[Any]:
    (condition,) = parse_query([(name, value)], CONTEXT).conditions
    assert condition.parameter == name
    return list(condition.any_of)


@pytest.mark.parametrize(
    ("name", "value", "atoms"),
    [
        ("eventType", "ObjectEvent", [Fact(Column.TYPE, "ObjectEvent")]),
        ("eventType", "epcis:ObjectEvent", [Fact(Column.TYPE, "ObjectEvent")]),
        ("eventType", "https://ref.gs1.org/epcis/ObjectEvent", [Fact(Column.TYPE, "ObjectEvent")]),
        ("EQ_action", "ADD|DELETE", [Fact(Column.ACTION, "ADD"), Fact(Column.ACTION, "DELETE")]),
        ("EQ_bizStep", "shipping", [Fact(Column.BIZ_STEP, "shipping")]),
        ("EQ_bizStep", "urn:epcglobal:cbv:bizstep:shipping", [Fact(Column.BIZ_STEP, "shipping")]),
        (
            "EQ_bizStep",
            "https://ref.gs1.org/cbv/BizStep-shipping",
            [Fact(Column.BIZ_STEP, "shipping")],
        ),
        ("EQ_bizStep", "ex:waxing", [Fact(Column.BIZ_STEP, "https://partner.example/waxing")]),
        ("EQ_disposition", "in_transit", [Fact(Column.DISPOSITION, "in_transit")]),
        ("EQ_persistentDisposition_set", "recalled", [Term("set", "recalled")]),
        ("EQ_persistentDisposition_unset", "recalled", [Term("unset", "recalled")]),
        ("EQ_readPoint", PLACE_URN, [Fact(Column.READ_POINT, PLACE)]),
        ("WD_readPoint", PLACE_URN, [Within(Column.READ_POINT, PLACE)]),
        ("EQ_bizLocation", PLACE, [Fact(Column.BIZ_LOCATION, PLACE)]),
        ("WD_bizLocation", PLACE, [Within(Column.BIZ_LOCATION, PLACE)]),
        ("EQ_transformationID", "urn:uuid:1", [Term("transformationID", "urn:uuid:1")]),
        ("MATCH_parentID", "urn:x:1", [Term("parent", "urn:x:1")]),
        ("MATCH_inputEPC", f"{LOT}/21/7", [Term("inputEPC", LOT.replace("10/L1", "21/7"))]),
        ("MATCH_epcClass", LOT_URN, [Term("epcClass", LOT)]),
        ("MATCH_inputEPCClass", LOT_URN, [Term("inputEPCClass", LOT)]),
        ("MATCH_outputEPCClass", LOT_URN, [Term("outputEPCClass", LOT)]),
        (
            "MATCH_anyEPCClass",
            LOT_URN,
            [Term("epcClass", LOT), Term("inputEPCClass", LOT), Term("outputEPCClass", LOT)],
        ),
        ("EQ_quantity", "5|6", [Number("quantity", Comparison.EQ, n) for n in (5, 6)]),
        ("GE_quantity_KGM", "1.5", [Number("quantity/mass", Comparison.GE, 1500)]),
        ("GE_quantity_kgm", "1.5", [Number("quantity/mass", Comparison.GE, 1500)]),
        ("LE_quantity_XBX", "2", [Number("quantity/?XBX", Comparison.LE, 2)]),
        ("EQ_bizTransaction_po", "urn:x:1", [Term("bizTransaction/po", "urn:x:1")]),
        (
            "EQ_bizTransaction_urn:epcglobal:cbv:btt:po",
            "urn:x:1",
            [Term("bizTransaction/po", "urn:x:1")],
        ),
        ("EQ_source_owning_party", PLACE_URN, [Term("source/owning_party", PLACE)]),
        ("EQ_destination_location", PLACE, [Term("destination/location", PLACE)]),
        ("EQ_eventID", "urn:uuid:1", [EventId("urn:uuid:1")]),
        ("EXISTS_errorDeclaration", "", [Term("errorDeclaration", "")]),
        ("GE_errorDeclarationTime", TIME, [Number("declarationTime", Comparison.GE, TIME_MS)]),
        ("LT_errorDeclaration_Time", TIME, [Number("declarationTime", Comparison.LT, TIME_MS)]),
        ("EQ_errorReason", "incorrect_data", [Term("reason", "incorrect_data")]),
        ("EQ_correctiveEventID", "urn:uuid:1", [Term("correctiveEventID", "urn:uuid:1")]),
        ("EXISTS_sensorElementList", "", [Term("sensorElement", "")]),
        (
            "GE_time",
            TIME,
            [Number(f"{each}.time", Comparison.GE, TIME_MS) for each in ("metadata", "report")],
        ),
        ("LT_endTime", TIME, [Number("metadata.endTime", Comparison.LT, TIME_MS)]),
        ("GE_SENSORREPORT_time", TIME, [Number("report.time", Comparison.GE, TIME_MS)]),
        ("EQ_type", "https://gs1.org/voc/Temperature", [Term("report.type", "Temperature")]),
        (
            "EQ_deviceID",
            "urn:d:1",
            [Term("metadata.deviceID", "urn:d:1"), Term("report.deviceID", "urn:d:1")],
        ),
        ("EQ_SENSORMETADATA_deviceID", "urn:d:1", [Term("metadata.deviceID", "urn:d:1")]),
        ("EQ_bizRules", "urn:r:1", [Term("metadata.bizRules", "urn:r:1")]),
        ("EQ_SENSORREPORT_rawData", PLACE_URN, [Term("report.rawData", PLACE)]),
        ("EQ_booleanValue", "True", [Term("report.booleanValue", "true")]),
        ("EQ_booleanValue", "0", [Term("report.booleanValue", "false")]),
        ("EQ_hexBinaryValue", "f00a", [Term("report.hexBinaryValue", "F00A")]),
        ("EQ_stringValue", "a|b", [Term("report.stringValue", text) for text in "ab"]),
        ("GE_value_CEL", "5", [Number("report.value/temperature", Comparison.GE, 278.15)]),
        ("LT_minValue_FAH", "41", [Number("report.minValue/temperature", Comparison.LT, 278.15)]),
        ("GT_sDev_CEL", "2", [Number("report.sDev/temperature", Comparison.GT, 2)]),
        ("GE_percRank", "95", [Number("report.percRank", Comparison.GE, 95)]),
        ("EQ_ex:a", "red", [Term("event:https://partner.example/a", "red")]),
        (
            "EQ_https://partner.example/#a",
            "red",
            [
                Term("event:https://partner.example/#a", "red"),
                Term("event:https://partner.example/a", "red"),
            ],
        ),
        (
            "EXISTS_urn:epcglobal:cbv:mda#lotNumber",
            "",
            [
                Term("event:urn:epcglobal:cbv:mda#lotNumber", ""),
                Term("event:urn:epcglobal:cbv:mda:lotNumber", ""),
            ],
        ),
        ("EQ_INNER_#a", "red", [Term("event::a", "red")]),
        ("EXISTS_INNER_ILMD_a", "", [Term("ilmd::a", "")]),
        (
            "EQ_ex:a",
            TIME.replace("+", " "),
            [
                Term("event:https://partner.example/a", TIME.replace("+", " ")),
                Number("@event:https://partner.example/a", Comparison.EQ, TIME_MS),
            ],
        ),
        ("LE_ex:a", "2026-03-01", [
            Number("@event:https://partner.example/a", Comparison.LE, TIME_MS)
        ]),
        ("GE_ILMD_ex:a", "1", [Number("ilmd:https://partner.example/a", Comparison.GE, 1)]),
        ("LT_INNER_ex:a", "1", [Number("event::https://partner.example/a", Comparison.LT, 1)]),
        ("GT_INNER_ILMD_ex:a", TIME, [
            Number("@ilmd::https://partner.example/a", Comparison.GT, TIME_MS)
        ]),
        ("EXISTS_ERROR_DECLARATION_ex:a", "", [Term("error:https://partner.example/a", "")]),
        ("EQ_SENSORREPORT_ex:a", "x", [Term("report:https://partner.example/a", "x")]),
        ("EQ_INNER_readPoint_ex:a", "x", [Term("readPoint::https://partner.example/a", "x")]),
        (
            "EQ_ex:a",
            "7",
            [
                Term("event:https://partner.example/a", "7"),
                Number("event:https://partner.example/a", Comparison.EQ, 7),
            ],
        ),
        ("HASATTR_bizLocation", "ex:area", [
            HasAttribute(Column.BIZ_LOCATION, "https://partner.example/area")
        ]),
        ("EQATTR_readPoint_ex:area", "5|6", [
            HasAttribute(Column.READ_POINT, "https://partner.example/area", ("5", "6"))
        ]),
        ("HASATTR_source", "ex:area", [HasAttribute(("source",), "https://partner.example/area")]),
        ("EQATTR_epcClass_ex:area", "5", [
            HasAttribute(
                ("epcClass", "inputEPCClass", "outputEPCClass"),
                "https://partner.example/area",
                ("5",),
            )
        ]),
        ("EQ_ATTR_ex:a_ex:area", "5", [
            HasAttribute(
                ("event:https://partner.example/a",), "https://partner.example/area", ("5",)
            )
        ]),
    ],
)  # fmt: skip
def test_parameters_are_read(name: str, value: str, atoms: list[Any]) -> None:
    assert _atoms(name, value) == atoms


def test_patterns_of_a_company_are_one_span() -> None:
    named, *spans = _atoms("MATCH_epc", "urn:epc:idpat:sscc:9521141.*")
    assert isinstance(named, Term)
    (span,) = spans
    assert isinstance(span, NumberBetween)
    for value, is_in in (("395211410000000011", True), ("395211400000000013", False)):
        key, number = series(f"https://id.gs1.org/00/{value}") or ("", 0)
        assert span.name == f"epc/{key}"
        assert (span.low <= number < span.high) is is_in


def test_patterns_of_one_serialised_part_are_a_range() -> None:
    _, ranged = _atoms("MATCH_epc", "urn:epc:idpat:cpi:9521141.A1.*")
    low = "https://id.gs1.org/8010/9521141A1/8011/"
    assert ranged == TermBetween("epc", low, low[:-1] + "0")


@pytest.mark.parametrize(
    "pattern",
    [
        "urn:epc:idpat:sgtin:9521141.000001",
        "urn:epc:idpat:sgtin:*.000001.*",
        "urn:epc:idpat:sgtin:9521141.000001.1",
        "urn:epc:idpat:sgtin:9521141.00000x.*",
        "urn:epc:idpat:nothing:1.*",
        "urn:epc:idpat:",
    ],
)
def test_patterns_that_are_none_are_refused(pattern: str) -> None:
    with pytest.raises(QueryParameterError) as error:
        parse_query([("MATCH_epc", pattern)])
    assert error.value.parameter == "MATCH_epc"


def test_times_are_spans() -> None:
    query = parse_query(
        [("GE_eventTime", TIME), ("LT_eventTime", "2026-03-02T00:00:00Z"), ("GE_recordTime", TIME)]
    )
    day_ms = 24 * 3600 * 1000
    assert query.event_time == Span(TIME_MS, TIME_MS + day_ms)
    assert query.record_time == Span(TIME_MS)


def test_a_plus_that_arrived_as_a_space_is_one() -> None:
    query = parse_query([("GE_eventTime", TIME.replace("+", " "))])
    assert query.event_time.start == TIME_MS


def test_settings_are_read() -> None:
    items = [
        ("orderBy", "recordTime"),
        ("orderDirection", "ASC"),
        ("eventCountLimit", "7"),
        ("perPage", "5000"),
        ("nextPageToken", "abc"),
    ]
    assert parse_query(items) == EventQuery(
        order=Order.RECORD_TIME,
        descending=False,
        event_count_limit=7,
        per_page=1000,
        page_token="abc",  # noqa: S106 - a token of pages
    )


def test_the_order_may_be_that_of_an_extension() -> None:
    query = parse_query([("orderBy", "ex:a")], CONTEXT)
    assert (query.order, query.order_field) == (
        Order.EXTENSION,
        ("event:https://partner.example/a",),
    )


def test_a_body_says_the_same_as_an_address() -> None:
    body = {
        "@context": [{"ex": "https://partner.example/"}],
        "EQ_bizStep": ["shipping", "ex:waxing"],
        "GE_eventTime": TIME,
        "GE_value_CEL": 5,
        "EQ_quantity": [1, 2],
        "EQ_ex:a": ["red", "7"],
        "EXISTS_ILMD_ex:a": None,
        "EQ_booleanValue": True,
        "perPage": 10,
    }
    items = [
        ("EQ_bizStep", "shipping|ex:waxing"),
        ("GE_eventTime", TIME),
        ("GE_value_CEL", "5"),
        ("EQ_quantity", "1|2"),
        ("EQ_ex:a", "red|7"),
        ("EXISTS_ILMD_ex:a", ""),
        ("EQ_booleanValue", "true"),
        ("perPage", "10"),
    ]
    assert parse_query_body(body) == parse_query(items, CONTEXT)


def test_a_repeated_list_is_one_list() -> None:
    repeated = parse_query([("EQ_action", "ADD"), ("EQ_action", "OBSERVE")])
    assert repeated == parse_query([("EQ_action", "ADD|OBSERVE")])


@pytest.mark.parametrize("value", [None, False, 0, "false"])
def test_the_value_of_exists_means_nothing(value: Any) -> None:
    asked = parse_query_body({"EXISTS_errorDeclaration": value, "EXISTS_ex:a": value}, CONTEXT)
    assert asked == parse_query([("EXISTS_errorDeclaration", ""), ("EXISTS_ex:a", "")], CONTEXT)


@pytest.mark.parametrize(
    ("items", "parameter"),
    [
        ([("EQ_nothing", "1")], "EQ_nothing"),
        ([("bizStep", "shipping")], "bizStep"),
        ([("GE_bizStep", "shipping")], "GE_bizStep"),
        ([("EXISTS_bizStep", "")], "EXISTS_bizStep"),
        ([("GT_eventTime", TIME)], "GT_eventTime"),
        ([("EQ_action", "add")], "EQ_action"),
        ([("eventType", "FooEvent")], "eventType"),
        ([("EQ_bizStep", "")], "EQ_bizStep"),
        ([("EQ_bizStep", "shipping|")], "EQ_bizStep"),
        ([("EQ_bizStep", "a\0b")], "EQ_bizStep"),
        ([("GE_eventTime", "yesterday")], "GE_eventTime"),
        ([("GE_eventTime", "2026-03-01T08:00:00")], "GE_eventTime"),
        ([("GE_eventTime", TIME), ("GE_eventTime", TIME)], "GE_eventTime"),
        ([("GE_quantity", "many")], "GE_quantity"),
        ([("GE_quantity", "nan")], "GE_quantity"),
        ([("GE_quantity_KTN", "1e308")], "GE_quantity_KTN"),
        ([("GE_ex:a", "soon")], "GE_ex:a"),
        ([("EQ_booleanValue", "yes")], "EQ_booleanValue"),
        ([("orderBy", "quantity")], "orderBy"),
        ([("orderDirection", "down")], "orderDirection"),
        ([("perPage", "0")], "perPage"),
        ([("perPage", "1.5")], "perPage"),
        ([("eventCountLimit", "5")], "eventCountLimit"),
        (
            [("eventCountLimit", "5"), ("maxEventCount", "5"), ("orderBy", "eventTime")],
            "eventCountLimit",
        ),
        ([("HASATTR_quantity", "x")], "HASATTR_quantity"),
        ([("EQATTR_bizLocation", "x")], "EQATTR_bizLocation"),
        ([("EQ_bizStep", "|".join(map(str, range(1001))))], "EQ_bizStep"),
    ],
)
def test_what_is_no_question_is_refused(items: list[tuple[str, str]], parameter: str) -> None:
    with pytest.raises(QueryParameterError) as error:
        parse_query(items, CONTEXT)
    assert error.value.parameter == parameter
    assert error.value.code == "bad-query-parameter"


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"EQ_bizStep": [1]}, "EQ_bizStep"),
        ({"EQ_bizStep": []}, "EQ_bizStep"),
        ({"EQ_bizStep": {"a": 1}}, "EQ_bizStep"),
        ({"GE_eventTime": 5}, "GE_eventTime"),
        ({"GE_quantity": True}, "GE_quantity"),
        ({"GE_quantity": [1, 2]}, "GE_quantity"),
        ({"maxEventCount": "many"}, "maxEventCount"),
        ({"orderBy": ["eventTime", "recordTime"]}, "orderBy"),
        ({"EQ_ex:a": [None]}, "EQ_ex:a"),
        ({"EQ_ex:a": []}, "EQ_ex:a"),
        ({"orderBy": {}}, "orderBy"),
        ({"orderDirection": []}, "orderDirection"),
    ],
)
def test_bodies_of_wrong_types_are_refused(body: dict[str, Any], parameter: str) -> None:
    with pytest.raises(QueryParameterError) as error:
        parse_query_body(body)
    assert error.value.parameter == parameter


_NAMES = st.sampled_from(
    [
        *("EQ_bizStep", "GE_eventTime", "MATCH_epc", "EQ_quantity", "GE_value_CEL", "perPage"),
        *("orderBy", "orderDirection", "eventCountLimit", "nextPageToken", "EQ_ATTR_a:b_c:d"),
    ]
) | st.from_regex(r"\A(EQ|GT|GE|LT|LE|EXISTS|HASATTR|EQATTR)_(INNER_)?(ILMD_)?[a-z:_/#é\n]{0,12}\Z")
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(_NAMES, _JSON, max_size=3))
def test_any_body_is_read_or_refused(body: dict[str, Any]) -> None:
    with contextlib.suppress(QueryParameterError):
        parse_query_body(body)


@given(st.lists(st.tuples(_NAMES, st.text(max_size=20)), max_size=3))
def test_any_address_is_read_or_refused(items: list[tuple[str, str]]) -> None:
    with contextlib.suppress(QueryParameterError):
        parse_query(items, CONTEXT)
