"""A recall as the electronic sortable spreadsheet of the FDA's food traceability rule (FSMA 204).

One row a critical tracking event and traceability lot, with the key data elements of 21 CFR
1.1325 (harvesting, cooling), 1.1330 (initial packing), 1.1340 (shipping), 1.1345 (receiving) and
1.1350 (transformation). Which event is which:

- an ObjectEvent ADD: harvesting, the lot comes into being;
- a harvested lot stored in a cold room of the park, or a business step `cooling`: cooling;
- an AggregationEvent ADD: initial packing;
- a TransformationEvent: transformation, inputs and outputs each a row;
- business step shipping or departing: shipping; receiving, arriving or accepting: receiving.

For what is shipped in containers, the lots in them are named, with the mass of each. Farm, growing
area, harvester, harvest and cooling are those of all that went into a lot. What the park's
definition and master data don't know, such as telephone numbers, stays empty.

A second sheet has what is affected, as in the CSV, with lot numbers that no spreadsheet takes for
numbers or dates.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter import Workbook

from park.times import format_instant
from traceability.provenance.extraction import CHILD, INPUT, PARENT
from traceability.provenance.keys import goods_of
from traceability.provenance.positions import EXTENSION, site_of
from traceability.provenance.recall.descriptions import Descriptions
from traceability.provenance.recall.formats import CSV_HEADER
from traceability.provenance.recall.formats import rows as affected_rows
from traceability.provenance.recall.origins import Harvest
from traceability.provenance.recall.recall import Content, Happening, Recall

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADER = (
    "Critical tracking event",
    "Date and time (UTC)",
    "Traceability lot code",
    "GTIN",
    "Product description",
    "Commodity and variety",
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
    "Farm",
    "Growing area",
    "Harvester",
    "Date of harvesting",
    "Cooling location",
    "Date of cooling",
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
    "Cooling": "cooled",
    "Initial packing": "packed",
    "Shipping": "shipped",
    "Receiving": "received",
}
"""What was done to the goods; of a transformation, their role says it."""
_WIDTH = 24
_LONGEST_CELL = 32_767


@dataclass(frozen=True, slots=True)
class _Lot:
    key: str
    quantity: float | None
    uom: str | None
    mass_kg: float | None
    unit: str | None
    """The container that it is in."""


def as_xlsx(recall: Recall, descriptions: Descriptions) -> bytes:
    """The workbook: its sheets can be sorted and filtered."""
    file = io.BytesIO()
    # Nothing that a partner wrote becomes a formula or a link.
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with Workbook(file, plain) as book:
        _add_sheet(book, "Critical tracking events", HEADER, rows(recall, descriptions))
        _add_sheet(book, "Affected goods", CSV_HEADER, affected_rows(recall, descriptions))
    return file.getvalue()


def _add_sheet(
    book: Workbook, name: str, header: Sequence[str], filled: Iterable[Sequence[Any]]
) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    for column, title in enumerate(header):
        sheet.write_string(0, column, title, bold)
    number = 0
    for number, row in enumerate(filled, 1):
        for column, value in enumerate(row):
            if isinstance(value, int | float):
                sheet.write_number(number, column, value)
            elif value:
                sheet.write_string(number, column, value[:_LONGEST_CELL])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, number, len(header) - 1)
    sheet.set_column(0, len(header) - 1, _WIDTH)


def rows(recall: Recall, descriptions: Descriptions) -> Iterator[Sequence[Any]]:
    """Rows below `HEADER`, by time."""
    contents = {each.key: each.contents for each in recall.affected}
    table = _Table(descriptions, recall.harvests, _sources(recall))
    units = {each.event_id: each.key for each in recall.happenings if each.role == PARENT}
    following = _next_places(recall.happenings)
    sent_from: dict[str, str] = {}
    for each in recall.happenings:
        tracked = table.tracking_event(each)
        if tracked is None or each.role == PARENT:
            continue
        if tracked == "Shipping":
            sent_from[each.key] = each.origin or each.read_point or ""
        before = each.origin or ""
        if tracked in {"Shipping", "Receiving"}:
            before = before or sent_from.get(each.key, "")
        after = each.destination or ""
        if tracked in {"Harvesting", "Cooling"}:
            after = after or following.get((each.key, each.event_id), "")
        for lot in _lots(each, contents, units.get(each.event_id)):
            yield table.row(tracked, each, lot, before=before, after=after)


def _next_places(happenings: Sequence[Happening]) -> dict[tuple[str, str], str]:
    """Where each thing was seen next, elsewhere, by its key and the event before."""
    found: dict[tuple[str, str], str] = {}
    later: dict[str, tuple[str, str]] = {}
    for each in reversed(happenings):
        here = each.location or each.read_point or ""
        nearest, beyond = later.get(each.key, ("", ""))
        found[each.key, each.event_id] = nearest if nearest != here else beyond
        if here and here != nearest:
            later[each.key] = (here, nearest)
    return found


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


def _sources(recall: Recall) -> Mapping[str, str]:
    """Where each lot got its code: where it came into being."""
    sources: dict[str, str] = {}
    for each in recall.happenings:
        makes = each.type == "TransformationEvent" or (
            each.type == "ObjectEvent" and each.action == "ADD"
        )
        if makes and each.role not in {INPUT, CHILD}:
            sources.setdefault(each.key, each.location or each.read_point or "")
    return {**sources, **recall.sources}


@dataclass(frozen=True, slots=True)
class _Table:
    """Makes rows."""

    descriptions: Descriptions
    harvests: Mapping[str, Sequence[Harvest]]
    sources: Mapping[str, str]

    def tracking_event(self, each: Happening) -> str | None:
        """Which critical tracking event a happening is; None where it is none."""
        if each.biz_step in _STEPS:
            return _STEPS[each.biz_step]
        if each.type == "TransformationEvent":
            return "Transformation"
        if self._is_cooling(each):
            return "Cooling"
        if each.action != "ADD":
            return None
        return {"ObjectEvent": "Harvesting", "AggregationEvent": "Initial packing"}.get(each.type)

    def _is_cooling(self, each: Happening) -> bool:
        began = self.harvests.get(each.key, ())
        is_raw = len(began) == 1 and self.sources.get(each.key) == began[0].place
        return each.action == "OBSERVE" and is_raw and self._cools(each.biz_step, each.location)

    def _cools(self, biz_step: str | None, place: str | None) -> bool:
        if (biz_step or "").rpartition("/")[2].rpartition(":")[2] == "cooling":
            return True
        return biz_step == "storing" and place is not None and self.descriptions.is_cold(place)

    def row(
        self, tracked: str, each: Happening, lot: _Lot, *, before: str, after: str
    ) -> Sequence[Any]:
        """A row below `HEADER`."""
        goods, words = goods_of(lot.key), self.descriptions
        place = each.location or each.read_point or ""
        kinds, papers = zip(*each.papers, strict=True) if each.papers else ((), ())
        return (
            tracked,
            format_instant(each.at),
            goods.lot or goods.serial or lot.key,
            goods.gtin,
            words.product(goods.gtin) if goods.gtin else "",
            words.variety(goods.gtin) if goods.gtin else "",
            _ROLES.get(tracked, each.role),
            lot.quantity,
            lot.uom or ("each" if lot.quantity is not None else ""),
            lot.mass_kg,
            lot.unit,
            self._named(place),
            place,
            self._named(before),
            self._named(after),
            self._party(each.holder or each.owner or ""),
            self._named(self.sources.get(lot.key, "")),
            *self._origin(lot.key),
            ", ".join(kind or "" for kind in kinds),
            ", ".join(papers),
            each.event_id,
        )

    def _origin(self, key: str) -> Iterator[str]:
        """Farms, growing areas, harvesters, harvest, cooling and when that was."""
        harvests = self.harvests.get(key, ())
        places = [each.place for each in harvests if each.place]
        cooled = [
            next((seen for seen in each.seen if self._cools(seen.biz_step, seen.place)), None)
            for each in harvests
        ]
        cooling = [each for each in cooled if each is not None]
        yield _listed(self._named(site_of(place) or place) for place in places)
        yield _listed(place.partition(EXTENSION)[2] or self._named(place) for place in places)
        yield _listed(self.descriptions.grower(place) for place in places)
        yield _listed(format_instant(each.at) for each in harvests)
        yield _listed(self._named(each.place) for each in cooling)
        yield _listed(format_instant(each.at) for each in cooling)

    def _named(self, place: str) -> str:
        return self.descriptions.location(place) or place

    def _party(self, key: str) -> str:
        return self.descriptions.party(key) or key


def _listed(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))
