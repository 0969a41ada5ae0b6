"""A cold room's controller: its sensors, door contact and energy meter."""

from random import Random

from park.assets import ColdRoom as ColdRoomAsset
from simulators.devices.base import Device, Group
from simulators.messages import Value
from simulators.physics.cold_room import ColdRoom
from simulators.physics.fruit import of_crop
from simulators.physics.weather import WeatherTrack


class ColdRoomDevice(Device):
    """Reports one room."""

    def __init__(self, asset: ColdRoomAsset, room: ColdRoom, rng: Random) -> None:
        super().__init__(asset)
        self._room = room
        self._rng = rng

    @property
    def active(self) -> bool:
        """Whether the door is open."""
        return self._room.door_open

    def values(self) -> dict[str, Value]:
        """What its sensors read."""
        room, noise = self._room, self._rng.gauss
        return {
            "air_temp_c": round(room.air_c + noise(0, 0.03), 2),
            "return_temp_c": round(room.return_c + noise(0, 0.03), 2),
            "pulp_temp_c": round(room.pulp_c + noise(0, 0.02), 2),
            "humidity_pct": round(min(99.9, room.humidity_pct + noise(0, 0.4)), 1),
            "co2_pct": round(room.co2_pct, 3),
            "o2_pct": round(max(0.0, room.o2_pct), 2),
            "ethylene_ppm": round(min(1000.0, room.ethylene_ppm), 2),
            "door_open": room.door_open,
            "defrost_on": room.defrost_on,
            "compressor_on": room.compressor_on,
            "setpoint_c": room.setpoint_c,
            "power_kw": round(room.power_kw, 2),
            "energy_kwh": round(room.energy_kwh, 2),
            "evaporator_temp_c": round(room.evaporator_c, 1),
        }


class ColdRoomGroup(Group):
    """One room under the sky of the park."""

    def __init__(self, asset: ColdRoomAsset, sky: WeatherTrack, rng: Random, start_ms: int) -> None:
        super().__init__(start_ms)
        self.room = ColdRoom(asset.capacity_t, asset.setpoint_c, of_crop(asset.crop))
        self.room.energy_kwh = rng.uniform(2_000, 90_000)
        # Rooms don't defrost in step.
        self.room.since_defrost_s = rng.uniform(0, 8 * 3600)
        self.devices = (ColdRoomDevice(asset, self.room, rng),)
        self._sky = sky
        self._at_door = 0

    def pass_time(self, dt_s: float) -> None:
        """Let heat flow."""
        self.room.step(dt_s, self._sky.at(self.now_ms).air_temp_c)

    def open_door(self) -> None:
        """Somebody opens the door, or comes while it is open."""
        self._at_door += 1
        self.room.door_open = True

    def shut_door(self) -> None:
        """Somebody is done; the last one shuts the door."""
        self._at_door = max(0, self._at_door - 1)
        self.room.door_open = self._at_door > 0
