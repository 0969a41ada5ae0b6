"""EPCIS documents of any size, as a partner's packhouse would send them: no two events alike."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

from park.gs1 import check_digit
from park.times import format_instant

Json = dict[str, Any]

START = datetime(2026, 3, 1, tzinfo=UTC)
PREFIX = "9521141"
"""A company prefix of the numbers that GS1 keeps for demonstrations."""
CONTEXT: list[Any] = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"partner": "https://partner.example/epcis/"},
]


def document(number: int, size: int) -> Json:
    """The document of that number, with so many events; five events follow each lot."""
    kinds = cycle((_commission, _store, _sort, _pack, _ship))
    lots = (number * size + position for position in range(size))
    events = [kind(lot) for kind, lot in zip(kinds, lots, strict=False)]
    return {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": format_instant(START),
        "epcisBody": {"eventList": events},
    }


def documents(size: int) -> Iterator[Json]:
    """Documents without end."""
    number = 0
    while True:
        yield document(number, size)
        number += 1


def bare_event(number: int) -> Json:
    """One event that stands on its own."""
    (event,) = islice(document(number, 1)["epcisBody"]["eventList"], 1)
    return {"@context": CONTEXT, **event}


def lot_urn(number: int) -> str:
    """A lot by its EPC class."""
    return f"urn:epc:class:lgtin:{PREFIX}.012345.L{number}"


def pallet_link(number: int) -> str:
    """A pallet by its Digital Link."""
    body = f"0{PREFIX}{number:09d}"
    return f"https://id.gs1.org/00/{body}{check_digit(body)}"


def _common(number: int, step: str, place: str) -> Json:
    time = START + timedelta(seconds=10 * number)
    return {
        "eventID": f"urn:uuid:00000000-0000-4000-8000-{number:012x}",
        "eventTime": format_instant(time),
        "eventTimeZoneOffset": "+08:00",
        "bizStep": step,
        "readPoint": {"id": f"urn:epc:id:sgln:{PREFIX}.00001.{place}"},
        "bizLocation": {"id": f"urn:epc:id:sgln:{PREFIX}.00001.0"},
        "partner:shift": "night" if number % 2 else "day",
    }


def _commission(number: int) -> Json:
    return {
        "type": "ObjectEvent",
        "action": "ADD",
        "quantityList": [{"epcClass": lot_urn(number), "quantity": 800.5, "uom": "KGM"}],
        "disposition": "active",
        "ilmd": {"cbvmda:lotNumber": f"L{number}", "partner:block": f"B{number % 40}"},
        **_common(number, "commissioning", "field"),
    }


def _store(number: int) -> Json:
    return {
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "quantityList": [{"epcClass": lot_urn(number - 1), "quantity": 800.5, "uom": "KGM"}],
        "disposition": "in_progress",
        "sensorElementList": [
            {"sensorReport": [{"type": "Temperature", "value": -0.5, "uom": "CEL"}]}
        ],
        **_common(number, "storing", "room"),
    }


def _sort(number: int) -> Json:
    return {
        "type": "TransformationEvent",
        "inputQuantityList": [{"epcClass": lot_urn(number - 2), "quantity": 800, "uom": "KGM"}],
        "outputQuantityList": [
            {"epcClass": lot_urn(number), "quantity": 700, "uom": "KGM"},
            {"epcClass": f"{lot_urn(number)}R", "quantity": 90, "uom": "KGM"},
        ],
        "disposition": "in_progress",
        **_common(number, "commissioning", "line"),
    }


def _pack(number: int) -> Json:
    return {
        "type": "AggregationEvent",
        "action": "ADD",
        "parentID": pallet_link(number),
        "childQuantityList": [{"epcClass": lot_urn(number - 1), "quantity": 700, "uom": "KGM"}],
        **_common(number, "packing", "dock"),
    }


def _ship(number: int) -> Json:
    party = f"urn:epc:id:pgln:{PREFIX}.00002"
    return {
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "epcList": [pallet_link(number - 1)],
        "disposition": "in_transit",
        "bizTransactionList": [
            {"type": "desadv", "bizTransaction": f"urn:epcglobal:cbv:bt:9521141000010:S{number}"}
        ],
        "sourceList": [{"type": "owning_party", "source": f"urn:epc:id:pgln:{PREFIX}.00001"}],
        "destinationList": [{"type": "owning_party", "destination": party}],
        **_common(number, "shipping", "dock"),
    }
