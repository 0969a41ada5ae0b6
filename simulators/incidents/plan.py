"""Which incidents happen where and when: seeded, pure, and never two on the same devices."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from random import Random

from park.times import from_epoch_ms, to_epoch_ms
from simulators.errors import PlanError
from simulators.incidents.kinds import INCIDENT_KINDS, IncidentKind
from simulators.incidents.stage import Span, Stage
from simulators.seeds import generator

BEFORE_MS = 2 * 3_600_000
"""So long before an incident its devices are healthy."""
_MOST = 10_000
_DRAWS = 400


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident of a plan; times in epoch milliseconds."""

    kind: IncidentKind
    asset: str
    start_ms: int
    end_ms: int
    touches: frozenset[str] = field(repr=False)
    """Assets whose devices it changes."""
    beside: frozenset[str] = field(repr=False)
    """These, and assets that share their physics."""

    @property
    def span(self) -> Span:
        """From when its devices are healthy until they are again."""
        return self.start_ms - BEFORE_MS, self.end_ms + self.kind.aftermath_s * 1000


def plan_incidents(stage: Stage, wish: str, seed: int) -> Sequence[Incident]:
    """The incidents wished for, in the order of time.

    `wish` is a number, or names with commas between them; `all` is one of each kind that the park
    has an asset for. The same stage, wish and seed give the same plan. Raises PlanError where the
    wish can't be read, or one of it finds no place.
    """
    names = _names(stage, wish, generator(seed, "incidents"))
    booked: dict[str, list[Span]] = defaultdict(list)
    longest_first = sorted(enumerate(names), key=lambda item: -_length_ms(item[1]))
    found = [
        _place(stage, INCIDENT_KINDS[name], generator(seed, "incidents", number, name), booked)
        for number, name in longest_first
    ]
    return tuple(sorted(found, key=lambda incident: (incident.start_ms, incident.kind.name)))


def _length_ms(name: str) -> int:
    kind = INCIDENT_KINDS[name]
    return (kind.lasts_s + kind.aftermath_s) * 1000


def _names(stage: Stage, wish: str, rng: Random) -> Sequence[str]:
    wish = wish.strip()
    possible = [name for name, kind in INCIDENT_KINDS.items() if _windows(stage, kind)]
    if wish == "all":
        return possible
    if wish.isdecimal():
        count = int(wish)
        if not 0 < count <= _MOST:
            raise PlanError(f"incidents = {wish} must lie between 1 and {_MOST}")
        if not possible:
            raise PlanError("nothing can go wrong in this park: it has no such devices")
        rng.shuffle(possible)
        return [possible[n % len(possible)] for n in range(count)]
    names = [name.strip() for name in wish.split(",")]
    for name in names:
        if name not in INCIDENT_KINDS:
            raise PlanError(
                f"no incident {name!r}; give a number, `all`, or names out of "
                f"{', '.join(INCIDENT_KINDS)}"
            )
    return names


def _windows(stage: Stage, kind: IncidentKind) -> Sequence[tuple[str, Span]]:
    """Where and when it fits; the end of a window is that of the incident's aftermath."""
    needed_ms = _length_ms(kind.name)
    return [
        (asset, part)
        for asset, span in stage.windows(kind.asset_type)
        for part in _outside(span, kind.not_in)
        if part[1] - part[0] >= needed_ms
    ]


def _outside(span: Span, months: Collection[int]) -> Iterator[Span]:
    """What is left of a span without these months."""
    since_ms, until_ms = span
    if not months:
        yield span
        return
    while since_ms < until_ms:
        begin = from_epoch_ms(since_ms)
        next_month = (begin.replace(day=1) + timedelta(days=32)).replace(day=1)
        end_ms = min(until_ms, to_epoch_ms(datetime.combine(next_month, time(), UTC)))
        if begin.month not in months:
            yield since_ms, end_ms
        since_ms = end_ms


def _place(
    stage: Stage, kind: IncidentKind, rng: Random, booked: dict[str, list[Span]]
) -> Incident:
    windows = _windows(stage, kind)
    needed_ms = _length_ms(kind.name)
    by_asset: Mapping[str, list[Span]] = defaultdict(list)
    for asset, span in windows:
        by_asset[asset].append(span)
    for _ in range(_DRAWS if windows else 0):
        asset = rng.choice(list(by_asset))
        since_ms, until_ms = rng.choice(by_asset[asset])
        start_ms = rng.randint(since_ms, until_ms - needed_ms) // 1000 * 1000
        incident = Incident(
            kind,
            asset,
            start_ms,
            start_ms + kind.lasts_s * 1000,
            stage.touched(asset),
            stage.beside(asset),
        )
        if not any(_overlap(incident.span, other) for a in incident.beside for other in booked[a]):
            for other_asset in incident.beside:
                booked[other_asset].append(incident.span)
            return incident
    hours = needed_ms / 3_600_000
    raise PlanError(
        f"no place for an incident {kind.name!r} of {hours:g} h, aftermath included: "
        "no such device is free for so long"
    )


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
