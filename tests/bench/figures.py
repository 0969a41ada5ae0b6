"""What a measurement gives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure beside the raw limit of the same run, where it has one."""

    name: str
    """`part.what`, stable, so that figures of two runs can be compared."""
    figure: float
    unit: str
    limit: float | None = None
    """What the bare thing did in the same run."""
    ratio: float | None = None
    """`figure / limit`."""
