"""What the page of any thing shows: a partner's lot, an object, a pallet that others packed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.models.things import page_address, proof_address
from api.pages.formats import Formats
from api.pages.texts import KINDS, WORDS
from park.assets import Park
from park.gs1 import CANONICAL_HOST
from traceability.ledger.report import LedgerState
from traceability.provenance.dossier import Beginning, Certificate, Dossier, Telling
from traceability.provenance.keys import GoodsKey, ThingKind, goods_of
from traceability.provenance.positions import Position
from traceability.provenance.recall.descriptions import KnownDescriptions
from traceability.provenance.recall.formats import Keeping, keeping_of
from traceability.provenance.tables import CONTAINS, OUT_OF
from traceability.provenance.tracing import Edge, Lineage

MOST_ROWS = 200
"""Rows of one table; the JSON has all."""


@dataclass(frozen=True, slots=True)
class Label:
    """A thing as a page names it."""

    text: str
    product: str
    """Empty where nobody says what it is."""
    address: str | None
    is_this: bool


@dataclass(frozen=True, slots=True)
class Part:
    """So much of a thing."""

    label: Label
    amount: str


@dataclass(frozen=True, slots=True)
class Happening:
    """What one event, or one run, made of what."""

    word: str
    """Key of its wording."""
    at: datetime
    until: datetime | None
    sources: Sequence[Part]
    targets: Sequence[Part]


@dataclass(frozen=True, slots=True)
class BeginningRow:
    """Where something that the thing came of came into being."""

    label: Label
    beginning: Beginning
    place: str
    amount: str
    share: str


@dataclass(frozen=True, slots=True)
class PositionRow:
    """Where a part of the thing is."""

    amount: str
    place: str
    containers: Sequence[Label]
    keeper: str
    position: Position


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate."""

    text: str
    address: str | None
    """Where it can be read, if it is a web address."""
    about: Sequence[Label]
    since: datetime


@dataclass(frozen=True, slots=True)
class TellingRow:
    """What an event says."""

    telling: Telling
    step: str
    disposition: str
    place: str
    amount: str
    proof: str | None


@dataclass(frozen=True, slots=True)
class ThingPage:
    """Everything that the template shows."""

    dossier: Dossier
    kind: str
    title: str
    """What it is called; its label where nobody says."""
    label: str
    goods: GoodsKey
    positions: Sequence[PositionRow]
    beginnings: Sequence[BeginningRow]
    back: Sequence[Happening]
    forward: Sequence[Happening]
    certificates: Sequence[CertificateRow]
    tellings: Sequence[TellingRow]
    ledger: LedgerState | None
    unsigned: int
    """Of the events on the page, how many no checkpoint covers yet."""


class _Words:
    """Things, places and amounts in the reader's language."""

    def __init__(self, dossier: Dossier, park: Park, formats: Formats) -> None:
        self.known = KnownDescriptions(park, dossier.attributes, formats.name)
        self._formats = formats
        self._this = dossier.key

    def label(self, key: str) -> Label:
        return Label(label_of(key), self.product(key), page_address(key), key == self._this)

    def product(self, key: str) -> str:
        gtin = goods_of(key).gtin
        return "" if gtin is None else self.known.product(gtin)

    def place(self, key: str | None) -> str:
        return self.known.party(key) or label_of(key) if key else ""

    def keeper(self, position: Position) -> str:
        how, key = keeping_of(position)
        if how is Keeping.TO_COME:
            text = self._formats.text
            return text("to_place", place=self.place(key)) if key else text("on_its_way")
        return (self.known.keeper(key) if how is Keeping.PLACE else "") or self.place(key)

    def amount(self, quantity: float | None, uom: str | None, mass_kg: float | None) -> str:
        if mass_kg is not None:
            return self._formats.mass(mass_kg)
        if quantity is None:
            return "–"
        return self._formats.quantity(quantity, uom)

    def word(self, word: str | None) -> str:
        if word is None:
            return ""
        text = WORDS.get(word)
        return word.replace("_", " ") if text is None else self._formats.name(text)


def label_of(key: str) -> str:
    """An identifier as it stands on labels: a lot or serial number, an SSCC; else as it is."""
    goods = goods_of(key)
    short = goods.serial or goods.lot or goods.gtin
    if short is not None:
        return short
    path = key.removeprefix(f"{CANONICAL_HOST}/")
    number, _, value = path.partition("/")
    return value if path != key and number in {"00", "414", "417"} else path


def thing_page(
    dossier: Dossier, park: Park, formats: Formats, ledger: LedgerState | None
) -> ThingPage:
    """The page of a thing; `ledger` is None where no ledger is kept here."""
    words = _Words(dossier, park, formats)
    signed = 0 if ledger is None else ledger.signed
    label = label_of(dossier.key)
    return ThingPage(
        dossier=dossier,
        kind=formats.name(KINDS[dossier.kind]),
        title=words.product(dossier.key) or label,
        label=label,
        goods=goods_of(dossier.key),
        positions=[_position(each, dossier, words) for each in dossier.positions],
        beginnings=[_beginning(each, words, formats) for each in dossier.beginnings],
        back=_happenings(dossier.back, words),
        forward=_happenings(dossier.forward, words, without_contents_of=dossier.key),
        certificates=[_certificate(each, words) for each in dossier.certificates],
        tellings=[
            _telling(each, words, with_proof=ledger is not None) for each in dossier.tellings
        ],
        ledger=ledger,
        unsigned=len({each.seq for each in dossier.tellings if each.seq > signed}),
    )


def _position(position: Position, dossier: Dossier, words: _Words) -> PositionRow:
    is_one = dossier.kind not in {ThingKind.LOT, ThingKind.PRODUCT}
    amount = words.amount(position.quantity, position.uom, position.mass_kg)
    return PositionRow(
        amount="" if is_one else amount,
        place=words.place(position.place),
        containers=[words.label(each) for each in position.containers],
        keeper=words.keeper(position),
        position=position,
    )


def _beginning(beginning: Beginning, words: _Words, formats: Formats) -> BeginningRow:
    amount = words.amount(beginning.quantity, beginning.uom, beginning.mass_kg)
    share = "–" if beginning.share is None else formats.share(beginning.share, 1)
    label = words.label(beginning.key)
    return BeginningRow(label, beginning, words.place(beginning.place), amount, share)


def _certificate(certificate: Certificate, words: _Words) -> CertificateRow:
    said = certificate.certificate
    text = said if isinstance(said, str) else _in_short(said)
    address = text if text.startswith(("https://", "http://")) else None
    about = [words.label(key) for key in certificate.about]
    return CertificateRow(text, address, about, certificate.since)


def _in_short(said: Any) -> str:
    """The texts in what an event says of a certificate, without its types and languages."""
    if isinstance(said, dict):
        parts = (
            _in_short(value) for name, value in said.items() if name not in {"type", "@language"}
        )
        return ", ".join(part for part in parts if part)
    if isinstance(said, list):
        return ", ".join(map(_in_short, said))
    return str(said)


def _telling(telling: Telling, words: _Words, *, with_proof: bool) -> TellingRow:
    return TellingRow(
        telling=telling,
        step=words.word(telling.biz_step) or words.word(telling.type),
        disposition=words.word(telling.disposition),
        place=words.place(telling.place),
        amount="–"
        if telling.uom is None and telling.quantity in {None, 1.0}
        else words.amount(telling.quantity, telling.uom, telling.mass_kg),
        proof=proof_address(telling.event_id) if with_proof else None,
    )


def _happenings(
    lineage: Lineage, words: _Words, without_contents_of: str | None = None
) -> Sequence[Happening]:
    """The links by what happened: a run with all that went in and came out, a packing."""
    groups: dict[tuple[Any, ...], list[Edge]] = {}
    for edge in lineage.edges:
        if edge.kind != CONTAINS:
            groups.setdefault((edge.source if edge.kind == OUT_OF else edge.target,), []).append(
                edge
            )
        elif edge.target != without_contents_of:
            groups.setdefault((edge.target, edge.at, edge.until), []).append(edge)
    found = [_happening(edges, words) for edges in groups.values()]
    return sorted(found, key=lambda each: each.at)


def _happening(edges: Sequence[Edge], words: _Words) -> Happening:
    at = min(edge.at for edge in edges)
    if edges[0].kind == CONTAINS:
        target = Part(words.label(edges[0].target), "")
        return Happening("packed_in", at, edges[0].until, _parts(edges, words, "source"), [target])
    into = [edge for edge in edges if edge.kind != OUT_OF]
    out_of = [edge for edge in edges if edge.kind == OUT_OF]
    return Happening(
        "made_into", at, None, _parts(into, words, "source"), _parts(out_of, words, "target")
    )


def _parts(edges: Iterable[Edge], words: _Words, end: str) -> Sequence[Part]:
    return [Part(words.label(getattr(edge, end)), _part_amount(edge, words)) for edge in edges]


def _part_amount(edge: Edge, words: _Words) -> str:
    """How much; nothing of one object."""
    if edge.uom is None and edge.mass_kg is None and edge.quantity in {None, 1.0}:
        return ""
    return words.amount(edge.quantity, edge.uom, edge.mass_kg)
