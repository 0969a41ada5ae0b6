"""The HTTP application: one function makes it of the services that it is to speak for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.cors import CORSMiddleware

from api import openapi
from api import problems as problem_handling
from api.epcis.headers import EpcisHeaders
from api.epcis.limits import capture_limits
from api.epcis.problems import EPCIS_PROBLEM_OF_ERROR
from api.epcis.watching import Outlook
from api.middleware import IN_HAND_BYTES, BodyLimit, HeadAsGet, RawPath, SecurityHeaders
from api.openapi import problems
from api.origins import METHODS, READABLE_HEADERS, only_allowed_pages
from api.pages.render import Renderer
from api.parameters import only_known_parameters
from api.routes import (
    alarms,
    assets,
    balance,
    batches,
    calibrations,
    devices,
    digital_link,
    epcis,
    events,
    findings,
    health,
    ledger,
    metrics,
    pages,
    provenance,
    quarantine,
    steps,
)
from api.services import Services
from api.turns import Turns

LARGEST_BODY_BYTES = 1_000_000
"""Largest request body that is read, but for EPCIS documents: see the settings."""


def create_app(services: Services) -> FastAPI:
    """The application that answers for these services; it doesn't close them."""
    app = FastAPI(
        title="agripark",
        version=version("agripark"),
        description=openapi.DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        # Swagger UI and ReDoc load their scripts from another host.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # The functions' own names: unique, and what `only_known_parameters` looks them up by.
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(only_allowed_pages)],
        lifespan=_delivering,
    )
    app.state.services = services
    app.state.renderer = Renderer(services.park)
    app.state.turns = Turns()
    app.state.outlook = Outlook()
    app.include_router(_version_1())
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(pages.router)
    app.include_router(digital_link.router)
    app.include_router(epcis.router)
    app.mount("/static", StaticFiles(packages=[("api", "static")]), name="static")
    largest = services.settings.capture_limit_bytes
    app.add_middleware(
        BodyLimit,
        largest_bytes=LARGEST_BODY_BYTES,
        by_path=dict.fromkeys(("/epcis/capture", "/epcis/events"), largest),
        in_hand_bytes=max(IN_HAND_BYTES, 4 * largest),
    )
    app.add_middleware(EpcisHeaders, limits=capture_limits(services))
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RawPath)
    app.add_middleware(HeadAsGet)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=services.settings.browser_origins,
        allow_methods=METHODS,
        allow_headers=["*"],
        expose_headers=READABLE_HEADERS,
    )
    problem_handling.install(app, {"/epcis": EPCIS_PROBLEM_OF_ERROR})
    openapi.install(app)
    return app


@asynccontextmanager
async def _delivering(app: FastAPI) -> AsyncIterator[None]:
    """Subscribers are served for as long as the application is."""
    epcis_services = app.state.services.epcis
    if epcis_services is None:
        yield
        return
    epcis_services.runner.start()
    try:
        yield
    finally:
        await to_thread.run_sync(epcis_services.runner.stop)


def create_operations_app(services: Services) -> FastAPI:
    """Health and metrics only, for ingest that runs without the API."""
    app = FastAPI(title="agripark ingest", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.services = services
    app.state.renderer = Renderer(services.park)
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.add_middleware(HeadAsGet)
    problem_handling.install(app)
    return app


def _version_1() -> APIRouter:
    router = APIRouter(
        prefix="/v1",
        dependencies=[Depends(only_known_parameters)],
        responses=problems("invalid-request", "unknown-parameter", "internal-error"),
    )
    for part in (
        assets,
        batches,
        balance,
        provenance,
        calibrations,
        alarms,
        devices,
        events,
        findings,
        ledger,
        steps,
        quarantine,
    ):
        router.include_router(part.router)
    return router
