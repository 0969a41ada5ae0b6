"""What a codec or a profile makes of a foreign payload, before anything of it is checked."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Element:
    """One reading in the shape of this project's own JSON."""

    asset: str
    """Id of the asset that it is said to come from."""
    content: Mapping[str, object]
    """`ts` (epoch milliseconds or RFC 3339), `seq` where there is one, and the kind's fields."""
