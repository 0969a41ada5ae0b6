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

ALARM_STATUSES = (
    "normal",
    "unacknowledged",
    "acknowledged",
    "returned-unacknowledged",
    "shelved",
    "suppressed",
    "out-of-service",
)
ALARM_ACTIONS = (
    "raise",
    "clear",
    "withdraw",
    "suppress",
    "unsuppress",
    "acknowledge",
    "shelve",
    "unshelve",
    "take-out-of-service",
    "return-to-service",
)
ALARM_PRIORITIES = ("critical", "high", "medium", "low")
TAKEN_BACK = "taken_back"
"""In place of the name of a step that was declared wrong and is in the books no more."""
STEPS = ("harvest", "store_in", "store_out", "sort", "palletise", "ship", "receive", TAKEN_BACK)


def _word(name: str, states: tuple[str, ...], en: str, zh: str) -> Field:
    return Field(name, "", 0, 0, Text(en, zh), FieldType.STATE, states=states)


def _text(name: str, en: str, zh: str) -> Field:
    return Field(name, "", 0, 0, Text(en, zh), FieldType.TEXT)


def _number(name: str, unit: str, en: str, zh: str) -> Field:
    return Field(name, unit, 0, 2**53, Text(en, zh), FieldType.INTEGER)


def _own(name: str, titles: tuple[str, str], cadence_s: int, *fields: Field) -> Kind:
    return _kind(name, titles, "", cadence_s, *fields)


ALARM = _own(
    "alarm",
    ("Alarm", "报警"),
    0,
    _text("rule", "Rule", "规则"),
    _word("action", ALARM_ACTIONS, "What happened", "动作"),
    _word("status", ALARM_STATUSES, "Status", "状态"),
    _word("priority", ALARM_PRIORITIES, "Priority", "优先级"),
    _float("value", "", -1e12, 1e12, "Value", "测量值"),
    _float("limit_value", "", -1e12, 1e12, "Limit", "限值"),
    _word("asset_kind", (*KINDS, "centre"), "Kind of device", "设备类型"),
    _float("lat", "deg", -90, 90, "Latitude", "纬度"),
    _float("lon", "deg", -180, 180, "Longitude", "经度"),
)
"""One point for each transition of an alarm, written by ingest."""

ALARM_LOAD = _own(
    "alarm_load",
    ("Alarm load", "报警负荷"),
    60,
    _number("standing", "{alarm}", "Standing alarms", "未恢复报警"),
    _number("unacknowledged", "{alarm}", "Unacknowledged alarms", "未确认报警"),
    _number("shelved", "{alarm}", "Shelved alarms", "搁置报警"),
    _number("suppressed", "{alarm}", "Suppressed alarms", "抑制报警"),
    _number("stale_standing", "{alarm}", "Standing for over a day", "持续超过一天的报警"),
    _number("chattering", "{alarm}", "Chattering alarms", "频繁抖动报警"),
    _count("raised", "{alarm}", 2**53, "Alarms raised", "累计报警数"),
    _count("acknowledged", "{alarm}", 2**53, "Alarms acknowledged", "累计确认数"),
    _counter("acknowledge_s", "s", 1e12, "Time to acknowledge, summed", "累计确认用时"),
)
"""How much the operators have to do, as EEMUA 191 counts it; of the site, by ingest."""

PLATFORM = _own(
    "platform",
    ("Platform", "平台"),
    60,
    _count("received", "{reading}", 2**53, "Received", "累计接收"),
    _count("stored", "{reading}", 2**53, "Stored", "累计入库"),
    _count("duplicates", "{reading}", 2**53, "Duplicates", "累计重复"),
    _count("quarantined", "{reading}", 2**53, "Quarantined", "累计隔离"),
    _number("spooled", "{reading}", "Waiting in the spool", "缓存待发"),
    _number("devices_online", "{device}", "Devices online", "在线设备"),
    _number("devices_stale", "{device}", "Silent devices", "失联设备"),
    _number("devices_offline", "{device}", "Devices offline", "离线设备"),
    _float("lag_s", "s", 0, 1e9, "Delay until stored", "入库延迟"),
    _float("spool_mb", "MBy", 0, 1e9, "Size of the spool", "缓存大小"),
    _float("disk_free_mb", "MBy", 0, 1e9, "Disk left for the spool", "缓存磁盘余量"),
)
"""How ingest fares: of the site, or in a group of each member, by ingest."""

STOCK = _own(
    "stock",
    ("Stock of a cold room", "冷库库存"),
    300,
    _float("stock_kg", "kg", 0, 1e9, "Fruit in store", "库存量"),
    _float("capacity_kg", "kg", 0, 1e9, "Capacity", "库容"),
    _number("lots", "{lot}", "Batches in store", "在库批次"),
    _float("longest_days", "d", 0, 10_000, "Longest stay", "最长在库天数"),
    _text("lots_text", "Batches, the largest first", "批次（按量排序）"),
)
"""What lies in a cold room, by the traceability store."""

EXPORT = _own(
    "export",
    ("Exports to a destination", "出口目的地"),
    300,
    _float("in_transit_kg", "kg", 0, 1e12, "In transit", "在途量"),
    _number("in_transit_shipments", "{shipment}", "Shipments in transit", "在途批次"),
    _counter("arrived_kg", "kg", 1e12, "Arrived", "累计到货"),
    _count("shipments", "{shipment}", 2**53, "Shipments", "累计发运"),
    _number("verdict_pass", "{batch}", "Batches that may go", "合规批次"),
    _number("verdict_fail", "{batch}", "Batches that may not go", "不合规批次"),
    _number("verdict_missing", "{batch}", "Batches that lack evidence", "证据不足批次"),
)
"""What goes to a destination, by the traceability store; its asset is the destination's id."""

OUTPUT = _own(
    "output",
    ("Output of a grade", "分级产量"),
    300,
    _counter("packed_kg", "kg", 1e12, "Packed", "累计包装量"),
)
"""What the sorting lines made, by the traceability store; its asset is the grade's id."""

MILESTONE = _own(
    "milestone",
    ("Step of a batch", "批次节点"),
    0,
    _word("step", STEPS, "Step", "环节"),
    _float("mass_kg", "kg", 0, 1e9, "Mass", "质量"),
    _text("batch", "Batch", "批次"),
    _text("destination", "Destination", "目的地"),
)
"""One point for each step that was captured; its asset is where it happened."""

OWN_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (LIVENESS, ALARM, ALARM_LOAD, PLATFORM, STOCK, EXPORT, OUTPUT, MILESTONE)
    }
)
"""Kinds that agripark itself writes; no device sends them."""

STORED_KINDS: Mapping[str, Kind] = MappingProxyType({**KINDS, **OWN_KINDS})
"""Every kind that a telemetry store holds, by its name."""

KIND_OF_ASSET_TYPE: Mapping[str, Kind] = MappingProxyType(
    {kind.asset_type: kind for kind in _ALL_KINDS}
)
"""The kind that an asset type sends; asset types without telemetry are absent."""
