"""All that events tell of one thing, as JSON."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from api.models.common import Kg, Model, Time
from api.models.provenance import Lineage, Position, Share
from api.models.traces import event_address
from park.assets import Park
from park.gs1 import CANONICAL_HOST
from traceability.epcis.keys import KEYS
from traceability.provenance import dossier as told
from traceability.provenance.keys import ThingKind, goods_of
from traceability.provenance.recall.descriptions import Descriptions, KnownDescriptions
from traceability.provenance.recall.formats import who_has


def page_address(key: str) -> str | None:
    """The address of a thing's page; None for what has no Digital Link."""
    path = key.removeprefix(CANONICAL_HOST)
    begin, _, rest = path.partition("/")
    # Whoever makes events names things: one that begins with // would lead to another host.
    is_link = path != key and not begin and rest.partition("/")[0] in KEYS
    return path if is_link else None


def proof_address(event_id: str) -> str:
    """The address of the proof that an event is in the ledger."""
    return f"/v1/ledger/events/{quote(event_id, safe='')}/proof"


class Beginning(Model):
    """Where something that the thing came of came into being."""

    key: str
    share: Annotated[Share, Field(description="What share of the thing stems from it.")]
    at: Annotated[Time | None, Field(description="null, as what follows, where nobody tells.")]
    place: str | None
    quantity: float | None
    uom: Annotated[str | None, Field(description="null where the quantity is a count.")]
    mass_kg: Kg | None
    event: str | None

    @classmethod
    def of(cls, beginning: told.Beginning) -> "Beginning":
        """A beginning as JSON."""
        return cls(
            key=beginning.key,
            share=beginning.share,
            at=beginning.at,
            place=beginning.place,
            quantity=beginning.quantity,
            uom=beginning.uom,
            mass_kg=beginning.mass_kg,
            event=beginning.event_id,
        )


class Certificate(Model):
    """A certificate that events name; told by their makers, not proven."""

    certificate: Annotated[
        str | Mapping[str, Any],
        Field(description="As the event has it.", examples=["https://certs.example/GGN-4012345"]),
    ]
    about: Annotated[list[str], Field(description="This thing, or what it came of.")]
    since: Time
    events: list[str]

    @classmethod
    def of(cls, certificate: told.Certificate) -> "Certificate":
        """A certificate as JSON."""
        return cls(
            certificate=certificate.certificate,
            about=list(certificate.about),
            since=certificate.since,
            events=list(certificate.events),
        )


class ThingFinding(Model):
    """What is odd about an event."""

    code: str
    path: str
    detail: str


class ThingEvent(Model):
    """What an event says of the thing, and where the proof is that it is in the ledger."""

    event: str
    href: str
    proof: str
    leaf_index: Annotated[int, Field(description="Its leaf in the ledger, counted from 0.")]
    at: Time
    type: str
    action: str | None
    biz_step: str | None
    disposition: str | None
    place: Annotated[str | None, Field(description="Business location, else read point.")]
    role: Annotated[str, Field(examples=["named", "parent", "child", "input", "output"])]
    quantity: float | None
    uom: str | None
    mass_kg: Kg | None
    findings: list[ThingFinding]

    @classmethod
    def of(cls, telling: told.Telling) -> "ThingEvent":
        """An event as JSON."""
        return cls(
            event=telling.event_id,
            href=event_address(telling.event_id),
            proof=proof_address(telling.event_id),
            leaf_index=telling.seq - 1,
            at=telling.at,
            type=telling.type,
            action=telling.action,
            biz_step=telling.biz_step,
            disposition=telling.disposition,
            place=telling.place,
            role=telling.role,
            quantity=telling.quantity,
            uom=telling.uom,
            mass_kg=telling.mass_kg,
            findings=[
                ThingFinding(code=each.code, path=each.path, detail=each.detail)
                for each in telling.findings
            ],
        )


class HeldPosition(Position):
    """Where a thing, or a part of a lot, is, and who has it in words."""

    who_has_it: str | None


class ThingLinks(Model):
    """Where more about a thing is found."""

    self: str
    page: Annotated[str | None, Field(description="null for what has no Digital Link.")]
    events: Annotated[
        str, Field(description="All its events, paged, with those that were declared wrong.")
    ]


class Thing(Model):
    """All that events tell of one thing: a lot, an object, a pallet, whose ever it is."""

    key: Annotated[str, Field(examples=["https://id.gs1.org/01/09521321000018/10/LY-7"])]
    kind: ThingKind
    gtin: str | None
    lot: str | None
    serial: str | None
    product: Annotated[str | None, Field(description="Its name, where anybody says it.")]
    positions: list[HeldPosition]
    beginnings: Annotated[list[Beginning], Field(description="By time.")]
    back: Lineage
    forward: Lineage
    certificates: Annotated[list[Certificate], Field(description="The thing's own first.")]
    events: Annotated[
        list[ThingEvent],
        Field(description=f"The latest first, at most {told.MOST_EVENTS}; see `links`."),
    ]
    has_more_events: bool
    names: Annotated[
        dict[str, str],
        Field(description="What products, places and parties that are named here are called."),
    ]
    links: ThingLinks

    @classmethod
    def of(cls, dossier: told.Dossier, park: Park) -> "Thing":
        """All about a thing as JSON."""
        words = KnownDescriptions(park, dossier.attributes)
        goods = goods_of(dossier.key)
        escaped = quote(dossier.key, safe="")
        return cls(
            key=dossier.key,
            kind=dossier.kind,
            gtin=goods.gtin,
            lot=goods.lot,
            serial=goods.serial,
            product=(words.product(goods.gtin) if goods.gtin else "") or None,
            positions=[
                HeldPosition(
                    **Position.of(each).model_dump(), who_has_it=who_has(each, words) or None
                )
                for each in dossier.positions
            ],
            beginnings=[Beginning.of(each) for each in dossier.beginnings],
            back=Lineage.of(dossier.back),
            forward=Lineage.of(dossier.forward),
            certificates=[Certificate.of(each) for each in dossier.certificates],
            events=[ThingEvent.of(each) for each in dossier.tellings],
            has_more_events=dossier.has_more,
            names=dict(_names(dossier, words)),
            links=ThingLinks(
                self=f"/v1/things/{escaped}",
                page=page_address(dossier.key),
                events=f"/epcis/epcs/{escaped}/events",
            ),
        )


def _names(dossier: told.Dossier, words: Descriptions) -> Iterator[tuple[str, str]]:
    for key in sorted(dossier.named):
        gtin = goods_of(key).gtin
        name = words.party(key) if gtin is None else words.product(gtin)
        if name:
            yield key, name
