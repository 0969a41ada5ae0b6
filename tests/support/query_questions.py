"""Questions about the events of `query_events`, each with a predicate in plain Python.

The predicate says what the standard says, asked of one event, without any index.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection

from park.times import format_instant, to_epoch_ms
from tests.support.query_events import (
    AMOUNTS,
    CLASSES,
    DISPOSITIONS,
    EVENT_TIMES,
    GTINS,
    HOST,
    ITEMS,
    KEYS,
    LOTTED,
    NAMESPACE,
    OBJECTS,
    OWN_TYPE,
    PALLETS,
    PAPERS,
    PLACES,
    PREFIX,
    STEPS,
    TEMPERATURES,
    WORDS,
)
from traceability.epcis.model import Action, AnyEvent, Place
from traceability.epcis.sensors import SensorReport

Predicate = Callable[[AnyEvent], bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """One parameter as it stands in an address, and which events fit it."""

    name: str
    value: str
    fits: Predicate


def _get(event: AnyEvent, *names: str) -> list[Any]:
    return [each for name in names for each in getattr(event, name, ())]


def _get_epcs(event: AnyEvent, *names: str) -> list[str]:
    return [LOTTED.get(each, each) for each in _get(event, *names)]


def _epcs(event: AnyEvent) -> list[str]:
    return _get_epcs(event, "epcs", "child_epcs")


def _any_epc(event: AnyEvent) -> list[str]:
    parent = getattr(event, "parent", None)
    changed = _get_epcs(event, "input_epcs", "output_epcs")
    return [*_epcs(event), *changed, *([parent] if parent else [])]


def _classes(event: AnyEvent, *names: str) -> list[str]:
    return [each.epc_class for each in _get(event, *names)]


OWN_VALUES = {"@value", "http://www.w3.org/1999/02/22-rdf-syntax-ns#value"}
_ALL_QUANTITIES = ("quantities", "child_quantities", "input_quantities", "output_quantities")
_GRAMS = {"KGM": 1000, "GRM": 1, "TNE": 1_000_000}
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "EQ": lambda a, b: a == b,
    "GT": lambda a, b: a > b,
    "GE": lambda a, b: a >= b,
    "LT": lambda a, b: a < b,
    "LE": lambda a, b: a <= b,
}


def _kelvin(value: float, uom: str) -> float:
    match uom:
        case "CEL":
            value += 273.15
        case "FAH":
            value = (value - 32) * 5 / 9 + 273.15
    return round(value, 3)


def _reports_of(event: AnyEvent) -> list[SensorReport]:
    return [report for element in event.sensor_elements for report in element.reports]


def _values_at(fields: Mapping[str, Any], name: str) -> list[Any]:
    return _flat(fields.get(name))


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [each for item in value for each in _flat(item)]
    return [] if value is None else [value]


def _own(value: Any) -> Any:
    """What an object is the value of."""
    if isinstance(value, Mapping):
        return next((each for key, each in value.items() if key in OWN_VALUES), value)
    return value


def _inner_values(fields: Mapping[str, Any], name: str) -> list[Any]:
    found: list[Any] = []
    for value in fields.values():
        for each in _flat(value):
            if isinstance(each, Mapping):
                found += _values_at(each, name)
                found += _inner_values(each, name)
    return found


def _sections(event: AnyEvent, section: str) -> list[Mapping[str, Any]]:
    elements = event.sensor_elements
    holders: Mapping[str, Sequence[Any]] = {
        "": [event],
        "ERROR_DECLARATION_": [event.error_declaration],
        "SENSORELEMENT_": elements,
        "SENSORMETADATA_": [element.metadata for element in elements],
        "SENSORREPORT_": _reports_of(event),
        "readPoint_": [event.read_point],
        "bizLocation_": [event.biz_location],
    }
    if section == "ILMD_":
        return [getattr(event, "ilmd", {})]
    return [holder.extensions for holder in holders[section] if holder is not None]


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _as_time(value: Any) -> int | None:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return to_epoch_ms(at if at.tzinfo else at.replace(tzinfo=UTC))


def _equal(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return wanted == str(value).lower()
    if value == wanted:
        return True
    number, time = _as_number(value), _as_time(value)
    return (number is not None and number == _as_number(wanted)) or (
        time is not None and number is None and time == _as_time(wanted)
    )


def value_of(fields: Mapping[str, Any], name: str) -> tuple[int, Any]:
    """By what events are ordered: 0 and a number or time, 1 and a text, or 2 for neither."""
    values = [_own(each) for each in _values_at(fields, name)]
    numbers = [each for value in values if (each := _as_number(value)) is not None]
    times = [each for value in values if (each := _as_time(value)) is not None]
    if numbers or times:
        return 0, min([*numbers, *times])
    texts = [str(each).lower() if each is True else each for each in values]
    found = [each for each in texts if isinstance(each, str)]
    return (1, min(found)) if found else (2, "")


_OPERATORS = st.sampled_from(["EQ", "GT", "GE", "LT", "LE"])
_ONE_SIDED = st.sampled_from(["GE", "LT"])


def _list_of(
    name: str, forms: Mapping[str, str], found: Callable[[AnyEvent], Sequence[Any]]
) -> st.SearchStrategy[Asked]:
    """A list of one or two values, each in either of its forms."""

    def build(chosen: Sequence[tuple[str, bool]]) -> Asked:
        texts = [forms[value] if other else value for value, other in chosen]
        wanted = {value for value, _ in chosen}
        return Asked(name, "|".join(texts), lambda event: not wanted.isdisjoint(found(event)))

    each = st.tuples(st.sampled_from(list(forms)), st.booleans())
    return st.lists(each, min_size=1, max_size=2).map(build)


def _same(values: Iterable[str]) -> dict[str, str]:
    return {value: value for value in values}


def _full_forms(local: str) -> list[str]:
    return [f"{NAMESPACE}{local}", f"{NAMESPACE}#{local}"]


def _extension_questions(draw: st.DrawFn) -> Asked:
    section = draw(
        st.sampled_from(
            [
                *("", "ILMD_", "ERROR_DECLARATION_", "SENSORELEMENT_"),
                *("SENSORMETADATA_", "SENSORREPORT_", "readPoint_", "bizLocation_"),
            ]
        )
    )
    inner = draw(st.sampled_from(["", "INNER_"]))
    local = draw(st.sampled_from(["colour", "size", *(["bare"] if inner else [])]))
    is_bare = local == "bare"
    forms = ["bare", "#bare"] if is_bare else [f"partner:{local}", *_full_forms(local)]
    written = draw(st.sampled_from(forms))

    def values(event: AnyEvent) -> list[Any]:
        read = _inner_values if inner else _values_at
        name = local if is_bare else NAMESPACE + local
        return [_own(value) for fields in _sections(event, section) for value in read(fields, name)]

    operator = draw(st.sampled_from(["EQ", "EXISTS", "GT", "GE", "LT", "LE"]))
    name = f"{operator}_{inner}{section}{written}"
    if operator == "EXISTS":
        return Asked(name, "", lambda event: any(value not in ({}, []) for value in values(event)))
    if operator == "EQ":
        wanted = draw(st.lists(st.sampled_from([*WORDS, "true"]), min_size=1, max_size=2))
        return Asked(
            name,
            "|".join(wanted),
            lambda event: any(_equal(value, text) for value in values(event) for text in wanted),
        )
    compare = _COMPARE[operator]
    if draw(st.booleans()):
        limit = draw(st.sampled_from([6.5, 7.0, 8.0]))
        return Asked(
            name,
            str(limit),
            lambda event: any(
                (number := _as_number(v)) is not None and compare(number, limit)
                for v in values(event)
            ),
        )
    at = draw(EVENT_TIMES)
    return Asked(
        name,
        format_instant(at),
        lambda event: any(
            _as_number(v) is None and (t := _as_time(v)) is not None and compare(t, to_epoch_ms(at))
            for v in values(event)
        ),
    )


def _quantity_questions(draw: st.DrawFn) -> Asked:
    operator, uom = draw(_OPERATORS), draw(st.sampled_from([*_GRAMS, None]))
    limit = draw(st.sampled_from(AMOUNTS))
    compare = _COMPARE[operator]

    def fits(event: AnyEvent) -> bool:
        found = [q for q in _get(event, *_ALL_QUANTITIES) if q.quantity is not None]
        if uom is None:
            return any(compare(q.quantity, limit) for q in found)
        return any(
            compare(round(q.quantity * _GRAMS[q.uom], 6), round(limit * _GRAMS[uom], 6))
            for q in found
            if q.uom is not None
        )

    return Asked(f"{operator}_quantity{'' if uom is None else f'_{uom}'}", str(limit), fits)


def _temperature_questions(draw: st.DrawFn) -> Asked:
    operator, (uom, limit) = draw(_OPERATORS), draw(st.sampled_from(TEMPERATURES))
    name, attribute = draw(st.sampled_from([("value", "value"), ("minValue", "min_value")]))
    compare = _COMPARE[operator]
    return Asked(
        f"{operator}_{name}_{uom}",
        str(limit),
        lambda event: any(
            value is not None and r.uom and compare(_kelvin(value, r.uom), _kelvin(limit, uom))
            for r in _reports_of(event)
            for value in [getattr(r, attribute)]
        ),
    )


def _declaration_time_questions(draw: st.DrawFn) -> Asked:
    operator, at = draw(_ONE_SIDED), draw(EVENT_TIMES)
    compare = _COMPARE[operator]
    return Asked(
        f"{operator}_errorDeclarationTime",
        format_instant(at),
        lambda event: (
            event.error_declaration is not None
            and compare(event.error_declaration.declaration_time.timestamp(), at.timestamp())
        ),
    )


def _sensor_time_questions(draw: st.DrawFn) -> Asked:
    operator, at = draw(_ONE_SIDED), draw(EVENT_TIMES)
    name, found = draw(
        st.sampled_from(
            [
                ("time", lambda e: [*_of_metadata(e, "time"), *_of_reports(e, "time")]),
                ("startTime", lambda e: _of_metadata(e, "start_time")),
                ("SENSORREPORT_time", lambda e: _of_reports(e, "time")),
            ]
        )
    )
    compare = _COMPARE[operator]
    return Asked(
        f"{operator}_{name}",
        format_instant(at),
        lambda event: any(
            each is not None and compare(each.timestamp(), at.timestamp()) for each in found(event)
        ),
    )


def _event_time_questions(draw: st.DrawFn) -> Asked:
    operator, at = draw(_ONE_SIDED), draw(EVENT_TIMES)
    compare = _COMPARE[operator]
    return Asked(
        f"{operator}_eventTime",
        format_instant(at),
        lambda event: compare(event.event_time.timestamp(), at.timestamp()),
    )


def _step_urns() -> dict[str, str]:
    return {s: s if ":" in s else f"urn:epcglobal:cbv:bizstep:{s}" for s in STEPS}


def _disposition_urns() -> dict[str, str]:
    return {d: f"urn:epcglobal:cbv:disp:{d}" for d in DISPOSITIONS}


def _place(place: Place | None) -> list[str]:
    return [] if place is None else [place.id]


def _held_by(place: Place | None) -> list[str]:
    return [] if place is None else [place.id, place.id.partition("/254/")[0]]


def _of_metadata(event: AnyEvent, attribute: str) -> list[Any]:
    return [getattr(e.metadata, attribute) for e in event.sensor_elements if e.metadata]


def _of_reports(event: AnyEvent, attribute: str) -> list[Any]:
    return [getattr(report, attribute) for report in _reports_of(event)]


def _links(found: Iterable[str | None]) -> list[str | None]:
    by_form = {urn: link for link, urn in KEYS.items()}
    return [by_form.get(each or "", each) for each in found]


def _persistent(event: AnyEvent, what: str) -> list[str]:
    found = event.persistent_disposition
    return [] if found is None else list(getattr(found, what))


def _error(event: AnyEvent, what: str) -> Any:
    found = event.error_declaration
    return None if found is None else getattr(found, what)


_TYPES = {
    f"{each}Event": f"epcis:{each}Event"
    for each in (*("Object", "Aggregation", "Association", "Transaction", "Transformation"),)
} | {OWN_TYPE: "partner:Weighing"}
_DEVICES = _same(["urn:device:1", "urn:device:2"])
_LISTS = (
    _list_of("eventType", _TYPES, lambda e: [e.type]),
    _list_of("EQ_action", _same(Action), lambda e: [getattr(e, "action", None)]),
    _list_of("EQ_bizStep", _step_urns(), lambda e: [e.biz_step]),
    _list_of("EQ_disposition", _disposition_urns(), lambda e: [e.disposition]),
    _list_of("EQ_persistentDisposition_set", _disposition_urns(), lambda e: _persistent(e, "set")),
    _list_of(
        "EQ_persistentDisposition_unset", _disposition_urns(), lambda e: _persistent(e, "unset")
    ),
    _list_of("EQ_readPoint", PLACES, lambda e: _place(e.read_point)),
    _list_of("WD_readPoint", PLACES, lambda e: _held_by(e.read_point)),
    _list_of("EQ_bizLocation", PLACES, lambda e: _place(e.biz_location)),
    _list_of("WD_bizLocation", PLACES, lambda e: _held_by(e.biz_location)),
    _list_of(
        "EQ_transformationID",
        _same(["urn:uuid:run"]),
        lambda e: [getattr(e, "transformation_id", None)],
    ),
    _list_of("MATCH_epc", OBJECTS, _epcs),
    _list_of("MATCH_parentID", PALLETS, lambda e: [getattr(e, "parent", None)]),
    _list_of("MATCH_inputEPC", OBJECTS, lambda e: _get_epcs(e, "input_epcs")),
    _list_of("MATCH_outputEPC", OBJECTS, lambda e: _get_epcs(e, "output_epcs")),
    _list_of("MATCH_anyEPC", OBJECTS, _any_epc),
    _list_of("MATCH_epcClass", CLASSES, lambda e: _classes(e, "quantities", "child_quantities")),
    _list_of("MATCH_inputEPCClass", CLASSES, lambda e: _classes(e, "input_quantities")),
    _list_of("MATCH_outputEPCClass", CLASSES, lambda e: _classes(e, "output_quantities")),
    _list_of("MATCH_anyEPCClass", CLASSES, lambda e: _classes(e, *_ALL_QUANTITIES)),
    _list_of(
        "EQ_bizTransaction_po",
        _same(PAPERS),
        lambda e: [paper.id for paper in e.biz_transactions if paper.type == "po"],
    ),
    _list_of(
        "EQ_source_owning_party",
        PLACES,
        lambda e: [party.id for party in e.sources if party.type == "owning_party"],
    ),
    _list_of(
        "EQ_destination_location",
        PLACES,
        lambda e: [party.id for party in e.destinations if party.type == "location"],
    ),
    _list_of("EQ_errorReason", _same(["incorrect_data"]), lambda e: [_error(e, "reason")]),
    _list_of(
        "EQ_correctiveEventID",
        _same(["urn:uuid:1", "urn:uuid:2"]),
        lambda e: _error(e, "corrective_event_ids") or [],
    ),
    _list_of(
        "EQ_type",
        {"Temperature": "https://gs1.org/voc/Temperature"},
        lambda e: [report.type for report in _reports_of(e)],
    ),
    _list_of(
        "EQ_deviceID",
        _DEVICES,
        lambda e: [*_of_metadata(e, "device_id"), *_of_reports(e, "device_id")],
    ),
    _list_of(
        "EQ_rawData",
        KEYS,
        lambda e: _links([*_of_metadata(e, "raw_data"), *_of_reports(e, "raw_data")]),
    ),
    _list_of("EQ_SENSORMETADATA_rawData", KEYS, lambda e: _links(_of_metadata(e, "raw_data"))),
    _list_of("EQ_uriValue", KEYS, lambda e: _links(_of_reports(e, "uri_value"))),
    _list_of(
        "EQ_exception",
        {"ALARM_CONDITION": "gs1:ALARM_CONDITION"},
        lambda e: _of_reports(e, "exception"),
    ),
    _list_of("EQ_certificationInfo", KEYS, lambda e: list(e.certification_info)),
    _list_of(
        "EQ_SENSORREPORT_deviceID",
        _DEVICES,
        lambda e: [report.device_id for report in _reports_of(e)],
    ),
    _list_of(
        "EQ_hexBinaryValue",
        {"AB01": "ab01"},
        lambda e: [r.hex_binary_value.upper() for r in _reports_of(e) if r.hex_binary_value],
    ),
)
AREA = f"{NAMESPACE}area"
AREAS = {
    name: f"area {number % 2}"
    for number, name in enumerate((*list(PLACES)[:2], *list(CLASSES)[:3], PAPERS[0]))
}
"""What master data says of some of what events name."""


class Areas:
    """Master data that knows nothing but areas."""

    def descendants(self, _connection: Connection, _place: str) -> Iterable[str]:
        """No place lies in another."""
        return ()

    def having(
        self,
        _connection: Connection,
        _vocabulary: str | None,
        attribute: str,
        values: Sequence[str] | None,
    ) -> Iterable[str]:
        """What has an area, or one of these."""
        of_area = AREAS.items() if attribute == AREA else ()
        return [name for name, area in of_area if values is None or area in values]


_DESCRIBED: Mapping[str, Callable[[AnyEvent], Iterable[str]]] = {
    "readPoint": lambda e: _place(e.read_point),
    "bizLocation": lambda e: _place(e.biz_location),
    "source": lambda e: [party.id for party in e.sources],
    "destination": lambda e: [party.id for party in e.destinations],
    "bizTransaction": lambda e: [paper.id for paper in e.biz_transactions],
    "epcClass": lambda e: _classes(e, *_ALL_QUANTITIES),
}


def _attribute_questions(draw: st.DrawFn) -> Asked:
    field = draw(st.sampled_from(list(_DESCRIBED)))
    named = _DESCRIBED[field]
    areas = draw(st.none() | st.lists(st.sampled_from(["area 0", "area 1", "none"]), min_size=1))
    if areas is None:
        return Asked(
            f"HASATTR_{field}", "partner:area", lambda e: any(n in AREAS for n in named(e))
        )
    name = f"EQATTR_{field}_partner:area"
    return Asked(name, "|".join(areas), lambda e: any(AREAS.get(n) in areas for n in named(e)))


_FLAGS = st.sampled_from(
    [
        Asked("EXISTS_errorDeclaration", "", lambda e: e.error_declaration is not None),
        Asked("EXISTS_sensorElementList", "", lambda e: bool(e.sensor_elements)),
        Asked(
            "EQ_booleanValue",
            "true",
            lambda e: any(report.boolean_value is True for report in _reports_of(e)),
        ),
        Asked(
            "GE_sDev_KEL",
            "2",
            lambda e: any(
                report.standard_deviation is not None and report.uom in {"CEL", "KEL"}
                for report in _reports_of(e)
            ),
        ),
        Asked(
            "MATCH_epc",
            f"urn:epc:idpat:sgtin:{PREFIX}.000001.*",
            lambda e: any(epc.startswith(f"{HOST}/01/{GTINS[0]}/21/") for epc in _epcs(e)),
        ),
        Asked(
            "MATCH_anyEPCClass",
            f"urn:epc:idpat:sgtin:{PREFIX}.000002.*",
            lambda e: any(GTINS[1] in each for each in _classes(e, *_ALL_QUANTITIES)),
        ),
        Asked(
            "MATCH_anyEPC",
            f"urn:epc:idpat:sgtin:{PREFIX}.*.*",
            lambda e: any(epc in ITEMS for epc in _any_epc(e)),
        ),
        Asked(
            "GT_percRank", "49", lambda e: any(each for each in _of_reports(e, "percentile_rank"))
        ),
        Asked(
            "MATCH_anyEPC",
            f"urn:epc:idpat:sscc:{PREFIX}.*",
            lambda e: any(epc in PALLETS for epc in _any_epc(e)),
        ),
    ]
)


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    """One parameter of any family."""
    kinds: list[Callable[[st.DrawFn], Asked]] = [
        lambda draw: draw(st.one_of(*_LISTS)),
        lambda draw: draw(st.one_of(*_LISTS)),
        lambda draw: draw(_FLAGS),
        _extension_questions,
        _quantity_questions,
        _temperature_questions,
        _declaration_time_questions,
        _sensor_time_questions,
        _event_time_questions,
        _attribute_questions,
    ]
    return draw(st.sampled_from(kinds))(draw)
