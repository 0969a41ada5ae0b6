"""The Digital Link resolver: the address on a carton's or pallet's label.

One address, several forms by the Accept header: a page, JSON, an EPCIS document, or a linkset
(RFC 9264) that says which forms there are. What can't be served as asked is served as a page.

Batches and pallets of the park's own books have pages of their own. Anything else that an event
names, a partner's lot or an object with a serial number, has the page of a thing; so have the
park's with `view=events`.
"""

from collections.abc import Sequence
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from api.climate import Climates
from api.models.batches import History, Pallet, batch_address
from api.models.things import Thing
from api.negotiation import HTML, JSON, JSON_LD, LINKSET, language, media_type
from api.pages.batch import batch_page
from api.pages.formats import Formats
from api.pages.render import qr_code, renderer_of
from api.pages.thing import MOST_ROWS, label_of, thing_page
from api.parameters import GtinPath, LotPath, SsccPath
from api.services import Services, ServicesNeeded
from park.gs1 import CANONICAL_HOST, BatchId
from traceability.epcis.jsonld.writing import document
from traceability.epcis.keys import KEYS
from traceability.provenance.asking import thing_key

_GS1 = "https://ref.gs1.org/voc"
_VARY = {"Vary": "Accept, Accept-Language"}
_PLACES_AND_PARTIES = frozenset({"414", "415", "417"})
"""Keys of what events name beside things."""
_FORMS = (HTML, JSON, JSON_LD, LINKSET)
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
    if _is_for_any(request) or not services.traceability.knows(batch.path):
        return _thing(request, services, batch.path)
    forms = {
        HTML: _batch_page,
        JSON: _batch_json,
        JSON_LD: _batch_events,
        LINKSET: _batch_linkset,
    }
    return forms[_wanted(request, list(forms))](request, services, batch)


@router.get("/00/{sscc}")
def resolve_pallet(request: Request, services: ServicesNeeded, sscc: SsccPath) -> Response:
    """A pallet by its Digital Link."""
    path = f"00/{sscc}"
    wanted = _wanted(request, _FORMS)
    if (
        wanted in {JSON_LD, LINKSET}
        or _is_for_any(request)
        or not services.traceability.knows(path)
    ):
        return _thing(request, services, path)
    pallet = services.traceability.pallet(sscc)
    if wanted == JSON:
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


def resolve_thing(request: Request, services: ServicesNeeded) -> Response:
    """Anything else that an event names."""
    path = request.url.path.lstrip("/")
    key = thing_key(path)
    here = key.removeprefix(f"{CANONICAL_HOST}/")
    if unquote(here) != unquote(path):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/{here}{query}", status_code=308)
    return _thing(request, services, path)


for _number in KEYS.keys() - _PLACES_AND_PARTIES:
    router.add_api_route(f"/{_number}/{{rest:path}}", resolve_thing)


def _is_for_any(request: Request) -> bool:
    """Whether what everybody's events tell is wanted, even of what is in the park's books."""
    return request.query_params.get("view") == "events"


def _wanted(request: Request, offered: Sequence[str]) -> str:
    if request.query_params.get("linkType") in _LINKSET_TYPES:
        return LINKSET
    return media_type(request.headers.get("accept"), offered)


def _thing(request: Request, services: Services, path: str) -> Response:
    forms = {
        HTML: _thing_page,
        JSON: _thing_json,
        JSON_LD: _thing_events,
        LINKSET: _thing_linkset,
    }
    return forms[_wanted(request, list(forms))](request, services, path)


def _thing_page(request: Request, services: Services, identifier: str) -> Response:
    dossier = services.provenance.dossier(identifier)
    path = dossier.key.removeprefix(CANONICAL_HOST)
    escaped = quote(dossier.key, safe="")
    state = None if services.ledger is None else services.ledger.state()
    own = services.traceability.knows(path.lstrip("/"))
    return renderer_of(request).page(
        request,
        "thing.html",
        page=thing_page(dossier, services.park, Formats(language(request)), state),
        most_rows=MOST_ROWS,
        qr=qr_code(_public(request, services, path), label_of(dossier.key)),
        json_address=f"/v1/things/{escaped}",
        events_address=f"/epcis/epcs/{escaped}/events",
        own_page=path if own else None,
    )


def _thing_json(_request: Request, services: Services, identifier: str) -> Response:
    dossier = services.provenance.dossier(identifier)
    body = Thing.of(dossier, services.park).model_dump(mode="json")
    return JSONResponse(body, headers=_VARY)


def _thing_events(_request: Request, services: Services, identifier: str) -> Response:
    told = services.provenance.events_about(identifier)
    body = document([services.traceability.event(each) for each in told], services.clock())
    return JSONResponse(body, headers=_VARY, media_type=JSON_LD)


def _thing_linkset(request: Request, services: Services, identifier: str) -> Response:
    services.provenance.events_about(identifier)
    key = thing_key(identifier)
    path = key.removeprefix(CANONICAL_HOST)
    return _linkset(_public(request, services, path), label_of(key))


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
    return _linkset(_public(request, services, f"/{batch.path}"), summary.product)


def _linkset(here: str, title: str) -> Response:
    page = [
        {"href": f"{here}?lang={lang}", "title": title, "type": HTML, "hreflang": [lang]}
        for lang in ("en", "zh")
    ]
    data = [
        {"href": here, "title": "History", "type": JSON},
        {"href": f"{here}?view=events", "title": "What all events tell", "type": JSON},
    ]
    events = {"href": here, "title": "EPCIS 2.0 events", "type": JSON_LD}
    entry = {
        "anchor": here,
        f"{_GS1}/defaultLink": [page[0]],
        f"{_GS1}/pip": page,
        f"{_GS1}/traceability": [*page, *data],
        f"{_GS1}/epcis": [events],
    }
    return JSONResponse({"linkset": [entry]}, headers=_VARY, media_type=LINKSET)


def _public(request: Request, services: Services, path: str) -> str:
    """The address of a path as others reach it."""
    base = services.settings.public_url or str(request.base_url)
    return base.rstrip("/") + path
