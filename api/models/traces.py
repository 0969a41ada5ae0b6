"""Lineage, totals and what became of a step."""

from typing import Annotated
from urllib.parse import quote

from pydantic import Field

from api.models.common import AssetRef, Kg, Model, Time
from park import assets
from traceability import views

_ADDRESS_OF_HEAD = {"01": "/v1/batches", "00": "/v1/pallets", "shipment": "/v1/shipments"}


def event_address(event_id: str) -> str:
    """The address of an event."""
    return f"/v1/events/{quote(event_id, safe='')}"


def node_address(node_id: str) -> str | None:
    """The address of what a node stands for; None for an end that is no thing of its own."""
    head, _, rest = node_id.partition("/")
    if head not in _ADDRESS_OF_HEAD:
        return None
    return f"{_ADDRESS_OF_HEAD[head]}/{rest.replace('/10/', '/', 1)}"


class TraceNode(Model):
    """A thing in a trace and how much of the traced mass it holds."""

    id: Annotated[str, Field(examples=["01/09521321000018/10/LY-7", "00/095213210000000018"])]
    kind: views.NodeKind
    place: AssetRef | None
    at: Time
    qty_kg: Annotated[Kg, Field(description="Traced mass in it, not its whole mass.")]
    href: str | None

    @classmethod
    def of(cls, node: views.TraceNode, park: assets.Park) -> "TraceNode":
        """A node as JSON."""
        return cls(
            id=node.id,
            kind=node.kind,
            place=None if node.place is None else AssetRef.of(park, node.place),
            at=node.at,
            qty_kg=node.qty_kg,
            href=node_address(node.id),
        )


class TraceEdge(Model):
    """Traced mass that went from one node into another, in the fruit's direction."""

    source: str
    target: str
    qty_kg: Kg
    event: str | None


class Trace(Model):
    """A lineage from one node, back to orchards or forward to destinations."""

    root: str
    nodes: Annotated[list[TraceNode], Field(description="In the fruit's direction.")]
    edges: list[TraceEdge]
    ends: Annotated[
        list[TraceNode],
        Field(
            description="Backward: harvests. Forward: shipments, pallets that haven't left, "
            "stock, rejects and losses; their masses add up to the root's."
        ),
    ]

    @classmethod
    def of(cls, trace: views.Trace, park: assets.Park) -> "Trace":
        """A trace as JSON."""
        return cls(
            root=trace.root,
            nodes=[TraceNode.of(node, park) for node in trace.nodes],
            edges=[
                TraceEdge(
                    source=edge.source,
                    target=edge.target,
                    qty_kg=edge.qty_kg,
                    event=edge.event_id,
                )
                for edge in trace.edges
            ],
            ends=[TraceNode.of(node, park) for node in trace.ends],
        )


class Totals(Model):
    """How much is in the repository."""

    events: int
    batches: int
    pallets: int
    shipments: int

    @classmethod
    def of(cls, totals: views.Totals) -> "Totals":
        """Totals as JSON."""
        return cls(
            events=totals.events,
            batches=totals.batches,
            pallets=totals.pallets,
            shipments=totals.shipments,
        )


class Captured(Model):
    """What became of a step."""

    event: Annotated[str, Field(description="Id of the step's event.")]
    new: Annotated[bool, Field(description="false where the same step was known already.")]
    href: str
