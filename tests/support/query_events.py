"""Events that are alike enough for questions to find some of them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from park.gs1 import make_gln, make_gtin, make_sscc
from traceability.epcis.model import (
    Action,
    AggregationEvent,
    AnyEvent,
    AssociationEvent,
    BusinessTransaction,
    ErrorDeclaration,
    ExtendedEvent,
    ObjectEvent,
    Party,
    PersistentDisposition,
    Place,
    Quantity,
    TransactionEvent,
    TransformationEvent,
)
from traceability.epcis.sensors import SensorElement, SensorMetadata, SensorReport

PREFIX = "9521141"
NAMESPACE = "https://partner.example/epcis/"
OWN_TYPE = f"{NAMESPACE}Weighing"
START = datetime(2026, 3, 1, tzinfo=UTC)
HOST = "https://id.gs1.org"

GTINS = [make_gtin(PREFIX, item) for item in (1, 2)]
CLASSES = {
    f"{HOST}/01/{gtin}/10/L{n}": _urn
    for n in range(3)
    for gtin, _urn in (
        (GTINS[0], f"urn:epc:class:lgtin:{PREFIX}.000001.L{n}"),
        (GTINS[1], f"urn:epc:class:lgtin:{PREFIX}.000002.L{n}"),
    )
}
ITEMS = {
    f"{HOST}/01/{gtin}/21/{n}": f"urn:epc:id:sgtin:{PREFIX}.{gtin[8:13].zfill(6)}.{n}"
    for gtin in GTINS
    for n in range(3)
}
PALLETS = {
    f"{HOST}/00/{make_sscc(PREFIX, n)}": f"urn:epc:id:sscc:{PREFIX}.0{n:09d}" for n in range(3)
}
LOTTED = {
    each.replace("/21/", f"/{qualifier}/21/"): each
    for each, qualifier in zip(ITEMS, ["10/LA", "22/V/10/LB"], strict=False)
}
"""Items by links that name their lot as well, which says nothing more."""
OBJECTS = ITEMS | PALLETS
GLN = make_gln(PREFIX, 1)
PLACES = {
    f"{HOST}/414/{GLN}": f"urn:epc:id:sgln:{PREFIX}.00001.0",
    f"{HOST}/414/{GLN}/254/R1": f"urn:epc:id:sgln:{PREFIX}.00001.R1",
    f"{HOST}/414/{make_gln(PREFIX, 2)}": f"urn:epc:id:sgln:{PREFIX}.00002.0",
}
STEPS = ["shipping", "receiving", "https://partner.example/steps/waxing"]
DISPOSITIONS = ["in_transit", "active", "recalled"]
PAPERS = ["urn:epcglobal:cbv:bt:9521141000018:D1", "urn:epcglobal:cbv:bt:9521141000018:D2"]
UNITS = ["KGM", "GRM", "TNE", None]
AMOUNTS = [1.0, 2.0, 1000.0, 2000.0, 0.001]
TEMPERATURES = [("CEL", 5.0), ("KEL", 278.15), ("FAH", 41.0), ("CEL", -1.5), ("KEL", 400.0)]
KEYS = {f"{HOST}/8004/{PREFIX}{n}": f"urn:epc:id:giai:{PREFIX}.{n}" for n in (1, 2)} | {
    "https://partner.example/3": "https://partner.example/3"
}
"""What fields of sensor data may name, in either form."""
WORDS = ["red", "7", "7.0", "2026-03-01T08:00:00+08:00", "2026-03-01T00:00:00Z", "2026-03-01"]
TIMES = [START + timedelta(hours=hour) for hour in range(6)]
EVENT_TIMES = st.sampled_from(TIMES)
_SCALAR = st.sampled_from([*WORDS, 7, 7.5, True])
_OWN_VALUES = st.builds(
    lambda key, value: {key: value, "unit": "KGM"},
    st.sampled_from(["@value", "http://www.w3.org/1999/02/22-rdf-syntax-ns#value"]),
    _SCALAR,
)
_VALUE = st.one_of(_SCALAR, _OWN_VALUES, st.lists(_SCALAR, max_size=2))
_NAMES = st.sampled_from([f"{NAMESPACE}colour", f"{NAMESPACE}size"])
_INNER = st.dictionaries(_NAMES | st.just("bare"), _VALUE, max_size=2)
_EXTENSIONS = st.dictionaries(
    _NAMES, st.one_of(_VALUE, _INNER, st.dictionaries(_NAMES, _INNER, max_size=1)), max_size=2
)


def _some(values: Iterable[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(list(values)), max_size=2, unique=True)


_QUANTITIES = st.lists(
    st.builds(
        Quantity,
        st.sampled_from(list(CLASSES)),
        st.sampled_from([*AMOUNTS, None]),
        st.sampled_from(UNITS),
    ),
    max_size=2,
)


_KEY = st.none() | st.sampled_from([each for forms in KEYS.items() for each in forms])
"""In whatever form: these fields stay as they came."""


@st.composite
def _reports(draw: st.DrawFn) -> SensorReport:
    uom, value = draw(st.sampled_from(TEMPERATURES))
    return SensorReport(
        type=draw(st.sampled_from(["Temperature", "RelativeHumidity"])),
        exception=draw(st.sampled_from(["ALARM_CONDITION", None])),
        device_id=draw(st.sampled_from(["urn:device:1", None])),
        raw_data=draw(_KEY),
        time=draw(st.none() | EVENT_TIMES),
        uri_value=draw(_KEY),
        value=value,
        min_value=draw(st.sampled_from([value - 1, None])),
        percentile_rank=draw(st.sampled_from([50.0, None])),
        standard_deviation=draw(st.sampled_from([2.0, None])),
        uom=uom,
        boolean_value=draw(st.sampled_from([True, False, None])),
        hex_binary_value=draw(st.sampled_from(["ab01", "AB01", None])),
        extensions=draw(_EXTENSIONS),
    )


_SENSORS = st.lists(
    st.builds(
        SensorElement,
        metadata=st.none()
        | st.builds(
            SensorMetadata,
            time=st.none() | EVENT_TIMES,
            start_time=st.none() | EVENT_TIMES,
            device_id=st.sampled_from(["urn:device:2", None]),
            raw_data=_KEY,
            extensions=_EXTENSIONS,
        ),
        reports=st.lists(_reports(), max_size=2),
        extensions=_EXTENSIONS,
    ),
    max_size=1,
)
_ERRORS = st.none() | st.builds(
    ErrorDeclaration,
    declaration_time=EVENT_TIMES,
    reason=st.sampled_from(["incorrect_data", "did_not_occur", None]),
    corrective_event_ids=_some(["urn:uuid:1", "urn:uuid:2"]),
    extensions=_EXTENSIONS,
)
_PARTIES = st.lists(
    st.builds(Party, st.sampled_from(["owning_party", "location"]), st.sampled_from(list(PLACES))),
    max_size=2,
)
_COMMON: dict[str, st.SearchStrategy[Any]] = {
    "event_time": EVENT_TIMES,
    "event_time_zone_offset": st.just("+08:00"),
    "biz_step": st.sampled_from([*STEPS, None]),
    "disposition": st.sampled_from([*DISPOSITIONS, None]),
    "persistent_disposition": st.none()
    | st.builds(PersistentDisposition, _some(DISPOSITIONS), _some(DISPOSITIONS)),
    "read_point": st.none() | st.builds(Place, st.sampled_from(list(PLACES)), _EXTENSIONS),
    "biz_location": st.none() | st.builds(Place, st.sampled_from(list(PLACES)), _EXTENSIONS),
    "biz_transactions": st.lists(
        st.builds(BusinessTransaction, st.sampled_from(PAPERS), st.sampled_from(["po", None])),
        max_size=2,
    ),
    "certification_info": _some(KEYS),
    "sources": _PARTIES,
    "destinations": _PARTIES,
    "sensor_elements": _SENSORS,
    "error_declaration": _ERRORS,
    "extensions": _EXTENSIONS,
}
_ACTIONS = st.sampled_from(Action)
_RUNS = st.sampled_from(["urn:uuid:run", None])
_PARENTS = st.none() | st.sampled_from(list(PALLETS))


def events() -> st.SearchStrategy[AnyEvent]:
    """Events of every shape that the index tells apart."""
    return st.one_of(
        st.builds(
            ObjectEvent,
            **_COMMON,
            action=_ACTIONS,
            epcs=_some([*OBJECTS, *LOTTED]),
            quantities=_QUANTITIES,
            ilmd=_EXTENSIONS,
        ),
        *(
            st.builds(
                kind,
                **_COMMON,
                action=_ACTIONS,
                parent=_PARENTS,
                child_epcs=_some(OBJECTS),
                child_quantities=_QUANTITIES,
            )
            for kind in (AggregationEvent, AssociationEvent)
        ),
        st.builds(
            TransactionEvent, **_COMMON, action=_ACTIONS, parent=_PARENTS, epcs=_some(OBJECTS)
        ),
        st.builds(
            TransformationEvent,
            **_COMMON,
            input_epcs=_some(OBJECTS),
            output_epcs=_some(OBJECTS),
            input_quantities=_QUANTITIES,
            output_quantities=_QUANTITIES,
            transformation_id=_RUNS,
            ilmd=_EXTENSIONS,
        ),
        st.builds(
            ExtendedEvent,
            **_COMMON,
            type=st.just(OWN_TYPE),
            action=st.none() | _ACTIONS,
            parent=_PARENTS,
            epcs=_some(OBJECTS),
            quantities=_QUANTITIES,
            child_epcs=_some(OBJECTS),
            input_epcs=_some(OBJECTS),
            output_quantities=_QUANTITIES,
            transformation_id=_RUNS,
            ilmd=_EXTENSIONS,
        ),
    )
