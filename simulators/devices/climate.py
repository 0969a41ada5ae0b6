"""Weather stations and greenhouses: what the sky does to sensors."""

from random import Random

from park.assets import Greenhouse as GreenhouseAsset
from park.assets import WeatherStation
from simulators.devices.base import Device, Group
from simulators.messages import Value
from simulators.physics.greenhouse import Greenhouse
from simulators.physics.weather import Weather, WeatherTrack


class WeatherDevice(Device):
    """A station; its village is a little warmer or wetter than the park's mean."""

    def __init__(self, asset: WeatherStation, rng: Random) -> None:
        super().__init__(asset)
        self._rng = rng
        self._warmer_k = rng.uniform(-0.6, 0.6)
        self._wetter = rng.uniform(0.9, 1.1)
        self.sky: Weather | None = None
        self.rain_mm = round(rng.uniform(0, 400), 1)

    def rain(self, fallen_mm: float) -> None:
        """Let rain into its gauge."""
        self.rain_mm += fallen_mm * self._wetter

    def values(self) -> dict[str, Value]:
        """What its sensors read."""
        sky, noise = self.sky, self._rng.gauss
        if sky is None:
            return {}
        return {
            "air_temp_c": round(sky.air_temp_c + self._warmer_k + noise(0, 0.1), 1),
            "humidity_pct": round(min(100.0, max(5.0, sky.humidity_pct + noise(0, 1))), 1),
            "wind_ms": round(max(0.0, sky.wind_ms + noise(0, 0.2)), 1),
            "solar_wm2": round(sky.solar_wm2),
            "rain_mm": round(self.rain_mm, 1),
            "pressure_hpa": round(sky.pressure_hpa, 1),
            "leaf_wetness_pct": round(sky.leaf_wetness_pct, 1),
        }


class WeatherGroup(Group):
    """One station."""

    def __init__(
        self, asset: WeatherStation, sky: WeatherTrack, rng: Random, start_ms: int
    ) -> None:
        super().__init__(start_ms)
        self._sky = sky
        self._station = WeatherDevice(asset, rng)
        self._station.sky = sky.at(start_ms)
        self.devices = (self._station,)

    def tick_s(self, cadence_s: int) -> int:
        """At least once an hour, as the sky changes."""
        return min(cadence_s, 3600)

    def pass_time(self, dt_s: float) -> None:
        """Let rain fall."""
        self._station.rain(self._sky.at(self.now_ms).rain_mm * dt_s / 3600)
        self._station.sky = self._sky.at(self.now_ms + round(dt_s * 1000))


class GreenhouseDevice(Device):
    """A greenhouse's climate computer."""

    def __init__(self, asset: GreenhouseAsset, house: Greenhouse, rng: Random) -> None:
        super().__init__(asset)
        self._house = house
        self._rng = rng

    def values(self) -> dict[str, Value]:
        """What its sensors read."""
        house, noise = self._house, self._rng.gauss
        return {
            "air_temp_c": round(house.air_temp_c + noise(0, 0.1), 1),
            "humidity_pct": round(min(100.0, max(5.0, house.humidity_pct + noise(0, 1))), 1),
            "co2_ppm": round(house.co2_ppm),
            "par_umol": round(house.par_umol),
            "vent_pct": round(house.vent_pct),
            "soil_moisture_pct": round(house.soil_moisture_pct, 1),
        }


class GreenhouseGroup(Group):
    """One greenhouse."""

    def __init__(
        self, asset: GreenhouseAsset, sky: WeatherTrack, rng: Random, start_ms: int
    ) -> None:
        super().__init__(start_ms)
        self._sky = sky
        self._house = Greenhouse(soil_moisture_pct=rng.uniform(17, 23))
        self.devices = (GreenhouseDevice(asset, self._house, rng),)

    def tick_s(self, cadence_s: int) -> int:
        """At least once an hour, as the sky changes."""
        return min(cadence_s, 3600)

    def pass_time(self, dt_s: float) -> None:
        """Let the sun in."""
        self._house.step(dt_s, self._sky.at(self.now_ms))
