"""Lineage of any event's things, and where things are, as JSON."""

from typing import Annotated

from pydantic import Field

from api.models.common import Kg, Model, Time
from api.models.traces import event_address
from traceability.provenance import positions, tracing
from traceability.provenance.keys import ThingKind, goods_of
from traceability.provenance.walk_statements import Direction

Share = Annotated[float | None, Field(ge=0, le=1)]


class LineageNode(Model):
    """A thing in a lineage."""

    key: Annotated[str, Field(examples=["https://id.gs1.org/01/09521321000018/10/LY-7"])]
    kind: ThingKind
    gtin: str | None
    lot: str | None
    share: Annotated[
        Share,
        Field(
            description="Forward, the share of it that came from the root; back, the share of the "
            "root that came from it. null where masses aren't known well enough."
        ),
    ]
    mass_kg: Annotated[Kg | None, Field(description="Its whole mass, where it is known.")]

    @classmethod
    def of(cls, node: tracing.Node) -> "LineageNode":
        """A node as JSON."""
        goods = goods_of(node.key)
        return cls(
            key=node.key,
            kind=node.kind,
            gtin=goods.gtin,
            lot=goods.lot,
            share=node.share,
            mass_kg=node.mass_kg,
        )


class LineageEdge(Model):
    """A link in the direction of the goods: into a run, out of it, or into a container."""

    source: str
    target: str
    kind: Annotated[str, Field(examples=["contains", "into", "out_of"])]
    at: Time
    until: Annotated[Time | None, Field(description="When a content was taken out.")]
    quantity: float | None
    uom: Annotated[str | None, Field(description="null where the quantity is a count.")]
    mass_kg: Kg | None
    event: str | None
    href: str | None
    end_event: str | None

    @classmethod
    def of(cls, edge: tracing.Edge) -> "LineageEdge":
        """An edge as JSON."""
        return cls(
            source=edge.source,
            target=edge.target,
            kind=edge.kind,
            at=edge.at,
            until=edge.until,
            quantity=edge.quantity,
            uom=edge.uom,
            mass_kg=edge.mass_kg,
            event=edge.event_id,
            href=None if edge.event_id is None else event_address(edge.event_id),
            end_event=edge.end_event_id,
        )


class Lineage(Model):
    """What came of a thing, or what it came of."""

    direction: Direction
    nodes: Annotated[list[LineageNode], Field(description="The root first.")]
    edges: list[LineageEdge]

    @classmethod
    def of(cls, lineage: tracing.Lineage) -> "Lineage":
        """A lineage as JSON."""
        return cls(
            direction=lineage.direction,
            nodes=[LineageNode.of(each) for each in lineage.nodes],
            edges=[LineageEdge.of(each) for each in lineage.edges],
        )


class Provenance(Model):
    """The lineage of one thing, one way or both."""

    root: str
    back: Lineage | None
    forward: Lineage | None


class Position(Model):
    """Where a thing, or a part of a lot, is."""

    containers: Annotated[list[str], Field(description="Innermost first.")]
    quantity: float | None
    uom: str | None
    mass_kg: Annotated[Kg | None, Field(description="Of a lot, how much of it is here.")]
    place: str | None
    place_at: Time | None
    in_transit: Annotated[bool, Field(description="Whether it left `place` since.")]
    disposition: str | None
    holder: str | None
    owner: str | None
    destination: str | None
    seen_at: Time | None
    event: str | None
    state: Annotated[str, Field(examples=["present", "used", "ended"])]

    @classmethod
    def of(cls, position: positions.Position) -> "Position":
        """A position as JSON."""
        return cls(
            containers=list(position.containers),
            quantity=position.quantity,
            uom=position.uom,
            mass_kg=position.mass_kg,
            place=position.place,
            place_at=position.place_at,
            in_transit=position.in_transit,
            disposition=position.disposition,
            holder=position.holder,
            owner=position.owner,
            destination=position.destination,
            seen_at=position.seen_at,
            event=position.event_id,
            state=position.state,
        )


class Whereabouts(Model):
    """Where a thing is now."""

    key: str
    positions: list[Position]
