"""A reading: what one device measured at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass

StoredValue = float | int | str
"""A field as it is stored: booleans are 0 or 1."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Checked fields of one asset at one instant, ready to be stored."""

    kind: str
    site: str
    asset: str
    centre: str | None
    time_ms: int
    """The device's time in epoch milliseconds."""
    fields: Mapping[str, StoredValue]
