"""The one table of telemetry: every kind and field that the park measures.

Validation, line protocol, the embedded schema, dashboards and simulators are derived from this
table; nothing else lists fields. Units are UCUM codes (https://ucum.org). The ranges are the
plausible span of a working sensor, not an alarm limit: a value outside is a fault, not news.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class FieldType(StrEnum):
    """How a field's values are typed on the way in and stored."""

    FLOAT = "float"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    """true or false (0 and 1 are accepted); stored as integer 0 or 1, so that its mean is the
    share of time."""
    STATE = "state"
    """One word out of `states`; stored as text."""
    TEXT = "text"
    """Any short text."""


class Behaviour(StrEnum):
    """Whether a field shows a level or counts up."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Text:
    """A wording in both languages of the park."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Field:
    """One measured quantity of a kind."""

    name: str
    unit: str
    """UCUM code; empty where the value has no unit."""
    low: float
    high: float
    title: Text
    type: FieldType = FieldType.FLOAT
    behaviour: Behaviour = Behaviour.GAUGE
    states: tuple[str, ...] = ()
    """The words a STATE field may take."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of telemetry source; its name is the measurement in InfluxDB."""

    name: str
    title: Text
    asset_type: str
    """The asset type (`park.assets.AssetType` value) that sends this kind."""
    cadence_s: int
    """How often a device of this kind usually reports."""
    fields: Mapping[str, Field] = field(repr=False)
    in_centre: bool = False
    """Whether points carry a `centre` tag."""
    slowest_cadence_s: int = 0
    """How seldom it may report, such as a shut valve; three times that is silence."""


def _float(name: str, unit: str, low: float, high: float, en: str, zh: str) -> Field:
    return Field(name, unit, low, high, Text(en, zh))


def _counter(name: str, unit: str, high: float, en: str, zh: str) -> Field:
    return Field(name, unit, 0, high, Text(en, zh), behaviour=Behaviour.COUNTER)


def _count(name: str, unit: str, high: int, en: str, zh: str) -> Field:
    return Field(name, unit, 0, high, Text(en, zh), FieldType.INTEGER, behaviour=Behaviour.COUNTER)


def _switch(name: str, en: str, zh: str) -> Field:
    return Field(name, "", 0, 1, Text(en, zh), FieldType.BOOLEAN)


def _percent(name: str, en: str, zh: str) -> Field:
    return _float(name, "%", 0, 100, en, zh)


def _kind(
    name: str,
    titles: tuple[str, str],
    asset_type: str,
    cadence_s: int,
    *fields: Field,
    in_centre: bool = False,
    slowest_cadence_s: int | None = None,
) -> Kind:
    by_name = MappingProxyType({field.name: field for field in fields})
    slowest = slowest_cadence_s or cadence_s
    return Kind(name, Text(*titles), asset_type, cadence_s, by_name, in_centre, slowest)


_SOIL_DEPTHS_CM = (20, 40, 60)

LIVENESS_STATES = ("online", "stale", "offline")
LINE_STATES = ("running", "idle", "changeover", "stopped", "fault")

_ALL_KINDS = (
    _kind(
        "cold_room",
        ("Cold room", "冷库"),
        "cold_room",
        60,
        _float("air_temp_c", "Cel", -40, 60, "Air temperature", "空气温度"),
        _float("return_temp_c", "Cel", -40, 60, "Return air temperature", "回风温度"),
        _float("pulp_temp_c", "Cel", -40, 60, "Pulp temperature", "果心温度"),
        _percent("humidity_pct", "Relative humidity", "相对湿度"),
        _percent("co2_pct", "Carbon dioxide", "二氧化碳"),
        _percent("o2_pct", "Oxygen", "氧气"),
        _float("ethylene_ppm", "[ppm]", 0, 1000, "Ethylene", "乙烯"),
        _switch("door_open", "Door open", "库门开启"),
        _switch("defrost_on", "Defrost running", "除霜运行"),
        _switch("compressor_on", "Compressor running", "压缩机运行"),
        _float("setpoint_c", "Cel", -40, 30, "Set-point", "设定温度"),
        _float("power_kw", "kW", 0, 1000, "Electrical power", "用电功率"),
        _counter("energy_kwh", "kW.h", 1e9, "Energy used", "累计用电量"),
        _float("evaporator_temp_c", "Cel", -60, 60, "Evaporator temperature", "蒸发器温度"),
        in_centre=True,
    ),
    _kind(
        "irrigation_block",
        ("Irrigation block", "灌溉小区"),
        "irrigation_block",
        60,
        _switch("valve_open", "Valve open", "阀门开启"),
        _float("flow_m3h", "m3/h", 0, 500, "Flow", "流量"),
        _counter("volume_m3", "m3", 1e9, "Water delivered", "累计水量"),
        _float("pressure_kpa", "kPa", 0, 2500, "Pressure", "压力"),
        _percent("battery_pct", "Battery", "电池电量"),
        slowest_cadence_s=900,
    ),
    _kind(
        "pump_head",
        ("Pump head", "首部泵站"),
        "pump_head",
        60,
        _switch("pump_on", "Pump running", "水泵运行"),
        _float("flow_m3h", "m3/h", 0, 2000, "Flow", "流量"),
        _counter("volume_m3", "m3", 1e9, "Water pumped", "累计水量"),
        _float("pressure_kpa", "kPa", 0, 2500, "Pressure", "压力"),
        _float("level_m", "m", 0, 500, "Water level", "水位"),
        _float("power_kw", "kW", 0, 1000, "Electrical power", "用电功率"),
        _counter("energy_kwh", "kW.h", 1e9, "Energy used", "累计用电量"),
        _float("filter_dp_kpa", "kPa", 0, 1000, "Pressure drop over the filter", "过滤器压差"),
    ),
    _kind(
        "fertigation",
        ("Fertigation mixer", "水肥机"),
        "fertigation_mixer",
        60,
        _float("ec_ms_cm", "mS/cm", 0, 20, "Electrical conductivity", "电导率"),
        _float("ph", "[pH]", 0, 14, "Acidity", "酸碱度"),
        _float("dose_l_h", "L/h", 0, 5000, "Dose rate", "注肥流量"),
        _counter("dose_l", "L", 1e9, "Dose given", "累计注肥量"),
        _percent("tank_pct", "Tank level", "肥液桶液位"),
    ),
    _kind(
        "soil",
        ("Soil probe", "土壤墒情"),
        "soil_probe",
        1200,
        *(
            _percent(f"moisture_{d}cm_pct", f"Soil moisture at {d} cm", f"{d} 厘米土壤含水率")
            for d in _SOIL_DEPTHS_CM
        ),
        *(
            _float(
                f"temp_{d}cm_c", "Cel", -30, 60, f"Soil temperature at {d} cm", f"{d} 厘米土壤温度"
            )
            for d in _SOIL_DEPTHS_CM
        ),
        *(
            _float(
                f"ec_{d}cm_ds_m",
                "dS/m",
                0,
                30,
                f"Soil conductivity at {d} cm",
                f"{d} 厘米土壤电导率",
            )
            for d in _SOIL_DEPTHS_CM
        ),
        _percent("battery_pct", "Battery", "电池电量"),
    ),
    _kind(
        "weather",
        ("Weather station", "气象站"),
        "weather_station",
        300,
        _float("air_temp_c", "Cel", -45, 60, "Air temperature", "气温"),
        _percent("humidity_pct", "Relative humidity", "相对湿度"),
        _float("wind_ms", "m/s", 0, 75, "Wind speed", "风速"),
        _float("solar_wm2", "W/m2", 0, 1600, "Solar radiation", "太阳辐射"),
        _counter("rain_mm", "mm", 1e6, "Rain", "累计降雨量"),
        _float("pressure_hpa", "hPa", 500, 1100, "Air pressure", "气压"),
        _percent("leaf_wetness_pct", "Leaf wetness", "叶面湿度"),
    ),
    _kind(
        "greenhouse",
        ("Jujube greenhouse", "设施冬枣大棚"),
        "greenhouse",
        300,
        _float("air_temp_c", "Cel", -40, 80, "Air temperature", "棚内气温"),
        _percent("humidity_pct", "Relative humidity", "相对湿度"),
        _float("co2_ppm", "[ppm]", 0, 10000, "Carbon dioxide", "二氧化碳浓度"),
        _float("par_umol", "umol/(m2.s)", 0, 3000, "Photosynthetic light", "光合有效辐射"),
        _percent("vent_pct", "Vent opening", "通风口开度"),
        _percent("soil_moisture_pct", "Soil moisture", "土壤含水率"),
    ),
    _kind(
        "sorting_line",
        ("Sorting line", "分选线"),
        "sorting_line",
        1,
        Field("state", "", 0, 0, Text("State", "运行状态"), FieldType.STATE, states=LINE_STATES),
        _float("throughput_kg_h", "kg/h", 0, 100_000, "Throughput", "处理量"),
        _count("fruit_count", "{fruit}", 2**53, "Fruit sorted", "累计分选果数"),
        _counter("mass_kg", "kg", 1e10, "Mass sorted", "累计分选质量"),
        _counter("reject_kg", "kg", 1e10, "Mass rejected", "累计剔除质量"),
        _percent("cup_fill_pct", "Cup fill", "果杯充填率"),
        in_centre=True,
    ),
    _kind(
        "sorting_lane",
        ("Sorting lane", "分选通道"),
        "sorting_lane",
        5,
        _float("speed_cups_s", "{cup}/s", 0, 30, "Speed", "果杯速度"),
        _count("fruit_count", "{fruit}", 2**53, "Fruit sorted", "累计分选果数"),
        _counter("mass_kg", "kg", 1e10, "Mass sorted", "累计分选质量"),
        _float("mean_mass_g", "g", 0, 2000, "Mean fruit mass", "平均单果重"),
        _float("mean_diameter_mm", "mm", 0, 200, "Mean diameter", "平均果径"),
        _percent("mean_colour_pct", "Mean coloured surface", "平均着色面积"),
        _float("mean_brix", "%{Brix}", 0, 60, "Mean soluble solids", "平均可溶性固形物"),
        _count("reject_count", "{fruit}", 2**53, "Fruit rejected", "累计剔除果数"),
    ),
    _kind(
        "reefer",
        ("Refrigerated container", "冷藏集装箱"),
        "reefer",
        60,
        _float("supply_temp_c", "Cel", -40, 60, "Supply air temperature", "送风温度"),
        _float("return_temp_c", "Cel", -40, 60, "Return air temperature", "回风温度"),
        *(
            _float(
                f"pulp_{n}_temp_c",
                "Cel",
                -40,
                60,
                f"Pulp temperature, probe {n}",
                f"果心温度 {n} 号",
            )
            for n in (1, 2, 3)
        ),
        _float("setpoint_c", "Cel", -40, 30, "Set-point", "设定温度"),
        _percent("humidity_pct", "Relative humidity", "相对湿度"),
        _switch("door_open", "Door open", "箱门开启"),
        _float("lat", "deg", -90, 90, "Latitude", "纬度"),
        _float("lon", "deg", -180, 180, "Longitude", "经度"),
    ),
)

LIVENESS = _kind(
    "liveness",
    ("Liveness of a device", "设备在线状态"),
    "",
    0,
    Field("state", "", 0, 0, Text("State", "在线状态"), FieldType.STATE, states=LIVENESS_STATES),
    Field("firmware", "", 0, 0, Text("Firmware", "固件版本"), FieldType.TEXT),
)
"""What ingest itself writes when a device comes, falls silent or goes; no device sends it."""

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL_KINDS})
"""Every kind that devices send, by its name."""

STORED_KINDS: Mapping[str, Kind] = MappingProxyType({**KINDS, LIVENESS.name: LIVENESS})
"""Every kind that a telemetry store holds, by its name."""

KIND_OF_ASSET_TYPE: Mapping[str, Kind] = MappingProxyType(
    {kind.asset_type: kind for kind in _ALL_KINDS}
)
"""The kind that an asset type sends; asset types without telemetry are absent."""
