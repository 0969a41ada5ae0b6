"""The table of incidents: everything that may go wrong in a simulated park, declared once.

`sign` is the alarm that a person would expect, in plain words; `follows` names what may come with
it or after it. Durations are assumptions: long enough for the sign to be seen, and for what comes
after to pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from park.assets import AssetType
from simulators.incidents.effects import lines, reefers, rooms, sensors, water
from simulators.incidents.effects.base import Effect
from simulators.physics.cold_room import Trouble
from simulators.physics.reefer import UnitTrouble

_MINUTE_S = 60
_HOUR_S = 60 * _MINUTE_S


@dataclass(frozen=True, slots=True)
class IncidentKind:
    """One thing that may go wrong."""

    name: str
    asset_type: AssetType
    sign: str
    effect: Effect
    lasts_s: int
    shows_s: int = 0
    """So long after the begin its sign is there at the latest, a rule's own delay not counted."""
    aftermath_s: int = _HOUR_S
    """So long after the end its traces are gone: air is cold again, gases are as they were."""
    follows: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    """Where it is to be seen; none: in that there is nothing to be seen."""
    not_in: frozenset[int] = frozenset()
    """Months in which nothing would come of it."""


def _hours(hours: float) -> int:
    return round(hours * _HOUR_S)


def _minutes(minutes: float) -> int:
    return round(minutes * _MINUTE_S)


_ROOM, _BLOCK = AssetType.COLD_ROOM, AssetType.IRRIGATION_BLOCK
_PUMP, _MIXER = AssetType.PUMP_HEAD, AssetType.FERTIGATION_MIXER
_LINE, _REEFER = AssetType.SORTING_LINE, AssetType.REEFER

_COLD_ROOMS = (
    IncidentKind(
        "cooling-fails",
        _ROOM,
        "no cooling",
        rooms.RoomAils(Trouble.NO_COOLING),
        lasts_s=_hours(20),
        shows_s=_hours(18),
        aftermath_s=_hours(16),
        follows=("warm", "warms up"),
        fields=("air_temp_c", "compressor_on"),
        # A room stays cold by itself then.
        not_in=frozenset({12, 1, 2, 3}),
    ),
    IncidentKind(
        "heater-sticks",
        _ROOM,
        "warm",
        rooms.RoomAils(Trouble.HEATER_STUCK),
        lasts_s=_hours(4),
        shows_s=_hours(2),
        aftermath_s=_hours(16),
        follows=("no cooling", "warms up"),
        fields=("air_temp_c", "compressor_on", "power_kw"),
    ),
    IncidentKind(
        "breaker-trips",
        _ROOM,
        "room without power",
        rooms.RoomAils(Trouble.NO_POWER),
        lasts_s=_hours(2),
        aftermath_s=_hours(12),
        follows=("warm", "warms up", "no cooling"),
        fields=("power_kw", "compressor_on"),
    ),
    IncidentKind(
        "door-stays-open",
        _ROOM,
        "door",
        rooms.DoorStaysOpen(),
        lasts_s=_hours(2),
        aftermath_s=_hours(8),
        fields=("door_open", "air_temp_c", "humidity_pct"),
    ),
    IncidentKind(
        "air-freezes",
        _ROOM,
        "freezing",
        rooms.RoomAils(Trouble.VALVE_STUCK),
        lasts_s=_hours(4),
        shows_s=_hours(2),
        aftermath_s=_hours(6),
        fields=("air_temp_c", "compressor_on", "evaporator_temp_c"),
    ),
    IncidentKind(
        "carbon-dioxide-rises",
        _ROOM,
        "carbon dioxide",
        rooms.RoomAils(Trouble.GAS_RETURNS),
        lasts_s=_hours(8),
        shows_s=_hours(4),
        aftermath_s=_hours(24),
        fields=("co2_pct", "o2_pct"),
    ),
    IncidentKind(
        "oxygen-falls",
        _ROOM,
        "oxygen",
        rooms.RoomAils(Trouble.NITROGEN_FLOWS),
        lasts_s=_hours(4),
        shows_s=_hours(2),
        aftermath_s=_hours(24),
        fields=("o2_pct",),
    ),
    IncidentKind(
        "air-dries",
        _ROOM,
        "dry",
        rooms.RoomAils(Trouble.DRY_AIR),
        lasts_s=_hours(6),
        shows_s=_hours(2),
        aftermath_s=_hours(4),
        fields=("humidity_pct",),
    ),
    IncidentKind(
        "probe-sticks",
        _ROOM,
        "stuck",
        sensors.Sticks("air_temp_c"),
        lasts_s=_hours(8),
        # What it stuck at may be warm.
        follows=("warm", "no cooling"),
        fields=("air_temp_c",),
    ),
    IncidentKind(
        "probe-drifts",
        _ROOM,
        "probes disagree",
        sensors.Drifts("return_temp_c", a_hour=1.5, most=7.0),
        lasts_s=_hours(12),
        shows_s=_hours(4),
        fields=("return_temp_c",),
    ),
    IncidentKind(
        "pulp-probe-slips",
        _ROOM,
        "pulp differs",
        sensors.Slips("pulp_temp_c", warmer=8.0),
        lasts_s=_hours(56),
        fields=("pulp_temp_c",),
    ),
    IncidentKind(
        "power-fails",
        AssetType.CENTRE,
        "power",
        rooms.PowerFails(),
        lasts_s=_minutes(90),
        aftermath_s=_hours(12),
        follows=("warm", "warms up", "no cooling"),
        fields=("power_kw", "compressor_on"),
    ),
)

_WATER = (
    IncidentKind(
        "valve-leaks",
        _BLOCK,
        "leak",
        water.ValveLeaks(leak_m3h=4.0),
        lasts_s=_hours(2),
        fields=("flow_m3h", "volume_m3"),
    ),
    IncidentKind(
        "pipe-bursts",
        _BLOCK,
        "burst",
        water.PipeAils(flow_factor=1.7, pressure_factor=0.45),
        lasts_s=_hours(1),
        fields=("flow_m3h", "pressure_kpa"),
    ),
    IncidentKind(
        "valve-opens-dry",
        _BLOCK,
        "no flow",
        water.PipeAils(flow_factor=0.0),
        lasts_s=_hours(1),
        fields=("flow_m3h", "valve_open"),
    ),
    IncidentKind(
        "drippers-block",
        _BLOCK,
        "flow",
        water.PipeAils(flow_factor=0.6),
        lasts_s=_hours(2),
        fields=("flow_m3h",),
    ),
    IncidentKind(
        "pressure-falls",
        _BLOCK,
        "pressure",
        water.PipeAils(flow_factor=0.9, pressure_factor=0.6),
        lasts_s=_hours(2),
        fields=("pressure_kpa",),
    ),
    IncidentKind(
        "battery-runs-down",
        _BLOCK,
        "battery",
        sensors.RunsDown(hours=10),
        lasts_s=_hours(18),
        shows_s=_hours(10),
        fields=("battery_pct",),
    ),
    IncidentKind(
        "filter-blocks",
        _PUMP,
        "filter",
        water.FilterBlocks(dirt=1.1),
        lasts_s=_hours(3),
        fields=("filter_dp_kpa",),
    ),
    IncidentKind(
        "main-pipe-leaks",
        _PUMP,
        "leak",
        water.MainPipeLeaks(lost_m3h=12.0),
        lasts_s=_hours(3),
        fields=("flow_m3h", "volume_m3"),
    ),
    IncidentKind(
        "well-falls",
        _PUMP,
        "level",
        water.WellFalls(level_m=1.0),
        lasts_s=_hours(8),
        shows_s=_hours(5),
        aftermath_s=_hours(4),
        fields=("level_m",),
    ),
    IncidentKind(
        "dose-too-strong",
        _MIXER,
        "dose",
        water.DoseOff(concentration=1.7),
        lasts_s=_hours(2),
        fields=("ec_ms_cm",),
    ),
    IncidentKind(
        "acid-runs-out",
        _MIXER,
        "acidity",
        water.DoseOff(acid=0.2),
        lasts_s=_hours(2),
        fields=("ph",),
    ),
    IncidentKind(
        "probe-battery-runs-down",
        AssetType.SOIL_PROBE,
        "battery",
        sensors.RunsDown(hours=10),
        lasts_s=_hours(18),
        shows_s=_hours(10),
        fields=("battery_pct",),
    ),
)

_PACKHOUSE = (
    IncidentKind(
        "line-stops",
        _LINE,
        "stop",
        lines.LineHalts("stopped"),
        lasts_s=_minutes(12),
        aftermath_s=0,
        fields=("state", "throughput_kg_h"),
    ),
    IncidentKind(
        "line-faults",
        _LINE,
        "stop",
        lines.LineHalts("fault"),
        lasts_s=_minutes(12),
        aftermath_s=0,
        fields=("state", "throughput_kg_h"),
    ),
    IncidentKind(
        "rejects-rise",
        _LINE,
        "rejects",
        lines.RejectsRise(share=0.5),
        lasts_s=_minutes(18),
        shows_s=_minutes(15),
        aftermath_s=_minutes(20),
        fields=("reject_kg",),
    ),
    IncidentKind(
        "cups-empty",
        _LINE,
        "cup fill",
        lines.CupsEmpty(factor=0.35),
        lasts_s=_minutes(15),
        aftermath_s=0,
        fields=("cup_fill_pct",),
    ),
)

_TRANSPORT = (
    IncidentKind(
        "unit-fails",
        _REEFER,
        "warm",
        reefers.UnitAils(UnitTrouble.FAILS),
        lasts_s=_hours(6),
        shows_s=_hours(3),
        aftermath_s=_hours(30),
        follows=("probes disagree",),
        fields=("supply_temp_c", "return_temp_c"),
    ),
    IncidentKind(
        "unit-runs-cold",
        _REEFER,
        "freezing",
        reefers.UnitAils(UnitTrouble.RUNS_COLD),
        lasts_s=_hours(3),
        shows_s=_hours(1),
        aftermath_s=_hours(6),
        fields=("supply_temp_c",),
    ),
    IncidentKind(
        "reefer-doors-open",
        _REEFER,
        "door",
        reefers.DoorsOpen(),
        lasts_s=_hours(3),
        aftermath_s=_hours(12),
        follows=("warm", "probes disagree"),
        fields=("door_open",),
    ),
    IncidentKind(
        "reefer-probe-slips",
        _REEFER,
        "probes disagree",
        sensors.Slips("pulp_2_temp_c", warmer=4.0),
        lasts_s=_hours(5),
        fields=("pulp_2_temp_c",),
    ),
    IncidentKind(
        "reefer-sensor-sticks",
        _REEFER,
        "stuck",
        sensors.Sticks("supply_temp_c"),
        lasts_s=_hours(9),
        fields=("supply_temp_c",),
    ),
)

_SILENT_TYPES = {
    "room": _ROOM,
    "block": _BLOCK,
    "pump": _PUMP,
    "mixer": _MIXER,
    "soil-probe": AssetType.SOIL_PROBE,
    "station": AssetType.WEATHER_STATION,
    "greenhouse": AssetType.GREENHOUSE,
}
_SILENCES = tuple(
    IncidentKind(f"{name}-falls-silent", type_, "silent", sensors.FallsSilent(), lasts_s=_hours(5))
    for name, type_ in _SILENT_TYPES.items()
)

INCIDENT_KINDS: Mapping[str, IncidentKind] = MappingProxyType(
    {kind.name: kind for kind in (*_COLD_ROOMS, *_WATER, *_PACKHOUSE, *_TRANSPORT, *_SILENCES)}
)
"""Every kind of incident by its name on the command line."""
