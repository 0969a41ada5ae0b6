"""A recall as the electronic sortable spreadsheet of the FDA's food traceability rule (FSMA 204).

One row a critical tracking event and traceability lot, with the key data elements of 21 CFR
1.1325 (harvesting), 1.1330 (initial packing), 1.1340 (shipping), 1.1345 (receiving) and 1.1350
(transformation). Which event is which:

- an ObjectEvent ADD: harvesting, the lot comes into being;
- an AggregationEvent ADD: initial packing;
- a TransformationEvent: transformation, inputs and outputs each a row;
- business step shipping or departing: shipping; receiving, arriving or accepting: receiving.

For what is shipped in containers, the lots in them are named, with the mass of each.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter import Workbook

from park.times import format_instant
from traceability.provenance.extraction import CHILD, INPUT, PARENT
from traceability.provenance.keys import goods_of
from traceability.provenance.recall import Content, Happening, Recall
from traceability.provenance.recall_formats import Descriptions

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADER = (
    "Critical tracking event",
    "Date and time (UTC)",
    "Traceability lot code",
    "GTIN",
    "Product description",
    "Role",
    "Quantity",
    "Unit of measure",
    "Mass (kg)",
    "Logistic unit",
    "Location description",
    "Location identifier",
    "Shipped from",
    "Shipped to",
    "Recipient",
    "Traceability lot code source",
    "Reference document type",
    "Reference document number",
    "Event identifier",
)
_STEPS = {
    "shipping": "Shipping",
    "departing": "Shipping",
    "receiving": "Receiving",
    "arriving": "Receiving",
    "accepting": "Receiving",
}
_ROLES = {
    "Harvesting": "harvested",
    "Initial packing": "packed",
    "Shipping": "shipped",
    "Receiving": "received",
}
"""What was done to the goods; of a transformation, their role says it."""
_WIDTH = 24
_MAKING = frozenset({"Harvesting", "Transformation"})


@dataclass(frozen=True, slots=True)
class _Lot:
    key: str
    quantity: float | None
    uom: str | None
    mass_kg: float | None
    unit: str | None
    """The container that it is in."""


def as_xlsx(recall: Recall, descriptions: Descriptions) -> bytes:
    """The workbook: its one sheet can be sorted and filtered."""
    file = io.BytesIO()
    # Nothing that a partner wrote becomes a formula or a link.
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with Workbook(file, plain) as book:
        sheet = book.add_worksheet("Critical tracking events")
        bold = book.add_format({"bold": True})
        for column, name in enumerate(HEADER):
            sheet.write_string(0, column, name, bold)
        number = 0
        for number, row in enumerate(rows(recall, descriptions), 1):
            for column, value in enumerate(row):
                if isinstance(value, int | float):
                    sheet.write_number(number, column, value)
                elif value:
                    sheet.write_string(number, column, value)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, number, len(HEADER) - 1)
        sheet.set_column(0, len(HEADER) - 1, _WIDTH)
    return file.getvalue()


def rows(recall: Recall, descriptions: Descriptions) -> Iterator[Sequence[Any]]:
    """Rows below `HEADER`, by time."""
    contents = {each.key: each.contents for each in recall.affected}
    sources = _sources(recall)
    units = {each.event_id: each.key for each in recall.happenings if each.role == PARENT}
    sent_from: dict[str, str] = {}
    for each in recall.happenings:
        tracked = _tracking_event(each)
        if tracked is None or each.role == PARENT:
            continue
        if tracked == "Shipping":
            sent_from[each.key] = each.origin or each.read_point or ""
        before = each.origin or sent_from.get(each.key, "")
        for lot in _lots(each, contents, units.get(each.event_id)):
            yield _row(
                tracked,
                each,
                lot,
                descriptions,
                source=sources.get(lot.key, ""),
                before=before if tracked in {"Shipping", "Receiving"} else each.origin or "",
            )


def _tracking_event(each: Happening) -> str | None:
    if each.biz_step in _STEPS:
        return _STEPS[each.biz_step]
    if each.type == "TransformationEvent":
        return "Transformation"
    if each.action != "ADD":
        return None
    return {"ObjectEvent": "Harvesting", "AggregationEvent": "Initial packing"}.get(each.type)


def _lots(
    each: Happening, contents: dict[str, Sequence[Content]], packed_in: str | None
) -> Iterator[_Lot]:
    """The lots that a thing stands for: itself, or what was in it at that time."""
    if goods_of(each.key).gtin or not contents.get(each.key):
        unit = packed_in if each.role == CHILD else None
        yield _Lot(each.key, each.quantity, each.uom, each.mass_kg, unit)
        return
    waiting, seen = [each.key], {each.key}
    while waiting:
        unit = waiting.pop()
        for content in contents.get(unit, ()):
            if content.since > each.at or (content.until is not None and content.until <= each.at):
                continue
            if contents.get(content.key) and content.key not in seen:
                seen.add(content.key)
                waiting.append(content.key)
            elif content.key not in seen:
                amount = (content.quantity, content.uom, content.mass_kg)
                yield _Lot(content.key, *amount, each.key)


def _sources(recall: Recall) -> dict[str, str]:
    """Where each lot got its code: where it came into being."""
    sources: dict[str, str] = {}
    for each in recall.happenings:
        if _tracking_event(each) in _MAKING and each.role not in {INPUT, CHILD}:
            sources.setdefault(each.key, each.location or each.read_point or "")
    return sources


def _row(
    tracked: str,
    each: Happening,
    lot: _Lot,
    descriptions: Descriptions,
    *,
    source: str,
    before: str,
) -> Sequence[Any]:
    goods = goods_of(lot.key)
    place = each.location or each.read_point or ""
    kinds, papers = zip(*each.papers, strict=True) if each.papers else ((), ())
    return (
        tracked,
        format_instant(each.at),
        goods.lot or goods.serial or lot.key,
        goods.gtin,
        descriptions.product(goods.gtin) if goods.gtin else "",
        _ROLES.get(tracked, each.role),
        lot.quantity,
        lot.uom or ("each" if lot.quantity is not None else ""),
        lot.mass_kg,
        lot.unit,
        _named(place, descriptions),
        place,
        _named(before, descriptions),
        _named(each.destination or "", descriptions),
        _party(each.holder or each.owner or "", descriptions),
        _named(source, descriptions),
        ", ".join(kind or "" for kind in kinds),
        ", ".join(papers),
        each.event_id,
    )


def _party(key: str, descriptions: Descriptions) -> str:
    return descriptions.party(key) or key


def _named(place: str, descriptions: Descriptions) -> str:
    return descriptions.place(place) or place
