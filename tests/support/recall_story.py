"""A season told over HTTP: our park's steps, and what an importer says of the fruit afterwards.

Two orchards' jujubes are sorted together on line-01, and the extra class goes to Thailand on two
pallets. There the first is emptied, washed and packed with other fruit, and sent on; what was on
it is packed into nets. One event of the importer's was wrong and has been replaced.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from api.app import create_app
from park.assets import Park
from tests.support.api_story import (
    EXPORT,
    LEFT_OVER,
    PALLETS,
    REJECTED,
    SHADY,
    SHIPMENT,
    SUNNY,
)
from tests.support.epcis_api import Json, document, epcis_services
from tests.support.lineage_events import lot, party, place

SPRAY = lot("COPPER-5", 9)
WELL = "https://id.gs1.org/8004/9521321WELL7"
NETS, OTHERS, WRONG, RIGHT = (lot(name, 2) for name in ("NETS", "OTHERS", "WRONG", "RIGHT"))
"""Lots of the importer: nets of our fruit, fruit of others, and one that never was."""
FORMULA = lot("%3D1%2B2", 3)
"""A lot whose number a spreadsheet would reckon out."""
FIRST, SECOND = (f"https://id.gs1.org/00/{number}" for number in PALLETS)
SHOP = party(4)
MISTAKE, MENDED = (f"urn:uuid:0a000000-0000-4000-8000-0000000000{n}" for n in ("98", "99"))
RUN = "https://importer.example.org/runs/7"

_KG = "KGM"


def kg(name: str, amount: float, uom: str = _KG) -> Json:
    """An amount of a lot."""
    return {"epcClass": name, "quantity": amount, "uom": uom}


def told(kind: str, at: str, where: str | None, **more: Any) -> Json:
    """An event of the importer's."""
    event: Json = {"type": kind, "eventTime": at, "eventTimeZoneOffset": "+07:00", **more}
    if where is not None:
        event |= {"readPoint": {"id": where}, "bizLocation": {"id": where}}
    return event


def sent(at: str, to: str, paper: str, **what: Any) -> Json:
    """The importer ships something to a party."""
    return told(
        "ObjectEvent",
        at,
        None,
        action="OBSERVE",
        bizStep="shipping",
        disposition="in_transit",
        readPoint={"id": place("dock")},
        bizTransactionList=[
            {"type": "desadv", "bizTransaction": f"urn:epcglobal:cbv:bt:9521141000014:{paper}"}
        ],
        sourceList=[{"type": "location", "source": place()}],
        destinationList=[{"type": "possessing_party", "destination": to}],
        **what,
    )


_IN_PARK: tuple[tuple[str, Json], ...] = (
    *(
        (
            "harvest",
            {"ts": at, "asset": orchard, "batch": batch.path, "qty_kg": mass},
        )
        for at, orchard, batch, mass in (
            ("2025-10-02T08:00:00+08:00", "orchard-001", SUNNY, 800),
            ("2025-10-02T09:30:00+08:00", "orchard-005", SHADY, 400),
        )
    ),
    *(
        (step, {"ts": at, "asset": "room-0001", "batch": SUNNY.path, "qty_kg": 800})
        for step, at in (
            ("store-in", "2025-10-02T11:00:00+08:00"),
            ("store-out", "2025-10-20T07:00:00+08:00"),
        )
    ),
    (
        "sort",
        {
            "ts": "2025-10-20T09:00:00+08:00",
            "asset": "line-01",
            "inputs": [
                {"batch": SUNNY.path, "qty_kg": 800},
                {"batch": SHADY.path, "qty_kg": 400},
            ],
            "outputs": [
                {"batch": EXPORT.path, "qty_kg": 900},
                {"batch": LEFT_OVER.path, "qty_kg": 200},
                {"batch": REJECTED.path, "qty_kg": 90},
            ],
            "loss_kg": 10,
        },
    ),
    *(
        (
            "palletise",
            {
                "ts": f"2025-10-20T1{n}:00:00+08:00",
                "asset": "packhouse-01",
                "pallet": pallet,
                "contents": [{"batch": EXPORT.path, "qty_kg": 450}],
            },
        )
        for n, pallet in enumerate(PALLETS, 1)
    ),
    (
        "ship",
        {
            "ts": "2025-10-21T06:00:00+08:00",
            "asset": "packhouse-01",
            "shipment": SHIPMENT,
            "pallets": list(PALLETS),
            "destination": "destination-th",
            "reefer": "reefer-001",
        },
    ),
    (
        "receive",
        {
            "ts": "2025-10-30T10:00:00+07:00",
            "asset": "destination-th",
            "shipment": SHIPMENT,
            "pallets": list(PALLETS),
        },
    ),
)


def _used_in_the_orchard(orchard: str) -> list[Json]:
    common = {"action": "OBSERVE", "bizStep": "https://farm.example.org/voc/treating"}
    return [
        told(
            "ObjectEvent", "2025-08-20T06:00:00Z", orchard, quantityList=[kg(SPRAY, 12)], **common
        ),
        told("ObjectEvent", "2025-09-01T06:00:00Z", orchard, epcList=[WELL], **common),
    ]


def _at_the_importer() -> list[Json]:
    packing: Json = {"parentID": FIRST}
    wrong = told(
        "TransformationEvent",
        "2025-11-04T03:00:00Z",
        place("hall"),
        eventID=MISTAKE,
        inputQuantityList=[kg(EXPORT.uri, 40)],
        outputQuantityList=[kg(WRONG, 40)],
    )
    declared = {
        "declarationTime": "2025-11-05T00:00:00Z",
        "reason": "incorrect_data",
        "correctiveEventIDs": [MENDED],
    }
    return [
        told("AggregationEvent", "2025-11-01T02:00:00Z", place("hall"), **packing, action="DELETE"),
        told(
            "ObjectEvent",
            "2025-11-01T03:00:00Z",
            place("hall"),
            action="ADD",
            quantityList=[kg(OTHERS, 0.3, "TNE")],
        ),
        told(
            "AggregationEvent",
            "2025-11-02T02:00:00Z",
            place("hall"),
            **packing,
            action="ADD",
            childQuantityList=[kg(OTHERS, 300)],
        ),
        sent("2025-11-03T02:00:00Z", SHOP, "D-OTHERS", epcList=[FIRST]),
        # One transformation in two events: what went in, and what came out in the evening.
        told(
            "TransformationEvent",
            "2025-11-02T03:00:00Z",
            place("nets"),
            transformationID=RUN,
            inputQuantityList=[kg(EXPORT.uri, 881.849, "LBR")],
        ),
        told(
            "TransformationEvent",
            "2025-11-02T11:00:00Z",
            place("nets"),
            transformationID=RUN,
            outputQuantityList=[kg(NETS, 0.4, "TNE")],
        ),
        sent("2025-11-03T04:00:00Z", SHOP, "D-NETS", quantityList=[kg(NETS, 400)]),
        wrong,
        {**wrong, "errorDeclaration": declared},
        {**wrong, "eventID": MENDED, "outputQuantityList": [kg(RIGHT, 38), kg(FORMULA, 2)]},
    ]


def post_steps(client: TestClient) -> None:
    """The park's own part."""
    for step, body in _IN_PARK:
        answer = client.post(f"/v1/steps/{step}", json=body)
        assert answer.status_code == 201, (step, answer.text)


def post_document(client: TestClient, *events: Json) -> None:
    """Capture events of partners; all of them count."""
    answer = client.post("/epcis/capture", json=document(*events))
    assert answer.status_code == 202, answer.text
    job = client.get(answer.headers["location"]).json()
    assert job["success"] is True, job


def orchard_key(park: Park, asset: str = "orchard-001") -> str:
    """The GLN of an asset, as the canonical address."""
    found = park.asset(asset).place
    assert found is not None
    return found.uri


@contextmanager
def told_recall_story(park: Park, folder: Path) -> Iterator[TestClient]:
    """A client of fresh services to which the whole story was posted."""
    with epcis_services(park, folder) as services:
        client = TestClient(create_app(services), raise_server_exceptions=False)
        post_steps(client)
        post_document(client, *_used_in_the_orchard(orchard_key(park)), *_at_the_importer())
        yield client
