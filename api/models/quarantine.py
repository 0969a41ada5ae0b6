"""Messages that ingest couldn't use."""

from typing import Annotated

from pydantic import Field

from api.models.common import Model, Time
from ingest.quarantine import QuarantineEntry

_SHOWN_BYTES = 65_536


class QuarantineItem(Model):
    """A message that ingest couldn't use, and why."""

    id: int
    received_at: Time
    topic: Annotated[str, Field(examples=["agripark/v1/linyi/cold_room/room-0001/telemetry"])]
    reason: Annotated[str, Field(description="A stable code.", examples=["out-of-range"])]
    detail: str
    payload_bytes: Annotated[int, Field(description="Size of the whole payload.")]
    payload: Annotated[
        str,
        Field(description="Its beginning as text; bytes that aren't UTF-8 are replaced."),
    ]
    links: dict[str, str]

    @classmethod
    def of(cls, entry: QuarantineEntry, shown_bytes: int = _SHOWN_BYTES) -> "QuarantineItem":
        """An entry as JSON with at most so much of its payload."""
        return cls(
            id=entry.id,
            received_at=entry.received_at,
            topic=entry.topic,
            reason=entry.reason,
            detail=entry.detail,
            payload_bytes=entry.payload_bytes,
            payload=entry.payload[:shown_bytes].decode(errors="replace"),
            links={"self": f"/v1/quarantine/{entry.id}"},
        )
