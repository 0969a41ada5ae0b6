"""Fruit of several seasons in one run: which share of what came of it is one season's. Pure.

A run, or a batch that came of it, holds milligrams of several seasons. What flows on is taken to
be mixed evenly: each part gets the season's milligrams in proportion to its mass, rounded by the
largest remainders, so that no milligram is won or lost on the way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """A whole number split in proportion to weights; the parts sum up to it.

    No part is more than its weight unless `total` is more than all weights together.
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda n: (-(total * weights[n] % whole), n))
    for n in by_remainder[: total - sum(parts)]:
        parts[n] += 1
    return parts


@dataclass(frozen=True, slots=True)
class MixedRun:
    """A run whose outputs hold fruit of several seasons."""

    node: int
    inputs: Mapping[int, int]
    """Mass by batch."""
    outputs: Mapping[int, int]
    """Mass by batch or loss."""


def season_masses(
    runs: Iterable[MixedRun],
    whole: frozenset[int],
    dispositions: Mapping[int, Mapping[int, int]],
) -> dict[tuple[int, int], int]:
    """The season's milligrams in each flow out of mixed runs and mixed batches: (from, to).

    `runs` come in the order of time. `whole` are batches all of whose fruit is the season's.
    `dispositions` say for each mixed batch where its mass is: by run, pallet, loss, or whatever
    key the caller gave to what is still there.
    """
    found: dict[tuple[int, int], int] = {}
    for run in runs:
        arrived_mg = sum(
            qty_mg if batch in whole else found.get((batch, run.node), 0)
            for batch, qty_mg in run.inputs.items()
        )
        _split(found, run.node, arrived_mg, run.outputs)
        for output in run.outputs:
            if output in dispositions:
                _split(found, output, found[run.node, output], dispositions[output])
    return found


def _split(
    found: dict[tuple[int, int], int], source: int, qty_mg: int, targets: Mapping[int, int]
) -> None:
    for target, part_mg in zip(targets, apportion(qty_mg, list(targets.values())), strict=True):
        found[source, target] = part_mg
