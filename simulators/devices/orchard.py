"""A pump head with the blocks, soil probes and mixers that hang on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from park.assets import FertigationMixer, IrrigationBlock, Orchard, PumpHead, SoilProbe
from simulators.devices.base import Device, Group, local_hour, local_month
from simulators.messages import Value
from simulators.physics.fertigation import Mixer
from simulators.physics.irrigation import Block
from simulators.physics.pump import Pump
from simulators.physics.soil import SoilColumn, evapotranspiration_mm_h
from simulators.physics.weather import Weather, WeatherTrack

_DEPTHS_CM = (20, 40, 60)
_WATERING_TICK_S, _RESTING_TICK_S = 600, 3600


class BlockDevice(Device):
    """A valve controller with meter, pressure sensor and battery."""

    def __init__(self, asset: IrrigationBlock, block: Block) -> None:
        super().__init__(asset)
        self.block = block

    @property
    def active(self) -> bool:
        """Whether water flows, by an open valve or in spite of a shut one."""
        return self.block.open or self.block.flow_m3h > 0

    def values(self) -> dict[str, Value]:
        """What it reports."""
        block = self.block
        return {
            "valve_open": block.open,
            "flow_m3h": round(block.flow_m3h, 2),
            "volume_m3": round(block.volume_m3, 3),
            "pressure_kpa": round(block.pressure_kpa, 1),
            "battery_pct": round(block.battery_pct, 1),
        }


class SoilProbeDevice(Device):
    """A probe with three depths."""

    def __init__(self, asset: SoilProbe, soil: SoilColumn, rng: Random) -> None:
        super().__init__(asset)
        self._soil = soil
        self._rng = rng
        self._battery_pct = 97.0

    def values(self) -> dict[str, Value]:
        """What it reports; each report costs it a little battery."""
        soil, noise = self._soil, self._rng.gauss
        self._battery_pct = max(5.0, self._battery_pct - 0.002)
        values: dict[str, Value] = {}
        for layer, depth in enumerate(_DEPTHS_CM):
            moisture = max(0.0, soil.moisture_pct(layer) + noise(0, 0.05))
            values[f"moisture_{depth}cm_pct"] = round(moisture, 2)
            values[f"temp_{depth}cm_c"] = round(soil.temp_c[layer] + noise(0, 0.05), 1)
            values[f"ec_{depth}cm_ds_m"] = round(soil.conductivity_ds_m(layer), 3)
        return values | {"battery_pct": round(self._battery_pct, 1)}


class PumpDevice(Device):
    """A pump's drive and the head works' sensors."""

    def __init__(self, asset: PumpHead, pump: Pump) -> None:
        super().__init__(asset)
        self._pump = pump

    @property
    def active(self) -> bool:
        """Whether the pump runs."""
        return self._pump.on

    def values(self) -> dict[str, Value]:
        """What it reports."""
        pump = self._pump
        return {
            "pump_on": pump.on,
            "flow_m3h": round(pump.flow_m3h, 2),
            "volume_m3": round(pump.volume_m3, 3),
            "pressure_kpa": round(pump.pressure_kpa, 1),
            "level_m": round(pump.level_m, 2),
            "power_kw": round(pump.power_kw, 2),
            "energy_kwh": round(pump.energy_kwh, 3),
            "filter_dp_kpa": round(pump.filter_dp_kpa, 2),
        }


class MixerDevice(Device):
    """A fertiliser mixer's controller."""

    def __init__(self, asset: FertigationMixer, mixer: Mixer) -> None:
        super().__init__(asset)
        self._mixer = mixer

    @property
    def active(self) -> bool:
        """Whether it doses."""
        return self._mixer.dosing

    def values(self) -> dict[str, Value]:
        """What it reports."""
        mixer = self._mixer
        return {
            "ec_ms_cm": round(mixer.ec_ms_cm, 3),
            "ph": round(mixer.ph, 2),
            "dose_l_h": round(mixer.dose_l_h, 1),
            "dose_l": round(mixer.dose_l, 2),
            "tank_pct": round(mixer.tank_pct, 1),
        }


@dataclass(frozen=True, slots=True)
class WaterWorks:
    """The assets of one group: a pump head and what hangs on it."""

    pump: PumpHead
    blocks: Sequence[tuple[IrrigationBlock, Orchard]]
    probes: Sequence[SoilProbe]
    mixers: Sequence[FertigationMixer]


class WaterGroup(Group):
    """Waters the blocks of one pump head by their soil."""

    def __init__(self, works: WaterWorks, sky: WeatherTrack, rng: Random, start_ms: int) -> None:
        super().__init__(start_ms)
        self._sky = sky
        self.pump = Pump(volume_m3=rng.uniform(1e4, 9e4), energy_kwh=rng.uniform(1e4, 9e4))
        self.mixers = {asset.id: Mixer(rng) for asset in works.mixers}
        self.blocks = {
            asset.id: Block(
                orchard.crop,
                asset.area_mu,
                asset.nominal_flow_m3h,
                rng,
                soil=_summer_soil(rng),
                volume_m3=rng.uniform(1e3, 9e3),
            )
            for asset, orchard in works.blocks
        }
        self.devices = (
            PumpDevice(works.pump, self.pump),
            *(BlockDevice(asset, self.blocks[asset.id]) for asset, _ in works.blocks),
            *(
                SoilProbeDevice(probe, self.blocks[probe.parent].soil, rng)
                for probe in works.probes
                if probe.parent in self.blocks
            ),
            *(MixerDevice(asset, self.mixers[asset.id]) for asset in works.mixers),
        )

    def tick_s(self, cadence_s: int) -> int:
        """Short steps while water flows, so that the meters' readings follow it."""
        watering = any(block.open for block in self.blocks.values())
        return min(cadence_s, _WATERING_TICK_S if watering else _RESTING_TICK_S)

    def pass_time(self, dt_s: float) -> None:
        """Water, dry and count."""
        sky = self._sky.at(self.now_ms)
        month, hour = local_month(self.now_ms), local_hour(self.now_ms)
        before_m3 = sum(block.volume_m3 for block in self.blocks.values())
        for block in self.blocks.values():
            block.decide(hour)
            self._wet(block, dt_s, sky, month)
        delivered_m3 = sum(block.volume_m3 for block in self.blocks.values()) - before_m3
        flow_m3h = sum(block.flow_m3h for block in self.blocks.values())
        self.pump.step(dt_s, flow_m3h, delivered_m3)
        watered_m3h = sum(block.flow_m3h for block in self.blocks.values() if block.open)
        for mixer in self.mixers.values():
            mixer.step(dt_s, watered_m3h)

    @staticmethod
    def _wet(block: Block, dt_s: float, sky: Weather, month: int) -> None:
        demand_mm_h = evapotranspiration_mm_h(sky, block.crop, month)
        block.step(dt_s, sky.rain_mm * dt_s / 3600, demand_mm_h, sky.air_temp_c)


def _summer_soil(rng: Random) -> SoilColumn:
    """Soil at the end of June: a few days before it has to be watered."""
    return SoilColumn(water_mm=[rng.uniform(32.5, 36.0) for _ in _DEPTHS_CM])
