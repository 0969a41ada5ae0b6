"""`agripark trace`: a lineage as a newcomer can read it in a terminal."""

from collections.abc import Sequence
from typing import Any

from api.commands.tables import table
from park.times import format_instant
from traceability.views import NodeKind, Trace, TraceNode

_END_WORDS = {
    NodeKind.HARVEST: "harvested at",
    NodeKind.BATCH: "sorted at",
    NodeKind.PALLET: "packed at",
    NodeKind.SHIPMENT: "shipped to",
    NodeKind.STOCK: "in stock",
    NodeKind.REJECT: "rejected at",
    NodeKind.LOSS: "lost at sorting",
}


def trace_text(trace: Trace, direction: str) -> str:
    """The ends with their masses, then every step on the way."""
    total_kg = sum(end.qty_kg for end in trace.ends)
    ends = table(
        ("mass", "", "place", "when", "what"),
        [_end_row(end) for end in _by_mass(trace.ends)],
    )
    steps = table(
        ("mass", "from", "", "into"),
        [(_mass(edge.qty_kg), edge.source, "->", edge.target) for edge in trace.edges],
    )
    return (
        f"{trace.root} {direction}: {_mass(total_kg)} in {len(trace.ends)} ends\n\n"
        f"{ends}\n\nEvery step:\n{steps}\n"
    )


def trace_json(trace: Trace) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "root": trace.root,
        "nodes": [_node_json(node) for node in trace.nodes],
        "edges": [
            {
                "source": edge.source,
                "target": edge.target,
                "qty_kg": edge.qty_kg,
                "event": edge.event_id,
            }
            for edge in trace.edges
        ],
        "ends": [_node_json(node) for node in trace.ends],
    }


def _by_mass(nodes: Sequence[TraceNode]) -> list[TraceNode]:
    return sorted(nodes, key=lambda node: -node.qty_kg)


def _end_row(node: TraceNode) -> tuple[str, str, str, str, str]:
    when = node.at.date().isoformat()
    return _mass(node.qty_kg), _END_WORDS[node.kind], node.place or "", when, node.id


def _node_json(node: TraceNode) -> dict[str, Any]:
    return {
        "id": node.id,
        "kind": node.kind.value,
        "place": node.place,
        "at": format_instant(node.at),
        "qty_kg": node.qty_kg,
    }


def _mass(mass_kg: float) -> str:
    return f"{mass_kg:,.1f} kg"
