"""What identifiers stand for, read off their canonical form (GS1 Digital Link URI Syntax 1.4)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote

from park.gs1 import CANONICAL_HOST
from traceability.epcis.identifiers import canonical
from traceability.provenance.tables import ITSELF, LOT, PRODUCT

RUN_PREFIX = "run/"

_GS1 = f"{re.escape(CANONICAL_HOST)}/"
_TRADE_ITEM = re.compile(
    _GS1
    + r"01/(?P<gtin>\d{14})(?:/22/[^/]+)?(?:/10/(?P<lot>[^/]+))?(?:/(?:21|235)/(?P<serial>.+))?"
)
_UNIT = re.compile(_GS1 + r"00/(?P<sscc>\d{18})")
_ASSET = re.compile(_GS1 + r"(?:8003/\d{14}.+|8004/.+)")
_ASSET_TYPE = re.compile(_GS1 + r"(?:8003/\d{14}|8010/[^/]+|255/\d{13}|253/\d{13})")


class ThingKind(StrEnum):
    """What a thing is."""

    LOT = "lot"
    ITEM = "item"
    """One object with a serial number, or an identifier that isn't of GS1."""
    UNIT = "logistic_unit"
    """A pallet, case or container with an SSCC."""
    ASSET = "asset"
    """A crate, bin or truck that is used again and again."""
    PRODUCT = "product"
    """Any object of a product: without lot or serial number."""
    RUN = "run"
    """A transformation."""


CLASSES = frozenset({ThingKind.LOT, ThingKind.PRODUCT})
"""Kinds of which there may be much, in many places."""


@dataclass(frozen=True, slots=True)
class GoodsKey:
    """Product and lot or serial number in an identifier, where it has them."""

    gtin: str | None = None
    lot: str | None = None
    serial: str | None = None


@lru_cache(maxsize=16_384)
def kind_of(key: str, *, is_class: bool) -> ThingKind:
    """The kind of a thing; `is_class` where an event names it with a quantity."""
    if match := _TRADE_ITEM.fullmatch(key):
        if match["serial"]:
            return ThingKind.ITEM
        return ThingKind.LOT if match["lot"] else ThingKind.PRODUCT
    if _UNIT.fullmatch(key):
        return ThingKind.UNIT
    if _ASSET_TYPE.fullmatch(key):
        return ThingKind.PRODUCT
    if is_class:
        return ThingKind.LOT
    return ThingKind.ASSET if _ASSET.fullmatch(key) else ThingKind.ITEM


def form_of(kind: ThingKind) -> int:
    """Whether links of a thing are of itself, a lot or a product only."""
    return {ThingKind.LOT: LOT, ThingKind.PRODUCT: PRODUCT}.get(kind, ITSELF)


def goods_of(key: str) -> GoodsKey:
    """Product, lot and serial number that an identifier names."""
    match = _TRADE_ITEM.fullmatch(key)
    if match is None:
        return GoodsKey()
    return GoodsKey(*(None if part is None else unquote(part) for part in match.groups()))


def run_key(name: str) -> str:
    """The key of the run of a transformation id or, without one, of an event id.

    In any form: as a URN and as a Digital Link, one identifier is one run.
    """
    return f"{RUN_PREFIX}{canonical(name)}"
