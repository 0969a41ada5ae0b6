"""Which device reports which kind of telemetry."""

from collections.abc import Mapping
from types import MappingProxyType

from simulators.devices.base import Device
from simulators.devices.climate import GreenhouseDevice, WeatherDevice
from simulators.devices.cold_room import ColdRoomDevice
from simulators.devices.orchard import BlockDevice, MixerDevice, PumpDevice, SoilProbeDevice
from simulators.devices.reefer import ReeferDevice
from simulators.devices.sorting import LaneDevice, LineDevice

DEVICE_OF_KIND: Mapping[str, type[Device]] = MappingProxyType(
    {
        "cold_room": ColdRoomDevice,
        "irrigation_block": BlockDevice,
        "pump_head": PumpDevice,
        "fertigation": MixerDevice,
        "soil": SoilProbeDevice,
        "weather": WeatherDevice,
        "greenhouse": GreenhouseDevice,
        "sorting_line": LineDevice,
        "sorting_lane": LaneDevice,
        "reefer": ReeferDevice,
    }
)
"""One device class for each kind of `park.telemetry`."""
