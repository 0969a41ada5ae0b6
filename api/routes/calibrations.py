"""Corrections of probes: entered once, never changed, withdrawn where they were wrong."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from api.errors import ProblemError
from api.models.calibrations import Correction, NewCorrection, NewWithdrawal
from api.models.common import Items
from api.openapi import problems
from api.parameters import DEFAULT_LIMIT, After, Limit, Word, bad_token, read_token, write_token
from api.services import Services, ServicesNeeded
from ingest.calibration.correction import is_correctable
from ingest.calibration.register import CalibrationRegister
from park.telemetry import KINDS

_LONGEST_NUMBER = 18  # digits, so that it fits 64 bits
_CORRECTION = {
    "asset": "room-0001",
    "field": "air_temp_c",
    "offset": -0.3,
    "valid_from": "2026-10-01T00:00:00+08:00",
    "certificate": "CNAS L1234, 2026-118",
    "person": "Li Wei",
}
_WITHDRAWAL = {"person": "Li Wei", "reason": "the certificate is another probe's"}
NumberPath = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the correction.")]

router = APIRouter(
    prefix="/calibrations",
    tags=["Calibration"],
    responses=problems("no-calibrations-here", "telemetry-unavailable"),
)


def _register_of(services: Services) -> CalibrationRegister:
    if services.calibrations is None:
        raise ProblemError("no-calibrations-here", "no register of corrections is kept here")
    return services.calibrations


@router.get(
    "",
    summary="List corrections",
    responses=problems("bad-page-token", "unknown-asset", "unknown-field"),
)
def list_calibrations(
    services: ServicesNeeded,
    asset: Annotated[Word | None, Query(description="Only this asset's probes.")] = None,
    field: Annotated[Word | None, Query(description="Only this field.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Items[Correction]:
    """Every correction, withdrawn ones too, the newest first."""
    register = _register_of(services)
    before = None if after is None else _read_number(after)
    found = register.corrections(asset, field, before=before, limit=limit + 1)
    if not found:
        # An asset that left the park keeps its corrections; only a slip of the pen has none.
        _refuse_unknown(services, asset, field)
    page = found[:limit]
    return Items(
        items=[Correction.of(record) for record in page],
        next=write_token(str(page[-1].number)) if len(found) > limit else None,
    )


@router.get("/{number}", summary="One correction", responses=problems("correction-not-found"))
def get_calibration(services: ServicesNeeded, number: NumberPath) -> Correction:
    """A correction and, where it was withdrawn, why."""
    return Correction.of(_register_of(services).correction(number))


@router.post(
    "",
    status_code=201,
    summary="Enter a correction",
    responses=problems("malformed-json", "invalid-correction", "unknown-asset"),
)
def post_calibration(
    services: ServicesNeeded,
    correction: Annotated[NewCorrection, Body(examples=[_CORRECTION])],
) -> Correction:
    """From now on values read are corrected within its validity; what is stored stays."""
    register = _register_of(services)
    _refuse_unknown(services, correction.asset, None)
    return Correction.of(register.add(correction.draft()))


@router.post(
    "/{number}/withdraw",
    summary="Withdraw a correction",
    responses=problems(
        "malformed-json", "correction-not-found", "correction-withdrawn", "invalid-correction"
    ),
)
def withdraw_calibration(
    services: ServicesNeeded,
    number: NumberPath,
    withdrawal: Annotated[NewWithdrawal, Body(examples=[_WITHDRAWAL])],
) -> Correction:
    """From now on it doesn't count; `as_of` an earlier time it still does."""
    register = _register_of(services)
    if register.correction(number).withdrawal is not None:
        raise ProblemError("correction-withdrawn", f"correction {number} is withdrawn already")
    return Correction.of(register.withdraw(number, withdrawal.person, withdrawal.reason))


def _refuse_unknown(services: Services, asset: str | None, field: str | None) -> None:
    if asset is not None and asset not in services.park.assets:
        raise ProblemError("unknown-asset", f"no asset {asset!r} in this park")
    known = {
        row.name for kind in KINDS.values() for row in kind.fields.values() if is_correctable(row)
    }
    if field is not None and field not in known:
        raise ProblemError("unknown-field", f"no field {field!r} that can be corrected")


def _read_number(token: str) -> int:
    text = read_token(token)
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise bad_token()
    return int(text)
