"""Devices as the API shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.models.common import AssetRef, Model, Time
from ingest.devices.device import Device as Record
from ingest.devices.device import State
from park.assets import Park
from park.times import from_epoch_ms


class Liveness(Model):
    """Whether a device is there, as its stored telemetry tells; wherever ingest runs."""

    asset: AssetRef
    state: Annotated[
        State | None, Field(description="Null where nothing was ever heard of the device.")
    ]
    since: Annotated[Time | None, Field(description="Since when it is in that state.")]
    newest_reading_at: Time | None
    firmware: str | None


class Device(Model):
    """An asset that sends telemetry, whether it is there, and what it lost."""

    asset: AssetRef
    kind: Annotated[str, Field(examples=["cold_room"])]
    state: Annotated[State, Field(description="`stale`: silent for three times its cadence.")]
    since: Annotated[Time, Field(description="Since when it is in that state.")]
    seen_at: Annotated[Time, Field(description="When anything last came from it.")]
    newest_reading_at: Annotated[
        Time | None, Field(description="Newest device time that it sent; null before the first.")
    ]
    firmware: Annotated[str | None, Field(description="As its status says.")]
    readings: int
    duplicates: Annotated[int, Field(description="Readings that had come before.")]
    refused: Annotated[int, Field(description="What of it went to quarantine.")]
    late: Annotated[int, Field(description="Readings over five minutes old on arrival.")]
    out_of_order: Annotated[int, Field(description="Readings older than one before them.")]
    ahead: Annotated[int, Field(description="Readings over a second ahead of the clock here.")]
    most_ahead_s: Annotated[float, Field(description="The largest such lead.")]
    missing: Annotated[int, Field(description="Numbers of `seq` that never came.")]
    restarts: Annotated[int, Field(description="How often `seq` began anew.")]

    @classmethod
    def of(cls, park: Park, record: Record) -> "Device":
        """A record as JSON."""
        return cls(
            asset=AssetRef.of(park, record.asset),
            kind=record.kind,
            state=record.state,
            since=from_epoch_ms(record.since_ms),
            seen_at=from_epoch_ms(record.seen_ms),
            newest_reading_at=_time(record.newest_ms),
            firmware=record.firmware or None,
            readings=record.readings,
            duplicates=record.duplicates,
            refused=record.refused,
            late=record.late,
            out_of_order=record.out_of_order,
            ahead=record.ahead,
            most_ahead_s=record.most_ahead_ms / 1000,
            missing=record.missing,
            restarts=record.restarts,
        )


def _time(milliseconds: int) -> datetime | None:
    return from_epoch_ms(milliseconds) if milliseconds else None
