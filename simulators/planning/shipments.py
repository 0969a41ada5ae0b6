"""From graded fruit to pallets and shipments: what waits in a room, what leaves, where it goes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import asin, cos, radians, sin, sqrt
from random import Random

from park.assets import ColdRoom, Destination, Orchard, Park, Reefer
from park.gs1 import make_sscc
from simulators.errors import PlanError
from simulators.planning.calendar import DAY_MS, HOUR_MS, MINUTE_MS, season_end, shipping_end
from simulators.planning.settings import SeasonSettings
from simulators.truth import Amount, Pallet, Shipment

_PALLET_KG = {"jujube": 600, "apple": 900}
_PALLETS_A_REEFER = 20
_PALLET_MS = 6 * MINUTE_MS
_SERIAL_DIGITS = 4
_LONGEST_WAIT_MS = 4 * DAY_MS
"""So long fruit waits on pallets for one of the park's own reefers; then it goes with another's."""
_KM_A_DAY, _HANDLING_DAYS = 720.0, 2.5
_NEWCOMER_VARIETY, _NEWCOMER_COUNTRY = "winter-jujube", "TH"
"""What the README lets a newcomer look up: winter jujube that went to Thailand."""


@dataclass(slots=True)
class Order:
    """Graded fruit of one variety that is packed at one packhouse from a moment on."""

    packhouse: str
    variety: str
    crop: str
    pack_ms: int
    parts: list[Amount]


@dataclass(slots=True)
class Dispatch:
    """Palletises and ships orders; keeps the pallets and shipments it made."""

    park: Park
    settings: SeasonSettings
    head: str
    rng: Random
    pallets: list[Pallet] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    _serials: Iterator[int] = field(default_factory=lambda: count(1))

    def ship(self, orders: Sequence[Order]) -> None:
        """Pack and ship orders in the order of time. Raises PlanError."""
        loads = [
            load for order in sorted(orders, key=lambda o: o.pack_ms) for load in self._pack(order)
        ]
        fleet = _Fleet([reefer.id for reefer in self.park.of_type(Reefer)])
        loads.sort(key=lambda load: load[1][-1].at_ms)
        destinations = self._destinations([order for order, _ in loads])
        for (order, pallets), destination in zip(loads, destinations, strict=True):
            self._leave(order, pallets, destination, fleet)
        self.shipments.sort(key=lambda shipment: shipment.ship_ms)

    def _pack(self, order: Order) -> Iterator[tuple[Order, list[Pallet]]]:
        """Fill pallets part after part; one pallet may hold the end of one and the next's start."""
        full_kg = _PALLET_KG.get(order.crop, 800)
        rest = [(part.batch, part.qty_kg) for part in order.parts]
        pallets: list[Pallet] = []
        while rest:
            contents, space = [], full_kg
            while rest and space:
                batch, qty_kg = rest.pop(0)
                taken = min(qty_kg, space)
                contents.append(Amount(batch, taken))
                space -= taken
                if taken < qty_kg:
                    rest.insert(0, (batch, qty_kg - taken))
            at_ms = order.pack_ms + len(pallets) * _PALLET_MS + self.rng.randrange(MINUTE_MS)
            pallets.append(Pallet(self._sscc(), order.packhouse, at_ms, tuple(contents)))
        self.pallets.extend(pallets)
        loads = -(-len(pallets) // _PALLETS_A_REEFER)
        for n in range(loads):
            yield order, pallets[n * len(pallets) // loads : (n + 1) * len(pallets) // loads]

    def _sscc(self) -> str:
        """The next pallet number: two digits of the year, the seed's, then a running number."""
        room = 16 - len(self.park.company_prefix)
        year = (self.settings.year % 100) * 10 ** (room - 2)
        seeds = 10 ** max(0, room - 2 - _SERIAL_DIGITS)
        series = (self.settings.seed - 1) % seeds * 10**_SERIAL_DIGITS
        return make_sscc(self.park.company_prefix, year + series + next(self._serials))

    def _destinations(self, orders: Sequence[Order]) -> list[Destination]:
        """Where each load goes: the usual markets in turn first, then any, near ones more often."""
        markets = self.park.of_type(Destination)
        if not markets:
            raise PlanError("this park has no destination")
        first = next((i for i, o in enumerate(orders) if o.variety == _NEWCOMER_VARIETY), 0)
        newcomer = next((m for m in markets if m.country == _NEWCOMER_COUNTRY), markets[0])
        turn = [market for market in markets if market is not newcomer][:9]
        chosen = []
        for i in range(len(orders)):
            if i == first:
                chosen.append(newcomer)
            elif turn:
                chosen.append(turn.pop(0))
            else:
                near = self.rng.random() < 0.6  # noqa: PLR2004 - a share, nothing more
                chosen.append(self.rng.choice(markets[:8] if near else markets))
        return chosen

    def _leave(
        self, order: Order, pallets: list[Pallet], destination: Destination, fleet: "_Fleet"
    ) -> None:
        ready_ms = pallets[-1].at_ms + round(self.rng.uniform(1, 5) * HOUR_MS)
        reefer, ship_ms = fleet.next(ready_ms)
        if ship_ms >= shipping_end(self.settings.year):
            return  # its pallets stay in the packhouse
        km = _distance_km(self.park, destination)
        days = (_HANDLING_DAYS + km / _KM_A_DAY) * self.rng.uniform(0.95, 1.2)
        arrive_ms = ship_ms + round(days * DAY_MS)
        if reefer is not None:
            fleet.away(reefer, arrive_ms + round((arrive_ms - ship_ms) * 0.4) + DAY_MS)
        self.shipments.append(
            Shipment(
                number=f"{self.head}-S{len(self.shipments) + 1:03}",
                packhouse=order.packhouse,
                destination=destination.id,
                reefer=reefer,
                setpoint_c=_setpoint_c(self.park, order.crop),
                crop=order.crop,
                variety=order.variety,
                pallets=tuple(pallet.sscc for pallet in pallets),
                ship_ms=ship_ms,
                arrive_ms=arrive_ms,
                received=arrive_ms < season_end(self.settings.year) and self.rng.random() < 0.93,  # noqa: PLR2004 - as above
            )
        )


@dataclass(slots=True)
class _Fleet:
    """The park's reefers and when each is back."""

    reefers: Sequence[str]
    back_ms: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def next(self, ready_ms: int) -> tuple[str | None, int]:
        """The reefer that is back first and when it can leave; None where that is too late."""
        reefer = min(self.reefers, key=lambda name: self.back_ms[name], default=None)
        if reefer is None or self.back_ms[reefer] > ready_ms + _LONGEST_WAIT_MS:
            return None, ready_ms
        return reefer, max(ready_ms, self.back_ms[reefer])

    def away(self, reefer: str, until_ms: int) -> None:
        self.back_ms[reefer] = until_ms


def _setpoint_c(park: Park, crop: str) -> float:
    """Fruit travels as it was stored."""
    return next((room.setpoint_c for room in park.of_type(ColdRoom) if room.crop == crop), 0.0)


def _distance_km(park: Park, destination: Destination) -> float:
    """Great circle from the park's first orchard."""
    orchard = park.of_type(Orchard)[0]
    lat1, lat2 = radians(orchard.latitude_deg), radians(destination.latitude_deg)
    half_lat = (lat2 - lat1) / 2
    half_lon = radians(destination.longitude_deg - orchard.longitude_deg) / 2
    chord = sin(half_lat) ** 2 + cos(lat1) * cos(lat2) * sin(half_lon) ** 2
    return 2 * 6371 * asin(sqrt(chord))
