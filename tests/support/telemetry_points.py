"""Points of every kind that a telemetry store holds, each field filled from the telemetry table.

They are plausible and no more: gauges swing within the usual span of a field, counters grow,
words take their turn. With them a query can be run that nothing has written for yet. Everything
occurs, faults as well: a shut valve that flows, a device that fell silent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import sin
from types import MappingProxyType

from ingest.line_protocol import encode_head, encode_line
from park.assets import (
    Asset,
    ColdRoom,
    Destination,
    Orchard,
    Park,
    Reefer,
    SortingLine,
)
from park.telemetry import (
    ALARM,
    ALARM_LOAD,
    EXPORT,
    KINDS,
    LIVENESS,
    MILESTONE,
    OUTPUT,
    PLATFORM,
    STOCK,
    STORED_KINDS,
    Behaviour,
    Field,
    FieldType,
    Kind,
)

Value = float | int | str
Asked = tuple[str, str | None]
"""Id of an asset and of its centre."""

_USUAL: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "cold_room.air_temp_c": (-1.2, 1.2),
        "cold_room.pulp_temp_c": (-0.8, 0.2),
        "cold_room.return_temp_c": (-0.6, 0.6),
        "cold_room.evaporator_temp_c": (-8, -5),
        "cold_room.setpoint_c": (-0.5, -0.5),
        "cold_room.humidity_pct": (88, 96),
        "cold_room.co2_pct": (0.2, 2.2),
        "cold_room.o2_pct": (18, 20.9),
        "cold_room.power_kw": (0.1, 8),
        "irrigation_block.flow_m3h": (0, 30),
        "irrigation_block.pressure_kpa": (150, 260),
        "sorting_line.throughput_kg_h": (8_000, 24_000),
        "reefer.supply_temp_c": (-1, 0),
        "reefer.return_temp_c": (-1, 1),
        "reefer.pulp_1_temp_c": (-0.8, 0.4),
        "reefer.pulp_2_temp_c": (-0.8, 0.4),
        "reefer.pulp_3_temp_c": (-0.8, 0.4),
        "reefer.setpoint_c": (-0.5, -0.5),
        "reefer.lat": (13, 35),
        "reefer.lon": (100, 115),
        "platform.lag_s": (0.2, 4),
        "platform.spool_mb": (1, 40),
        "stock.stock_kg": (20_000, 55_000),
        "stock.capacity_kg": (60_000, 60_000),
        "stock.longest_days": (1, 70),
        "alarm.value": (0, 2),
        "alarm.limit_value": (0.5, 0.5),
        "alarm.lat": (35, 35.3),
        "alarm.lon": (110.6, 110.9),
        "milestone.mass_kg": (2_000, 12_000),
        "export.in_transit_kg": (0, 90_000),
    }
)
"""Spans where the middle of the plausible range would look odd."""

_STEPS: Mapping[type[Asset], tuple[str, ...]] = MappingProxyType(
    {
        Orchard: ("harvest",),
        ColdRoom: ("store_in", "store_out"),
        SortingLine: ("sort",),
        Reefer: ("ship",),
        Destination: ("receive",),
    }
)
"""What happens at an asset of each class."""

_RULES = ("room-warm", "room-door", "room-co2", "room-silent")


def lines_of(
    park: Park, kinds: Iterable[str], first_ms: int, last_ms: int, every_ms: int
) -> Iterator[str]:
    """Line protocol of all assets of these kinds, a point every so often."""
    for name in kinds:
        kind = STORED_KINDS[name]
        for number, (asset, centre) in enumerate(assets_of(park, kind)):
            head = encode_head(name, park.site.id, asset, centre)
            steps = _steps(park, asset)
            for turn, time_ms in enumerate(range(first_ms + number, last_ms, every_ms)):
                fields = values(kind, number, turn)
                if kind is MILESTONE:
                    fields["step"] = steps[turn % len(steps)]
                yield encode_line(head, fields, time_ms)


def assets_of(park: Park, kind: Kind) -> list[Asked]:
    """The assets that points of that kind belong to."""
    if kind.name in KINDS:
        found = [asset for asset in park.assets.values() if asset.kind is kind]
        return [(asset.id, park.centre_of(asset)) for asset in found]
    return [(asset, None) for asset in _OWNERS[kind.name](park)]


_OWNERS: Mapping[str, Callable[[Park], Iterable[str]]] = MappingProxyType(
    {
        PLATFORM.name: lambda park: [park.site.id],
        ALARM_LOAD.name: lambda park: [park.site.id],
        OUTPUT.name: lambda park: sorted({product.grade for product in park.products.values()}),
        STOCK.name: lambda park: [room.id for room in park.of_type(ColdRoom)],
        EXPORT.name: lambda park: [place.id for place in park.of_type(Destination)],
        MILESTONE.name: lambda park: [a.id for a in park.assets.values() if type(a) in _STEPS],
        ALARM.name: lambda park: [a.id for a in park.assets.values() if a.kind is not None],
        LIVENESS.name: lambda park: [a.id for a in park.assets.values() if a.kind is not None],
    }
)
"""Whom points of our own kinds belong to."""


def values(kind: Kind, number: int, turn: int) -> dict[str, Value]:
    """Every field of the asset with that number, at that turn."""
    return {
        name: _value(f"{kind.name}.{name}", field, number, turn)
        for name, field in kind.fields.items()
    }


def _value(path: str, field: Field, number: int, turn: int) -> Value:
    match field.type:
        case FieldType.BOOLEAN:
            return int((number + turn) % 3 == 0)
        case FieldType.STATE:
            # In an order that lets the words of two fields meet in every combination.
            count = len(field.states)
            return field.states[(7 * number + 3 * turn + turn // count) % count]
        case FieldType.TEXT:
            return _text(field.name, number)
        case FieldType.INTEGER | FieldType.FLOAT:
            grown = _number(path, field, number, turn)
            return int(grown) if field.type is FieldType.INTEGER else float(round(grown, 3))


def _number(path: str, field: Field, number: int, turn: int) -> float:
    if field.behaviour is Behaviour.COUNTER:
        return 100 * number + turn * (2 + number % 5)
    if field.type is FieldType.INTEGER:
        return (number + turn) % 7
    low, high = _USUAL.get(path) or _middle(field)
    return low + (high - low) * (0.5 + 0.5 * sin(number * 1.7 + turn / 9))


def _middle(field: Field) -> tuple[float, float]:
    span = min(field.high - field.low, 100.0)
    return field.low + 0.4 * span, field.low + 0.6 * span


def _text(name: str, number: int) -> str:
    match name:
        case "batch":
            return f"01/09521321000018/10/LOT{number}"
        case "lots_text":
            return f"LOT{number} 12000 kg, LOT{number + 1} 8000 kg"
        case "rule":
            return _RULES[number % len(_RULES)]
        case "destination":
            return "destination-th"
        case _:
            return f"{name} {number}"


def _steps(park: Park, asset: str) -> tuple[str, ...]:
    found = park.assets.get(asset)
    return ("harvest",) if found is None else _STEPS.get(type(found), ("harvest",))
