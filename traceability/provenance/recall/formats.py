"""A recall as JSON and CSV.

CSV is UTF-8 with a header, one row for each position of each affected thing. A cell that a
spreadsheet would take for a formula begins with an apostrophe (OWASP, CSV injection). A file with
more than ASCII begins with a byte order mark, without which Excel doesn't take it for UTF-8.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Any

from park.times import format_instant
from traceability.provenance.keys import goods_of
from traceability.provenance.positions import Position
from traceability.provenance.recall.descriptions import Descriptions
from traceability.provenance.recall.recall import Affected, Recall

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BYTE_ORDER_MARK = "\ufeff"
CSV_HEADER = (
    *("key", "kind", "product", "gtin", "lot", "serial", "share_from_cause", "mass_kg"),
    *("mass_from_cause_kg", "touched_directly", "contents", "containers", "mass_here_kg"),
    *("quantity_here", "unit_here"),
    *("state", "who_has_it", "place", "place_name", "in_transit", "disposition", "holder"),
    *("owner", "destination", "affected_until", "last_seen", "last_event", "shipments", "why"),
)
_GRAM, _SHARE = 3, 6
"""Decimals of kilograms and of shares, for people."""


def as_json(recall: Recall, descriptions: Descriptions) -> dict[str, Any]:
    """The whole recall as JSON values."""
    body: dict[str, Any] = _plain(recall)
    for name in ("spellings", "is_vehicle"):
        del body["start"][name]
    for name in ("harvests", "sources"):
        del body[name]
    for each, positions in zip(
        body["affected"], (affected.positions for affected in recall.affected), strict=True
    ):
        goods = goods_of(each["key"])
        each["gtin"], each["lot"], each["serial"] = goods.gtin, goods.lot, goods.serial
        each["product"] = (descriptions.product(goods.gtin) if goods.gtin else "") or None
        for position in each["positions"]:
            position["place_name"] = descriptions.place(position["place"] or "") or None
        for position, found in zip(each["positions"], positions, strict=True):
            position["who_has_it"] = who_has(found, descriptions) or None
    return body


class Keeping(StrEnum):
    """How it is known who has a thing."""

    GONE = "gone"
    """It is no more: nobody has it."""
    HOLDER = "holder"
    """An event names the party that has it."""
    TO_COME = "to_come"
    """It is on its way to a place, which may be unknown."""
    PLACE = "place"
    """Who is at its place has it."""


def keeping_of(position: Position) -> tuple[Keeping, str]:
    """By what it is known who has a thing, and that party or place; empty where nothing tells."""
    if position.state != "present":
        return Keeping.GONE, ""
    if position.holder is not None:
        return Keeping.HOLDER, position.holder
    if position.in_transit:
        return Keeping.TO_COME, position.destination or ""
    return Keeping.PLACE, position.place or ""


def who_has(position: Position, descriptions: Descriptions) -> str:
    """In words who has what is affected; empty where it is no more, or nothing tells."""
    how, key = keeping_of(position)
    if how is Keeping.TO_COME:
        return f"on the way to {descriptions.place(key) or key or 'an unknown place'}"
    return (descriptions.party if how is Keeping.HOLDER else descriptions.keeper)(key) or key


def as_csv(recall: Recall, descriptions: Descriptions) -> str:
    """Affected things, one row a position."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_HEADER)
    for row in rows(recall, descriptions):
        writer.writerow([_cell(each) for each in row])
    return text.getvalue()


def as_csv_file(recall: Recall, descriptions: Descriptions) -> bytes:
    """The same, for spreadsheets to open."""
    text = as_csv(recall, descriptions)
    return (text if text.isascii() else _BYTE_ORDER_MARK + text).encode()


def rows(recall: Recall, descriptions: Descriptions) -> Iterator[Sequence[Any]]:
    """The rows below `CSV_HEADER`."""
    for affected in recall.affected:
        for position in affected.positions or (Position(),):
            yield list(_row(affected, position, descriptions))


def _row(affected: Affected, position: Position, descriptions: Descriptions) -> Iterator[Any]:
    goods = goods_of(affected.key)
    yield from (affected.key, affected.kind.value)
    yield descriptions.product(goods.gtin) if goods.gtin else None
    yield from (goods.gtin, goods.lot, goods.serial)
    yield _rounded(affected.share, _SHARE)
    yield _rounded(affected.mass_kg, _GRAM)
    yield _rounded(affected.from_cause_kg, _GRAM)
    yield "yes" if affected.is_start else "no"
    yield _joined([each.key for each in affected.contents])
    yield _joined(position.containers)
    yield _rounded(position.mass_kg, _GRAM)
    yield from (position.quantity, _unit(position))
    yield from (position.state, who_has(position, descriptions), position.place)
    yield descriptions.place(position.place) if position.place else None
    yield "yes" if position.in_transit else "no"
    yield from (position.disposition, position.holder, position.owner, position.destination)
    yield None if affected.until is None else format_instant(affected.until)
    yield None if position.seen_at is None else format_instant(position.seen_at)
    yield position.event_id
    yield _joined(affected.shipments)
    yield " > ".join(affected.why)


def _unit(position: Position) -> str | None:
    if position.quantity is None:
        return None
    return position.uom or "each"


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _joined(keys: Sequence[str]) -> str:
    return " | ".join(keys)


def _cell(value: Any) -> str | float | None:
    return safe_text(value) if isinstance(value, str) else value


def safe_text(text: str) -> str:
    """The text, so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
