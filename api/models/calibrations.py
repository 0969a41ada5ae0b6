"""Corrections of probes over HTTP."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.models.common import Model, Time
from ingest.calibration import correction as records
from park.scans import Instant
from park.times import from_epoch_ms, to_epoch_ms

_Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
_Words = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]


class CurvePoint(Model):
    """What the probe showed, and what the reference did."""

    raw: _Number
    reference: _Number


class NewCorrection(BaseModel):
    """A correction as a certificate gives it: gain and offset, or points."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    asset: Annotated[_Words, Field(examples=["room-0001"])]
    field: Annotated[_Words, Field(examples=["air_temp_c"])]
    gain: _Number = 1.0
    offset: Annotated[_Number, Field(description="Corrected = gain * raw + offset.")] = 0.0
    points: Annotated[
        list[CurvePoint],
        Field(
            max_length=100,
            description="Straight lines between; beyond the ends their difference goes on."
            " With points, gain and offset are left out.",
        ),
    ] = []
    valid_from: Instant
    valid_until: Annotated[
        Instant | None, Field(description="Not valid any more from here on; null: no end known.")
    ] = None
    certificate: Annotated[_Words, Field(examples=["CNAS L1234, 2026-118"])]
    person: Annotated[_Words, Field(description="Who enters it.")]

    @model_validator(mode="after")
    def _says_what_to_correct(self) -> Self:
        # Forgotten numbers must not read as "corrected by nothing": that is `offset` 0, said so.
        if not self.points and not self.model_fields_set & {"gain", "offset"}:
            msg = "give `offset`, `gain` or `points`; `offset` 0 where the probe is right"
            raise ValueError(msg)
        return self

    def draft(self) -> records.Draft:
        """The correction, not checked against the park yet."""
        points = sorted((point.raw, point.reference) for point in self.points)
        return records.Draft(
            self.asset,
            self.field,
            records.Curve(self.gain, self.offset, tuple(points)),
            to_epoch_ms(self.valid_from),
            None if self.valid_until is None else to_epoch_ms(self.valid_until),
            self.certificate,
            self.person,
        )


class NewWithdrawal(BaseModel):
    """Why a correction shouldn't have been made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: Annotated[_Words, Field(description="Who says so.")]
    reason: _Words


class Withdrawal(Model):
    """A correction that doesn't count any more."""

    recorded_at: Time
    person: str
    reason: str


class Correction(Model):
    """A recorded correction of a probe."""

    number: int
    asset: str
    field: str
    gain: float
    offset: float
    points: list[CurvePoint]
    valid_from: Time
    valid_until: Time | None
    certificate: str
    person: str
    recorded_at: Annotated[Time, Field(description="By this server's clock.")]
    withdrawn: Withdrawal | None
    links: dict[str, str]

    @classmethod
    def of(cls, record: records.Correction) -> "Correction":
        """A record as JSON."""
        draft, withdrawal = record.draft, record.withdrawal
        until = draft.valid_until_ms
        return cls(
            number=record.number,
            asset=draft.asset,
            field=draft.field,
            gain=draft.curve.gain,
            offset=draft.curve.offset,
            points=[CurvePoint(raw=raw, reference=ref) for raw, ref in draft.curve.points],
            valid_from=from_epoch_ms(draft.valid_from_ms),
            valid_until=None if until is None else from_epoch_ms(until),
            certificate=draft.certificate,
            person=draft.person,
            recorded_at=from_epoch_ms(record.recorded_ms),
            withdrawn=None
            if withdrawal is None
            else Withdrawal(
                recorded_at=from_epoch_ms(withdrawal.recorded_ms),
                person=withdrawal.person,
                reason=withdrawal.reason,
            ),
            links={
                "self": f"/v1/calibrations/{record.number}",
                "asset": f"/v1/assets/{draft.asset}",
            },
        )
