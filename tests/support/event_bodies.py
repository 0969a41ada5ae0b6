"""JSON of EPCIS events: one of each type with every field, and a strategy for random ones."""

from typing import Any

from hypothesis import strategies as st

from park.times import format_instant, from_epoch_ms
from traceability.epcis.contexts import GS1_CONTEXT

Json = dict[str, Any]

EX = "http://ns.example.com/epcis/"
FARM = "https://farm.example/terms#"
CONTEXT = [GS1_CONTEXT, {"ex": EX, "farm": FARM}]

_PREFIX = "6901234"
SENSOR_ELEMENT: Json = {
    "sensorMetadata": {
        "time": "2026-10-12T03:04:05.678+08:00",
        "startTime": "2026-10-12T02:00:00+08:00",
        "endTime": "2026-10-12T03:00:00+08:00",
        "bizRules": "https://farm.example/rules/7",
        "ex:probe": "upper shelf",
    },
    "sensorReport": [
        {
            "type": "Temperature",
            "exception": "ALARM_CONDITION",
            "deviceID": f"urn:epc:id:giai:{_PREFIX}.probe-1",
            "deviceMetadata": "https://farm.example/devices/1",
            "rawData": "https://farm.example/raw/1",
            "dataProcessingMethod": "https://farm.example/methods/1",
            "microorganism": "https://www.ncbi.nlm.nih.gov/taxonomy/1126011",
            "chemicalSubstance": "https://identifiers.org/inchikey:CZMRCDWAGMRECN-UGDNZRGBSA-N",
            "value": -0.5,
            "component": "x",
            "stringValue": "calm",
            "booleanValue": True,
            "hexBinaryValue": "f0F0",
            "uriValue": "https://farm.example/values/1",
            "minValue": -1,
            "maxValue": 0.25,
            "meanValue": -0.4,
            "sDev": 0.1,
            "percRank": 50,
            "percValue": 12.7,
            "uom": "CEL",
            "coordinateReferenceSystem": "http://www.opengis.net/def/crs/EPSG/0/4326",
            "ex:calibrated": "2026-09-01",
        },
        {"type": "RelativeHumidity", "value": 91, "uom": "P1"},
    ],
    "ex:room": "CR-3",
}

COMMON: Json = {
    "eventID": "urn:uuid:4f1c3b5e-2c64-4d5c-8b0e-6f6b0f6d2a11",
    "eventTime": "2026-10-12T03:04:05.678+08:00",
    "recordTime": "2026-10-12T03:05:00Z",
    "eventTimeZoneOffset": "+08:00",
    "errorDeclaration": {
        "declarationTime": "2026-10-13T00:00:00Z",
        "reason": "incorrect_data",
        "correctiveEventIDs": ["urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8"],
        "ex:who": "the packer",
    },
    "certificationInfo": ["https://certs.example/gap/1", "https://certs.example/gap/2"],
    "bizStep": "inspecting",
    "disposition": "in_progress",
    "persistentDisposition": {
        "set": ["completeness_verified"],
        "unset": ["completeness_inferred", "unavailable"],
    },
    "readPoint": {"id": f"urn:epc:id:sgln:{_PREFIX}.00001.dock-1", "ex:gate": "north"},
    "bizLocation": {"id": f"urn:epc:id:sgln:{_PREFIX}.00001.0", "ex:floor": 2},
    "bizTransactionList": [
        {"type": "po", "bizTransaction": f"urn:epc:id:gdti:{_PREFIX}.00001.1618034"},
        {"bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:1152"},
    ],
    "sourceList": [
        {"type": "owning_party", "source": f"urn:epc:id:pgln:{_PREFIX}.00002"},
        {"type": "location", "source": f"urn:epc:id:sgln:{_PREFIX}.00003.0"},
    ],
    "destinationList": [
        {"type": "possessing_party", "destination": f"urn:epc:id:pgln:{_PREFIX}.00004"}
    ],
    "sensorElementList": [SENSOR_ELEMENT],
    "ex:note": "Äpfel & Datteln <1>",
    "ex:count": 3,
    "ex:share": 0.25,
    "ex:organic": False,
    "farm:tree": {"ex:row": 7, "ex:tags": ["old", "tall", {"ex:deep": {"farm:x": "y"}}]},
}
"""Of every type."""

_EPCS = [f"urn:epc:id:sgtin:{_PREFIX}.011111.{serial}" for serial in ("9876", "5432")]
_LOTS = [
    {"epcClass": f"urn:epc:class:lgtin:{_PREFIX}.012345.L-7", "quantity": 200.5, "uom": "KGM"},
    {"epcClass": f"urn:epc:idpat:sgtin:{_PREFIX}.066666.*", "quantity": 40},
    {"epcClass": f"urn:epc:class:lgtin:{_PREFIX}.012345.L-8"},
]
_SSCC = f"urn:epc:id:sscc:{_PREFIX}.1234567890"
_ILMD: Json = {
    "cbvmda:lotNumber": "L-7",
    "cbvmda:countryOfOrigin": "CN",
    "ex:weight": {"measurementUnitCode": "KGM", "rdf:value": "3.50"},
}

FULL: dict[str, Json] = {
    "ObjectEvent": {
        "type": "ObjectEvent",
        **COMMON,
        "action": "ADD",
        "epcList": _EPCS,
        "quantityList": _LOTS,
        "ilmd": _ILMD,
    },
    "AggregationEvent": {
        "type": "AggregationEvent",
        **COMMON,
        "action": "DELETE",
        "parentID": _SSCC,
        "childEPCs": _EPCS,
        "childQuantityList": _LOTS,
    },
    "AssociationEvent": {
        "type": "AssociationEvent",
        **COMMON,
        "action": "ADD",
        "parentID": f"urn:epc:id:grai:{_PREFIX}.12345.400",
        "childEPCs": _EPCS,
        "childQuantityList": _LOTS,
    },
    "TransactionEvent": {
        "type": "TransactionEvent",
        **COMMON,
        "action": "OBSERVE",
        "parentID": _SSCC,
        "epcList": _EPCS,
        "quantityList": _LOTS,
    },
    "TransformationEvent": {
        "type": "TransformationEvent",
        **COMMON,
        "inputEPCList": _EPCS,
        "inputQuantityList": _LOTS,
        "outputEPCList": [f"urn:epc:id:sgtin:{_PREFIX}.077889.25"],
        "outputQuantityList": _LOTS[:1],
        "transformationID": f"urn:epc:id:gdti:{_PREFIX}.00001.run7",
        "ilmd": _ILMD,
    },
    "ex:Weighing": {
        "type": "ex:Weighing",
        **COMMON,
        "action": "OBSERVE",
        "parentID": _SSCC,
        "epcList": _EPCS,
        "childEPCs": _EPCS[:1],
        "inputEPCList": _EPCS[1:],
        "outputEPCList": _EPCS,
        "quantityList": _LOTS,
        "childQuantityList": _LOTS[:1],
        "inputQuantityList": _LOTS[1:],
        "outputQuantityList": _LOTS[2:],
        "transformationID": "urn:uuid:5b0b6f3e-8a45-4bb1-9b7b-3a9b3c9c1a02",
        "ilmd": _ILMD,
    },
}
"""An event of each type, one of others among them, with every field there is."""


def document(*events: Json, context: Any = None) -> Json:
    """An EPCISDocument of these events."""
    return {
        "@context": context or CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-10-12T04:00:00Z",
        "epcisBody": {"eventList": list(events)},
    }


_text = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"
    ),
    min_size=1,
    max_size=12,
)
_plain = st.one_of(
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    _text,
)
_name = st.builds("{}:{}".format, st.sampled_from(("ex", "farm")), st.sampled_from("abcdef"))
_value = st.recursive(
    _plain,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3),
        st.dictionaries(_name, inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)
_extensions = st.dictionaries(_name, _value, max_size=3)
_serial = st.text("ABCabc0123456789-", min_size=1, max_size=10)
_reference = st.integers(0, 99_999).map("{:05}".format)
_epc = st.one_of(
    st.builds(f"urn:epc:id:sgtin:{_PREFIX}.0{{}}.{{}}".format, _reference, _serial),
    st.builds(f"urn:epc:id:sscc:{_PREFIX}.00000{{}}".format, _reference),
    st.builds("urn:uuid:{}".format, st.uuids()),
    st.builds("https://things.example/{}".format, _serial),
)
_epcs = st.lists(_epc, min_size=1, max_size=4, unique=True)
_quantity = st.fixed_dictionaries(
    {
        "epcClass": st.builds(
            f"urn:epc:class:lgtin:{_PREFIX}.0{{}}.{{}}".format, _reference, _serial
        )
    },
    optional={"quantity": st.one_of(st.integers(0, 10**6), st.floats(0, 1e6))},
) | st.fixed_dictionaries(
    {
        "epcClass": st.builds(f"urn:epc:idpat:sgtin:{_PREFIX}.0{{}}.*".format, _reference),
        "quantity": st.floats(0, 1e6),
        "uom": st.sampled_from(("KGM", "GRM", "LTR")),
    }
)
_quantities = st.lists(_quantity, min_size=1, max_size=3)
_instant = st.integers(10**12, 4 * 10**12).map(lambda ms: format_instant(from_epoch_ms(ms)))
_place = st.builds(
    lambda reference, extension, more: {
        "id": f"urn:epc:id:sgln:{_PREFIX}.{reference}.{extension}",
        **more,
    },
    _reference,
    _serial,
    _extensions,
)
_paper = st.fixed_dictionaries(
    {"bizTransaction": st.builds("https://papers.example/{}".format, _serial)},
    optional={"type": st.sampled_from(("po", "desadv", "https://farm.example/types/slip"))},
)
_party = st.builds(f"urn:epc:id:pgln:{_PREFIX}.{{}}".format, _reference)
_party_type = st.sampled_from(("owning_party", "possessing_party", "location"))
_report = st.fixed_dictionaries(
    {"type": st.sampled_from(("Temperature", "Speed", "https://farm.example/Brix"))},
    optional={
        "value": st.floats(-1e6, 1e6),
        "minValue": st.integers(-100, 100),
        "uom": st.just("CEL"),
        "time": _instant,
        "stringValue": st.just("") | _text,
        "booleanValue": st.booleans(),
        "component": st.sampled_from(("x", "latitude")),
        "ex:remark": _text,
        "ex:more": st.dictionaries(_name, _plain, min_size=1, max_size=2),
    },
)
_element = st.builds(
    lambda reports, metadata, more: {"sensorReport": reports, **metadata, **more},
    st.lists(_report, min_size=1, max_size=3),
    st.fixed_dictionaries(
        {},
        optional={
            "sensorMetadata": st.fixed_dictionaries(
                {"bizRules": st.just("https://farm.example/rules")}, optional={"ex:remark": _text}
            )
        },
    ),
    _extensions,
)
_word = st.sampled_from(("completeness_verified", "expired", "recalled"))
_common = st.fixed_dictionaries(
    {"eventTime": _instant, "eventTimeZoneOffset": st.sampled_from(("+08:00", "-05:30"))},
    optional={
        "eventID": st.builds("urn:uuid:{}".format, st.uuids()),
        "recordTime": _instant,
        "bizStep": st.sampled_from(("shipping", "storing", "https://farm.example/steps/prune")),
        "disposition": st.sampled_from(("in_transit", "active")),
        "persistentDisposition": st.fixed_dictionaries(
            {"set": st.lists(_word, min_size=1, max_size=2, unique=True)},
            optional={"unset": st.lists(_word, min_size=1, max_size=2, unique=True)},
        ),
        "readPoint": _place,
        "bizLocation": _place,
        "sourceList": st.lists(
            st.fixed_dictionaries({"type": _party_type, "source": _party}), min_size=1, max_size=2
        ),
        "destinationList": st.lists(
            st.fixed_dictionaries({"type": _party_type, "destination": _party}),
            min_size=1,
            max_size=2,
        ),
        "sensorElementList": st.lists(_element, min_size=1, max_size=2),
        "certificationInfo": st.lists(
            st.builds("https://certs.example/{}".format, _serial), min_size=1, max_size=2
        ),
        "errorDeclaration": st.builds(
            lambda when, more: {"declarationTime": when, "reason": "did_not_occur", **more},
            _instant,
            _extensions,
        ),
    },
)
_papers = st.lists(_paper, min_size=1, max_size=2)
_action = st.sampled_from(("ADD", "OBSERVE", "DELETE"))
_ilmd = st.dictionaries(_name, _value, min_size=1, max_size=3)


def _of(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.builds(
        lambda common, own, more: {"type": kind, **common, **own, **more},
        _common,
        st.fixed_dictionaries(fields),
        _extensions,
    )


bodies: st.SearchStrategy[Json] = st.one_of(
    _of("ObjectEvent", action=st.just("ADD"), epcList=_epcs, ilmd=_ilmd),
    _of("ObjectEvent", action=_action, quantityList=_quantities, bizTransactionList=_papers),
    _of("AggregationEvent", action=_action, parentID=_party, childEPCs=_epcs),
    _of("AssociationEvent", action=_action, parentID=_party, childQuantityList=_quantities),
    _of("TransactionEvent", action=_action, bizTransactionList=_papers, epcList=_epcs),
    _of(
        "TransformationEvent",
        inputEPCList=_epcs,
        inputQuantityList=_quantities,
        outputQuantityList=_quantities,
        transformationID=st.just("urn:uuid:5b0b6f3e-8a45-4bb1-9b7b-3a9b3c9c1a02"),
        ilmd=_ilmd,
    ),
    _of("farm:Weighing"),
)
"""Valid bodies of events of every type, with prefixes of `CONTEXT`."""
