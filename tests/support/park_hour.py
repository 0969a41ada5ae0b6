"""An hour of a park and its partners: a thousand events of all kinds, and what they hang on.

Every identifier that is this hour's own holds `TAG`, or `SERIAL` where only digits may stand, and
every time begins with `HOUR`. So another hour is this one with these three replaced: see
`hours_store`. `SERIAL` is followed by its complement, which keeps check digits as they are.

Two lots have 200 ancestors: one was mixed of 66 that were sorted from a harvest each, one went
through 66 runs, each of which added another harvest. Parties, rooms, shifts and a few crates are
the same in each hour.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from park.assets import Park
from park.scans import Scan
from park.times import format_instant
from tests.support.epcis_load import CONTEXT, PREFIX
from tests.support.scanning import Scans

Json = dict[str, Any]

START = datetime(2026, 3, 1, tzinfo=UTC)
EVENTS = 1000
BRANCHES = 66
"""Of a lot with 200 ancestors."""
ROUNDS = 4
"""Of ten steps each, from harvest to arrival."""
ROOMS, PARTIES, CRATES = 200, 5, 20

_ROUND_S = 12 * 60
_STEP_S = 3
_UNITS = f"{PREFIX}.012345"


def tag(number: int) -> str:
    """What identifiers of the hour of that number hold."""
    return f"c0ff{number:04x}"


def serial(number: int) -> str:
    """The same in eight digits, whose weighted sum is always the same."""
    return f"{number:04d}{9999 - number:04d}"


def hour(number: int) -> str:
    """What the hour's times begin with."""
    return f"{START + timedelta(hours=number):%Y-%m-%dT%H}:"


TAG, SERIAL, HOUR = tag(0), serial(0), hour(0)
MOST_HOURS = 10_000
"""More would need other tags and serials."""


def room(number: int) -> str:
    """A partner's cold room."""
    return f"urn:epc:id:sgln:{PREFIX}.00001.R{number % ROOMS}"


def party(number: int) -> str:
    """Who owns something."""
    return f"urn:epc:id:pgln:{PREFIX}.{number % PARTIES + 1:05d}"


def crate(number: int) -> str:
    """A crate that is seen in every hour."""
    return f"urn:epc:id:giai:{PREFIX}.CRATE{number % CRATES}"


def lot(name: object, of: str = TAG) -> str:
    """A lot of a partner's by its EPC class."""
    return f"urn:epc:class:lgtin:{_UNITS}.{of}{name}"


def root(name: str, of: str) -> str:
    """A pallet of a lot with 200 ancestors: `wide` or `deep`, by the hour's tag."""
    return f"urn:epc:id:sgtin:{_UNITS}.{of}{name}"


def document(events: list[Json], header: Json | None = None) -> Json:
    """Events as a partner sends them."""
    more = {} if header is None else {"epcisHeader": header}
    return {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": format_instant(START),
        **more,
        "epcisBody": {"eventList": events},
    }


def before() -> Json:
    """What came before the first hour: crates, and which rooms lie in which building."""
    made = {
        "type": "ObjectEvent",
        "action": "ADD",
        "epcList": [crate(number) for number in range(CRATES)],
        "eventID": "urn:uuid:00000000-0000-4000-8000-000000000001",
        "eventTime": format_instant(START - timedelta(days=1)),
        "eventTimeZoneOffset": "+08:00",
        "bizStep": "commissioning",
        "disposition": "active",
    }
    buildings = [
        {
            "id": f"urn:epc:id:sgln:{PREFIX}.{number + 2:05d}.0",
            "children": [room(each) for each in range(number * 20, number * 20 + 20)],
        }
        for number in range(ROOMS // 20)
    ]
    vocabulary = {
        "type": "urn:epcglobal:epcis:vtype:BusinessLocation",
        "vocabularyElementList": buildings,
    }
    header = {"epcisMasterData": {"vocabularyList": [vocabulary]}}
    return document([made], header)


def scans(park: Park) -> Iterator[Scan]:
    """Steps of the park: harvests, stays, sorting, pallets, shipments, arrivals."""
    maker, made = Scans(park), count(1)

    def common(minute: int, number: int) -> Json:
        at = START + timedelta(seconds=number * _ROUND_S + minute * 60)
        return {"id": UUID(f"{TAG}-0000-7000-8000-{next(made):012x}"), "ts": at}

    for number in range(ROUNDS):
        raw = [maker.lot(f"{TAG}H{number}{each}") for each in range(2)]
        extra, rejects = (maker.lot(f"{TAG}{g[0]}{number}", g) for g in ("extra", "reject"))
        pallet, shipment = maker.pallet(int(f"{SERIAL}{number}")), f"{TAG}S{number}"
        rooms = [f"room-{1 + 2 * number + each:04d}" for each in range(2)]
        for batch, place in zip(raw, rooms, strict=True):
            yield maker.harvest(batch, 10, **common(0, number))
            yield maker.store_in(batch, 10, place, **common(2, number))
            yield maker.store_out(batch, 10, place, **common(4, number))
        inputs = dict.fromkeys(raw, 10.0)
        yield maker.sort(inputs, {extra: 19, rejects: 0.8}, 0.2, **common(6, number))
        yield maker.palletise(pallet, {extra: 19}, **common(8, number))
        yield maker.ship(shipment, pallet, **common(9, number))
        if number % 2 == 0:
            yield maker.receive(shipment, pallet, **common(10, number))


def events(park_steps: int) -> list[Json]:
    """What partners send in the hour, so that it has `EVENTS` together with the park's steps."""
    made = [*_wide(), *_deep()]
    kinds = _kinds()
    made += (next(kinds) for _ in range(EVENTS - park_steps - len(made)))
    step_s = 3300 / len(made)
    return [{**_when(number, number * step_s), **each} for number, each in enumerate(made)]


def _when(number: int, second: float) -> Json:
    return {
        "eventID": f"urn:uuid:{TAG}-0000-4000-8000-{number:012x}",
        "eventTime": format_instant(START + timedelta(seconds=second)),
        "eventTimeZoneOffset": "+08:00",
        "partner:shift": "night" if number % 2 else "day",
    }


def _kg(name: object, kilograms: float) -> list[Json]:
    return [{"epcClass": lot(name), "quantity": kilograms, "uom": "KGM"}]


def _harvest(name: object) -> Json:
    return {
        "type": "ObjectEvent",
        "action": "ADD",
        "bizStep": "commissioning",
        "disposition": "active",
        "quantityList": _kg(name, 10),
        "readPoint": {"id": f"urn:epc:id:sgln:{PREFIX}.00001.field"},
        "bizLocation": {"id": f"urn:epc:id:sgln:{PREFIX}.00001.yard"},
    }


def _run(inputs: list[Json], outputs: list[Json]) -> Json:
    return {
        "type": "TransformationEvent",
        "bizStep": "commissioning",
        "disposition": "in_progress",
        "inputQuantityList": inputs,
        "outputQuantityList": outputs,
        "readPoint": {"id": f"urn:epc:id:sgln:{PREFIX}.00001.line"},
        "bizLocation": {"id": f"urn:epc:id:sgln:{PREFIX}.00001.yard"},
    }


def _packed(name: str, of: object) -> Json:
    return {
        "type": "AggregationEvent",
        "action": "ADD",
        "bizStep": "packing",
        "parentID": root(name, TAG),
        "childQuantityList": _kg(of, 10),
        "readPoint": {"id": f"urn:epc:id:sgln:{PREFIX}.00001.dock"},
    }


def _wide() -> Iterator[Json]:
    for number in range(BRANCHES):
        yield _harvest(f"W{number}")
        yield _run(_kg(f"W{number}", 10), _kg(f"w{number}", 9.8))
    mixed = [part for number in range(BRANCHES) for part in _kg(f"w{number}", 9.8)]
    yield _run(mixed, _kg("WM", 640))
    yield _packed("wide", "WM")


def _deep() -> Iterator[Json]:
    yield _harvest("d0")
    for number in range(1, BRANCHES + 1):
        yield _harvest(f"D{number}")
        yield _run([*_kg(f"d{number - 1}", 9), *_kg(f"D{number}", 9)], _kg(f"d{number}", 17.8))
    yield _packed("deep", f"d{BRANCHES}")


def _kinds() -> Iterator[Json]:
    """Lots one after the other, each with ten events."""
    for number in count():
        yield from _story(number)


def _story(n: int) -> Iterator[Json]:
    pallet = f"urn:epc:id:grai:{PREFIX}.00001.{TAG}P{n}"
    here, field = {"id": room(n)}, {"id": f"urn:epc:id:sgln:{PREFIX}.00001.field"}
    observed = {"type": "ObjectEvent", "action": "OBSERVE"}
    measured = {"type": "Temperature", "value": -2 + n * 7 % 40 / 10, "uom": "CEL"}
    paper = {"type": "desadv", "bizTransaction": f"urn:epcglobal:cbv:bt:9521141000010:{TAG}S{n}"}
    own, other = party(n % 2), party(2 + n % 3)
    yield {
        **_harvest(n),
        "quantityList": _kg(n, 800.5),
        "ilmd": {"cbvmda:lotNumber": f"{TAG}{n}", "partner:block": f"B{n % 40}"},
        "certificationInfo": ["https://partner.example/certificates/gap"],
    }
    yield {
        **observed,
        "bizStep": "storing",
        "disposition": "in_progress",
        "quantityList": _kg(n, 800.5),
        "readPoint": here,
        "bizLocation": here,
        "sensorElementList": [
            {
                "sensorMetadata": {"deviceID": f"urn:epc:id:giai:{PREFIX}.PROBE{n % 40}"},
                "sensorReport": [measured],
            }
        ],
    }
    yield {
        **observed,
        "bizStep": "inspecting",
        "disposition": "active",
        "quantityList": _kg(n, 800.5),
        "readPoint": here,
        "partner:brix": 10 + n % 80 / 10,
        "sourceList": [{"type": "owning_party", "source": own}],
    }
    yield {
        **_run(_kg(n, 800), [*_kg(f"{n}G", 700), *_kg(f"{n}R", 90)]),
        "sensorElementList": [
            {"sensorReport": [{"type": "Mass", "value": 700, "uom": "KGM"}]},
        ],
    }
    yield {
        "type": "AggregationEvent",
        "action": "ADD",
        "bizStep": "packing",
        "disposition": "in_progress",
        "parentID": pallet,
        "childQuantityList": _kg(f"{n}G", 700),
        "readPoint": {"id": f"urn:epc:id:sgln:{PREFIX}.00001.dock"},
        "bizLocation": here,
    }
    yield {
        **observed,
        "bizStep": "shipping",
        "disposition": "in_transit",
        "epcList": [pallet, crate(n)],
        "readPoint": field,
        "bizTransactionList": [paper],
        "sourceList": [{"type": "owning_party", "source": own}],
        "destinationList": [{"type": "owning_party", "destination": other}],
    }
    yield {
        **observed,
        "bizStep": "receiving",
        "disposition": "in_progress",
        "epcList": [pallet],
        "readPoint": here,
        "bizLocation": here,
        "bizTransactionList": [paper],
        "destinationList": [{"type": "owning_party", "destination": other}],
    }
    yield {
        "type": "TransactionEvent",
        "action": "ADD",
        "bizStep": "accepting",
        "disposition": "active",
        "epcList": [pallet],
        "bizTransactionList": [{**paper, "type": "inv"}],
        "readPoint": here,
    }
    yield {
        "type": "AggregationEvent",
        "action": "DELETE",
        "bizStep": "unpacking",
        "disposition": "in_progress",
        "parentID": pallet,
        "childQuantityList": _kg(f"{n}G", 700),
        "readPoint": here,
        "bizLocation": here,
    }
    yield {
        **observed,
        "bizStep": "holding",
        "disposition": "non_sellable_other",
        "quantityList": _kg(f"{n}R", 90),
        "persistentDisposition": {"set": ["needs_replacement"]},
        "readPoint": here,
    }
