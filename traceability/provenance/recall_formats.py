"""A recall as JSON and CSV.

CSV is UTF-8 with a header, one row for each position of each affected thing. A cell that a
spreadsheet would take for a formula begins with an apostrophe (OWASP, CSV injection).
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Protocol

from park.assets import Destination, Park
from park.errors import IdentifierError
from park.gs1 import parse_place
from park.times import format_instant
from traceability.provenance.keys import goods_of
from traceability.provenance.positions import Position
from traceability.provenance.recall import Affected, Recall

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
CSV_HEADER = (
    *("key", "kind", "product", "gtin", "lot", "serial", "share_from_cause", "mass_kg"),
    *("mass_from_cause_kg", "touched_directly", "contents", "containers", "mass_here_kg"),
    *("state", "who_has_it", "place", "place_name", "in_transit", "disposition", "holder"),
    *("owner", "destination", "affected_until", "last_seen", "last_event", "shipments", "why"),
)
_GRAM, _SHARE = 3, 6
"""Decimals of kilograms and of shares, for people."""


class Descriptions(Protocol):
    """Words for products and places."""

    def product(self, gtin: str) -> str:
        """What a product is called; empty where that isn't known."""

    def place(self, key: str) -> str:
        """What a place is called; empty where that isn't known."""

    def party(self, key: str) -> str:
        """What a party is called; empty where that isn't known."""

    def keeper(self, place: str) -> str:
        """Who has what is at a place; empty where that isn't known."""


class ParkDescriptions:
    """The words of a park's definition."""

    def __init__(self, park: Park) -> None:
        self._park = park

    def product(self, gtin: str) -> str:
        """The product's English name."""
        product = self._park.products.get(gtin)
        return "" if product is None else product.name.en

    def place(self, key: str) -> str:
        """The asset's English name."""
        try:
            asset = self._park.by_place.get(parse_place(key))
        except IdentifierError:
            return ""
        return "" if asset is None else asset.name.en

    def party(self, key: str) -> str:
        """The name of the asset whose GLN is the party's too."""
        return self.place(key.replace("/417/", "/414/"))

    def keeper(self, place: str) -> str:
        """The importer's name at a destination, the park's at any other place of the park."""
        try:
            asset = self._park.by_place.get(parse_place(place))
        except IdentifierError:
            return ""
        if asset is None:
            return ""
        return (asset if isinstance(asset, Destination) else self._park.site).name.en


def as_json(recall: Recall, descriptions: Descriptions) -> dict[str, Any]:
    """The whole recall as JSON values."""
    body: dict[str, Any] = _plain(recall)
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


def who_has(position: Position, descriptions: Descriptions) -> str:
    """In words who has what is affected; empty where it is no more, or nothing tells.

    The holder that events name; else where it is on the way to, or whose place it is at.
    """
    if position.state != "present":
        return ""
    if position.holder is not None:
        return descriptions.party(position.holder) or position.holder
    if position.in_transit:
        to = position.destination or ""
        return f"on the way to {descriptions.place(to) or to or 'an unknown place'}"
    place = position.place or ""
    return descriptions.keeper(place) or place


def as_csv(recall: Recall, descriptions: Descriptions) -> str:
    """Affected things, one row a position."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_HEADER)
    for affected in recall.affected:
        for position in affected.positions or (Position(),):
            writer.writerow([_cell(each) for each in _row(affected, position, descriptions)])
    return text.getvalue()


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
    yield from (position.state, who_has(position, descriptions), position.place)
    yield descriptions.place(position.place) if position.place else None
    yield "yes" if position.in_transit else "no"
    yield from (position.disposition, position.holder, position.owner, position.destination)
    yield None if affected.until is None else format_instant(affected.until)
    yield None if position.seen_at is None else format_instant(position.seen_at)
    yield position.event_id
    yield _joined(affected.shipments)
    yield " > ".join(affected.why)


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
