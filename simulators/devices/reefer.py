"""A refrigerated container's controller and its position."""

from dataclasses import dataclass
from random import Random

from park.assets import Reefer as ReeferAsset
from simulators.devices.base import Device, Group
from simulators.messages import Value
from simulators.physics.reefer import Reefer, between

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Trip:
    """A way from one place to another; latitudes and longitudes in degrees."""

    start: tuple[float, float]
    end: tuple[float, float]
    leave_ms: int
    arrive_ms: int

    def position(self, time_ms: int) -> tuple[float, float]:
        """Where it is then."""
        share = (time_ms - self.leave_ms) / (self.arrive_ms - self.leave_ms)
        return between(self.start, self.end, min(1.0, max(0.0, share)))


class ReeferDevice(Device):
    """Reports one container."""

    def __init__(self, asset: ReeferAsset, reefer: Reefer, rng: Random) -> None:
        super().__init__(asset)
        self._reefer = reefer
        self._rng = rng
        self._offsets = [rng.uniform(-0.08, 0.08) for _ in reefer.pulp_c]

    @property
    def active(self) -> bool:
        """Whether a door is open."""
        return self._reefer.door_open

    def values(self) -> dict[str, Value]:
        """What its sensors read; pulp probes resolve 0.1 K, as cold treatment asks for."""
        reefer, noise = self._reefer, self._rng.gauss
        pulp = {
            f"pulp_{n}_temp_c": round(temp_c + offset + noise(0, 0.02), 1)
            for n, (temp_c, offset) in enumerate(
                zip(reefer.pulp_c, self._offsets, strict=True), start=1
            )
        }
        return {
            "supply_temp_c": round(reefer.supply_c + noise(0, 0.05), 2),
            "return_temp_c": round(reefer.return_c + noise(0, 0.05), 2),
            **pulp,
            "setpoint_c": reefer.setpoint_c,
            "humidity_pct": round(min(99.9, reefer.humidity_pct + noise(0, 0.5)), 1),
            "door_open": reefer.door_open,
            "lat": round(reefer.lat, 4),
            "lon": round(reefer.lon, 4),
        }


class ReeferGroup(Group):
    """One container on its trips."""

    def __init__(self, asset: ReeferAsset, rng: Random, start_ms: int) -> None:
        super().__init__(start_ms)
        self.reefer = Reefer(setpoint_c=asset.setpoint_c)
        self.devices = (ReeferDevice(asset, self.reefer, rng),)
        self._rng = rng
        self._trip: Trip | None = None

    def assign(self, trip: Trip, setpoint_c: float) -> None:
        """Bring it to the start of a trip, empty and cooled."""
        self._trip = trip
        self.reefer.setpoint_c = setpoint_c
        self.reefer.supply_c = self.reefer.return_c = setpoint_c + 0.5
        self.reefer.load(setpoint_c + 1.0)
        self._place(self.now_ms)

    def load(self) -> None:
        """Fill it with fruit from a cold room; the doors stand open."""
        self.reefer.door_open = True
        self.reefer.load(self.reefer.setpoint_c + self._rng.uniform(0.4, 1.4))

    def shut(self) -> None:
        """Shut the doors."""
        self.reefer.door_open = False

    def open(self) -> None:
        """Open the doors at the destination."""
        self.reefer.door_open = True

    def pass_time(self, dt_s: float) -> None:
        """Cool, and move on."""
        # Nearer to the equator it is warmer; days are warmer than nights.
        outdoor_c = 29.0 - 0.55 * max(0.0, abs(self.reefer.lat) - 12)
        outdoor_c += 4.0 * ((self.now_ms % _DAY_MS) / _DAY_MS - 0.5)
        self.reefer.step(dt_s, outdoor_c)
        self._place(self.now_ms + round(dt_s * 1000))

    def _place(self, time_ms: int) -> None:
        if self._trip is not None:
            self.reefer.lat, self.reefer.lon = self._trip.position(time_ms)
