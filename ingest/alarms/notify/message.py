"""What people read about alarms: what is wrong, since when, what to do, and what is at stake."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ingest.alarms.model import Alarm, Priority
from ingest.alarms.notify.outbox import Cause
from ingest.alarms.rules.rule import Rule
from park.assets import Park
from park.telemetry import STORED_KINDS, Text
from park.times import format_instant, from_epoch_ms

_SHOWN_LOTS = 10
_SIGN: Mapping[str, str] = MappingProxyType({"Cel": "°C", "K": "K", "[pH]": "", "[ppm]": "ppm"})
_CAUSE: Mapping[Cause, Text] = MappingProxyType(
    {
        Cause.RAISED: Text("", ""),
        Cause.ESCALATED: Text("NOBODY ACKNOWLEDGED: ", "无人确认："),
        Cause.RETURNED: Text("Over: ", "已恢复："),
    }
)
_PRIORITY: Mapping[Priority, Text] = MappingProxyType(
    {
        Priority.CRITICAL: Text("CRITICAL", "紧急"),
        Priority.HIGH: Text("high", "高"),
        Priority.MEDIUM: Text("medium", "中"),
        Priority.LOW: Text("low", "低"),
    }
)


@dataclass(frozen=True, slots=True)
class Stake:
    """A batch that lies where something is wrong."""

    asset: str
    batch: str
    mass_kg: float
    destinations: Sequence[str]


@dataclass(frozen=True, slots=True)
class Item:
    """One alarm of a message."""

    cause: Cause
    alarm: Alarm
    rule: Rule | None
    stakes: Sequence[Stake]


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to one address."""

    subject: str
    text: str
    content: Mapping[str, Any]
    """The same for programs."""


def compose(
    park: Park, recipient: str, language: str, items: Sequence[Item], base_url: str, now_ms: int
) -> Message:
    """The message that tells of these alarms."""
    first, more = items[0], len(items) - 1
    headline = _headline(park, language, first)
    others = Text(f" and {more} more", f" 等 {len(items)} 条") if more else Text("", "")
    blocks = "\n\n".join(_block(park, language, item, base_url) for item in items)
    return Message(
        subject=f"[agripark] {headline}{_in(others, language)}",
        text=f"{blocks}\n",
        content={
            "type": "alarms",
            "site": park.site.id,
            "recipient": recipient,
            "sent_at": format_instant(from_epoch_ms(now_ms)),
            "subject": f"{headline}{_in(others, language)}",
            "text": blocks,
            "alarms": [_as_json(park, item, base_url) for item in items],
        },
    )


def _headline(park: Park, language: str, item: Item) -> str:
    alarm = item.alarm
    title = alarm.rule if item.rule is None else _in(item.rule.title, language)
    priority = _in(_PRIORITY[alarm.priority], language)
    return f"{_in(_CAUSE[item.cause], language)}{priority}: {title}, {_name(park, alarm, language)}"


def _block(park: Park, language: str, item: Item, base_url: str) -> str:
    return "\n".join(_lines(park, language, item, base_url))


def _lines(park: Park, language: str, item: Item, base_url: str) -> Iterable[str]:
    alarm, is_chinese = item.alarm, language == "zh"
    yield _headline(park, language, item)
    if alarm.value is not None:
        unit = _unit(item.rule)
        limit = "" if alarm.limit is None else f"{alarm.limit:g}{unit}"
        words = f"{alarm.value:g}{unit}"
        if limit:
            words += f"（限值 {limit}）" if is_chinese else f" (limit {limit})"
        yield words
    if alarm.since_ms is not None:
        since = _local(park, alarm.since_ms)
        yield f"始于 {since}" if is_chinese else f"since {since}"
    if not alarm.is_active and alarm.cleared_ms is not None:
        cleared = _local(park, alarm.cleared_ms)
        yield f"恢复于 {cleared}" if is_chinese else f"over at {cleared}"
    if item.rule is not None and item.cause is not Cause.RETURNED:
        yield _in(item.rule.advice, language)
    yield from _stake_lines(item.stakes, is_chinese=is_chinese)
    if base_url:
        yield f"{base_url}/v1/alarms/{alarm.asset}/{alarm.rule}"


def _stake_lines(stakes: Sequence[Stake], *, is_chinese: bool) -> Iterable[str]:
    if not stakes:
        return
    total_kg = sum(stake.mass_kg for stake in stakes)
    goes_to = sorted({place for stake in stakes for place in stake.destinations})
    places = ", ".join(goes_to)
    if is_chinese:
        yield f"涉及 {total_kg:,.0f} kg，{len(stakes)} 批" + (
            f"，目的地 {places}" if places else ""
        )
    else:
        yield f"at stake: {total_kg:,.0f} kg in {len(stakes)} batches" + (
            f", destinations so far: {places}" if places else ""
        )
    for stake in sorted(stakes, key=lambda each: -each.mass_kg)[:_SHOWN_LOTS]:
        yield f"  {stake.batch}  {stake.mass_kg:,.0f} kg  {stake.asset}"


def _as_json(park: Park, item: Item, base_url: str) -> dict[str, Any]:
    alarm = item.alarm
    said: dict[str, Any] = {
        "cause": item.cause,
        "rule": alarm.rule,
        "title": None if item.rule is None else item.rule.title.en,
        "asset": alarm.asset,
        "name": _name(park, alarm, "en"),
        "priority": alarm.priority,
        "status": alarm.status,
        "value": alarm.value,
        "limit": alarm.limit,
        "since": _instant(alarm.since_ms),
        "raised_at": _instant(alarm.raised_ms),
        "cleared_at": _instant(alarm.cleared_ms),
        "at_stake_kg": round(sum(stake.mass_kg for stake in item.stakes), 3),
        "batches": [
            {
                "batch": stake.batch,
                "mass_kg": round(stake.mass_kg, 3),
                "asset": stake.asset,
                "destinations": list(stake.destinations),
            }
            for stake in item.stakes
        ],
        "href": f"{base_url}/v1/alarms/{alarm.asset}/{alarm.rule}",
    }
    return {name: value for name, value in said.items() if value is not None}


def _in(text: Text, language: str) -> str:
    return text.zh if language == "zh" else text.en


def _name(park: Park, alarm: Alarm, language: str) -> str:
    asset = park.assets.get(alarm.asset)
    return alarm.asset if asset is None else f"{_in(asset.name, language)} ({alarm.asset})"


def _unit(rule: Rule | None) -> str:
    if rule is None or not rule.fields or rule.kind not in STORED_KINDS:
        return ""
    field = STORED_KINDS[rule.kind].fields.get(rule.fields[0])
    sign = "" if field is None else _SIGN.get(field.unit, field.unit)
    return f" {sign}" if sign else ""


def _local(park: Park, time_ms: int) -> str:
    local = from_epoch_ms(time_ms).timestamp() + park.calendar.utc_offset.total_seconds()
    return format_instant(from_epoch_ms(round(local * 1000)))[:16].replace("T", " ")


def _instant(time_ms: int | None) -> str | None:
    return None if time_ms is None else format_instant(from_epoch_ms(time_ms))
