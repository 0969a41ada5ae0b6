"""Which orchards harvest what, and when."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from park.assets import FIELD_RUN, Orchard, Park
from park.gs1 import BatchId
from simulators.errors import PlanError
from simulators.planning.calendar import day_of, harvest_window, working_time
from simulators.planning.settings import SeasonSettings
from simulators.truth import Harvest

_BATCH_KG = {"jujube": (6_000, 13_000), "apple": (8_000, 17_000)}
_SHARE_OF_YIELD = 0.9

_SERIES = 18_000
"""Seeds whose lots differ: their letters are three at most, as a lot has room for."""


@dataclass(frozen=True, slots=True)
class Lots:
    """Makes lot numbers: `LI25-001-0928A`, where a letter counts the lots of one place and day.

    Seeds other than the first stand behind the year (`LI25A-…` for the second), so that two
    seasons of one year can share a database.
    """

    head: str
    used: dict[str, int]

    @classmethod
    def of(cls, park: Park, year: int, seed: int) -> "Lots":
        """Lot numbers of a park, a year and a seed."""
        series = _letters((seed - 1) % _SERIES)
        return cls(f"{park.site.id[:2]}{year % 100:02}{series}".upper(), {})

    def next(self, place: str, time_ms: int) -> str:
        """The next lot number of that place and day."""
        stem = f"{self.head}-{place}-{day_of(time_ms):%m%d}"
        count = self.used[stem] = self.used.get(stem, 0) + 1
        return stem + _letters(count)


def _letters(count: int) -> str:
    """1 is A, 26 is Z, 27 is AA."""
    text = ""
    while count:
        count, digit = divmod(count - 1, 26)
        text = chr(ord("A") + digit) + text
    return text


def plan_harvests(park: Park, settings: SeasonSettings, lots: Lots, rng: Random) -> list[Harvest]:
    """The batches of a season in the order of time.

    The varieties take turns, the orchards of a variety too, each within its window. No orchard
    gives more than it can bear.
    """
    field_run = {p.variety: p.gtin for p in park.products.values() if p.grade == FIELD_RUN}
    orchards = [o for o in park.of_type(Orchard) if o.variety in field_run][: settings.orchards]
    if not orchards:
        raise PlanError("no orchard of this park grows a variety that has a field-run product")
    numbers = {orchard.id: n for n, orchard in enumerate(park.of_type(Orchard), start=1)}
    pickings = []
    for orchard, turns in zip(orchards, _turns(orchards, settings.harvest_batches), strict=True):
        bearable_kg = orchard.area_mu * orchard.yield_kg_mu * _SHARE_OF_YIELD
        for _ in range(turns):
            low, high = _BATCH_KG.get(orchard.crop, _BATCH_KG["apple"])
            qty_kg = min(rng.randint(low // 10, high // 10) * 10, int(bearable_kg / turns))
            if qty_kg > 0:
                pickings.append((_picking_time(orchard, settings.year, rng), orchard, qty_kg))
    return [
        Harvest(
            BatchId(field_run[orchard.variety], lots.next(f"{numbers[orchard.id]:03}", at_ms)),
            orchard.id,
            at_ms,
            qty_kg,
        )
        for at_ms, orchard, qty_kg in sorted(pickings, key=lambda picking: picking[0])
    ]


def _turns(orchards: Sequence[Orchard], batches: int) -> list[int]:
    """How many batches each orchard gives: as many for each variety, as far as it goes."""
    by_variety: dict[str, list[int]] = defaultdict(list)
    for index, orchard in enumerate(orchards):
        by_variety[orchard.variety].append(index)
    turns = [0] * len(orchards)
    groups = list(by_variety.values())
    for n in range(batches):
        group = groups[n % len(groups)]
        turns[group[n // len(groups) % len(group)]] += 1
    return turns


def _picking_time(orchard: Orchard, year: int, rng: Random) -> int:
    first, last = harvest_window(orchard.variety, orchard.crop, year)
    day = first + timedelta(days=rng.randint(0, (last - first).days))
    return working_time(day, rng, 7, 15)
