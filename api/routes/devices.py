"""Which devices are there, which fell silent, and what each of them lost."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api.errors import ProblemError
from api.models.common import AssetRef, Items
from api.models.devices import Device, Liveness
from api.openapi import problems
from api.parameters import DEFAULT_LIMIT, After, AssetPath, Limit, read_token, write_token
from api.services import Services, ServicesNeeded
from ingest.devices.book import silence_limit_ms
from ingest.devices.device import State
from ingest.devices.register import DeviceRegister
from park.telemetry import LIVENESS

_AWAY = problems("asset-not-found", "no-telemetry", "telemetry-unavailable")

router = APIRouter(tags=["Devices"], responses=problems("no-ingest-here", "spool-unavailable"))


def _register_of(services: Services) -> DeviceRegister:
    if services.devices is None:
        raise ProblemError("no-ingest-here", "ingest doesn't run beside this server")
    return services.devices


@router.get("/devices", summary="List devices", responses=problems("bad-page-token"))
def list_devices(
    services: ServicesNeeded,
    state: Annotated[State | None, Query(description="Only devices in this state.")] = None,
    kind: Annotated[
        str | None, Query(max_length=64, description="Only this kind of telemetry.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Items[Device]:
    """Every device that was ever heard, by its asset's id."""
    last = "" if after is None else read_token(after)
    found = _register_of(services).devices(state=state, kind=kind, after=last, limit=limit + 1)
    page = found[:limit]
    return Items(
        items=[Device.of(services.park, record) for record in page],
        next=write_token(page[-1].asset) if len(found) > limit else None,
    )


@router.get("/devices/{asset}", summary="One device", responses=problems("device-not-heard"))
def get_device(services: ServicesNeeded, asset: AssetPath) -> Device:
    """One device's record."""
    record = _register_of(services).device(asset)
    if record is None:
        raise ProblemError("device-not-heard", f"nothing ever came from {asset!r}")
    return Device.of(services.park, record)


@router.get("/assets/{asset}/liveness", summary="Is a device there?", responses=_AWAY)
def get_liveness(services: ServicesNeeded, asset: AssetPath) -> Liveness:
    """Its state as stored; `stale`, too, where its newest reading is older than it may be.

    So it is right even while ingest is down and nobody marks what falls silent.
    """
    found = services.park.asset(asset)
    if found.kind is None:
        raise ProblemError("no-telemetry", f"{asset!r} sends no telemetry")
    states = services.telemetry.latest(LIVENESS.name, [asset])
    readings = services.telemetry.latest(found.kind.name, [asset])
    newest = readings[0].time if readings else None
    reference = AssetRef.of(services.park, asset)
    if not states:
        return Liveness(
            asset=reference, state=None, since=None, newest_reading_at=newest, firmware=None
        )
    state, since = State(str(states[0].fields["state"])), states[0].time
    silence = timedelta(milliseconds=silence_limit_ms(found.kind.name))
    heard = max(filter(None, (newest, since)))
    if state is State.ONLINE and services.clock() - heard > silence:
        state, since = State.STALE, heard + silence
    return Liveness(
        asset=reference,
        state=state,
        since=since,
        newest_reading_at=newest,
        firmware=str(states[0].fields.get("firmware") or "") or None,
    )
