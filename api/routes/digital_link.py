"""The Digital Link resolver: the address on a carton's or pallet's label.

One address, several forms by the Accept header: a page, JSON, an EPCIS document, or a linkset
(RFC 9264) that says which forms there are. What can't be served as asked is served as a page.
"""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from api.climate import Climates
from api.models.batches import History, Pallet, batch_address
from api.negotiation import HTML, JSON, JSON_LD, LINKSET, language, media_type
from api.pages.batch import batch_page
from api.pages.formats import Formats
from api.pages.render import qr_code, renderer_of
from api.parameters import GtinPath, LotPath, SsccPath
from api.services import Services, ServicesNeeded
from park.gs1 import BatchId
from traceability.epcis.writing import document

_GS1 = "https://ref.gs1.org/voc"
_VARY = {"Vary": "Accept, Accept-Language"}
_LINKSET_TYPES = frozenset({"all", "linkset"})

router = APIRouter(include_in_schema=False)


@router.get("/01/{gtin}/10/{lot}")
def resolve_batch(
    request: Request, services: ServicesNeeded, gtin: GtinPath, lot: LotPath
) -> Response:
    """A batch by its Digital Link."""
    batch = BatchId(gtin, lot)
    if request.path_params["gtin"] != batch.gtin:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/{batch.path}{query}", status_code=308)
    forms = {
        HTML: _batch_page,
        JSON: _batch_json,
        JSON_LD: _batch_events,
        LINKSET: _batch_linkset,
    }
    wanted = media_type(request.headers.get("accept"), list(forms))
    if request.query_params.get("linkType") in _LINKSET_TYPES:
        wanted = LINKSET
    return forms[wanted](request, services, batch)


@router.get("/00/{sscc}")
def resolve_pallet(request: Request, services: ServicesNeeded, sscc: SsccPath) -> Response:
    """A pallet by its Digital Link."""
    pallet = services.traceability.pallet(sscc)
    if media_type(request.headers.get("accept"), (HTML, JSON)) == JSON:
        body = Pallet.of(pallet, services.park).model_dump(mode="json")
        return JSONResponse(body, headers=_VARY)
    shipment = None if pallet.shipment is None else services.traceability.shipment(pallet.shipment)
    return renderer_of(request).page(
        request,
        "pallet.html",
        pallet=pallet,
        shipment=shipment,
        qr=qr_code(_public(request, services, f"/00/{sscc}"), f"(00){sscc}"),
    )


def _batch_page(request: Request, services: Services, batch: BatchId) -> Response:
    history = services.traceability.batch(batch)
    origin = services.traceability.trace_back(batch.path)
    climates = Climates(services.park, services.telemetry, services.clock())
    formats = Formats(language(request))
    return renderer_of(request).page(
        request,
        "batch.html",
        page=batch_page(history, origin, climates, services.park, formats),
        qr=qr_code(_public(request, services, f"/{batch.path}"), str(batch)),
        json_address=batch_address(batch),
    )


def _batch_json(_request: Request, services: Services, batch: BatchId) -> Response:
    history = services.traceability.batch(batch)
    climates = Climates(services.park, services.telemetry, services.clock())
    body = History.with_climates(history, climates, services.park).model_dump(mode="json")
    return JSONResponse(body, headers=_VARY)


def _batch_events(_request: Request, services: Services, batch: BatchId) -> Response:
    history = services.traceability.batch(batch)
    events = [services.traceability.event(event) for event in history.events]
    body = document(events, services.clock())
    return JSONResponse(body, headers=_VARY, media_type=JSON_LD)


def _batch_linkset(request: Request, services: Services, batch: BatchId) -> Response:
    summary = services.traceability.batch(batch).summary
    here = _public(request, services, f"/{batch.path}")
    page = [
        {"href": f"{here}?lang={lang}", "title": summary.product, "type": HTML, "hreflang": [lang]}
        for lang in ("en", "zh")
    ]
    data = {"href": here, "title": "History", "type": JSON}
    events = {"href": here, "title": "EPCIS 2.0 events", "type": JSON_LD}
    entry = {
        "anchor": here,
        f"{_GS1}/defaultLink": [page[0]],
        f"{_GS1}/pip": page,
        f"{_GS1}/traceability": [*page, data],
        f"{_GS1}/epcis": [events],
    }
    return JSONResponse({"linkset": [entry]}, headers=_VARY, media_type=LINKSET)


def _public(request: Request, services: Services, path: str) -> str:
    """The address of a path as others reach it."""
    base = services.settings.public_url or str(request.base_url)
    return base.rstrip("/") + path
