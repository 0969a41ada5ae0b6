"""Mass through the lineage graph, both ways. Pure: takes nodes and flows, gives a trace.

Rules.

1. Mass in a node is one mixture: what is taken from it holds every part of it in proportion. So a
   traced mass spreads over a node's flows in proportion to their masses.
2. Forward, a node passes on its traced mass times flow / node mass. What no flow takes stays: in a
   batch it is stock, an end of its own; pallets that haven't left, shipments and losses are ends
   themselves. So are rejects: what becomes of them isn't followed.
3. Backward, a node's traced mass comes from its sources in proportion to what flowed in. Harvests
   are the ends.
4. Every node's inflow is its mass, and its outflow is at most that. So the ends' masses sum to
   the root's, and no trace claims more of a harvest than was harvested.
5. Sorting runs are nodes while reckoning and vanish from the answer: mass goes from each input
   straight into each output, in proportion to both.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from graphlib import TopologicalSorter

from traceability.books.nodes import RUN, stock_key
from traceability.masses import to_kg
from traceability.views import NodeKind, Trace, TraceEdge, TraceNode

_BATCHES = {NodeKind.HARVEST.value, NodeKind.BATCH.value}


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the graph with its whole mass."""

    id: int
    key: str
    kind: str
    """A NodeKind or RUN."""
    place: str | None
    at: datetime
    qty_mg: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Mass that went from a node into another in an event."""

    source: int
    target: int
    qty_mg: int
    event_id: str | None
    """None where no event made it: mass that stays."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A part of the lineage that holds everything on one side of its root."""

    nodes: Mapping[int, Node]
    flows: Sequence[Flow]


@dataclass(slots=True)
class _Traced:
    """Traced kilograms by node and by flow, and the nodes in the fruit's direction."""

    order: Sequence[int]
    nodes: dict[int, float]
    flows: list[tuple[Flow, float]] = field(default_factory=list)

    def spread(self, whole_mg: int, qty_kg: float, flows: Iterable[tuple[int, Flow]]) -> None:
        """Spread a node's traced mass over flows, each with the node at its far end."""
        for node, flow in flows:
            share_kg = qty_kg * flow.qty_mg / whole_mg
            self.flows.append((flow, share_kg))
            self.nodes[node] = self.nodes.get(node, 0.0) + share_kg


def forward(graph: Graph, root: int) -> Trace:
    """What became of a node."""
    graph = with_stock(graph)
    leaving: dict[int, list[Flow]] = {}
    for flow in graph.flows:
        if graph.nodes[flow.source].kind != NodeKind.REJECT:
            leaving.setdefault(flow.source, []).append(flow)
    traced = _Traced(_in_order(graph), {root: to_kg(graph.nodes[root].qty_mg)})
    for node in traced.order:
        qty_kg = traced.nodes.get(node, 0.0)
        if qty_kg > 0:
            ahead = ((flow.target, flow) for flow in leaving.get(node, ()))
            traced.spread(graph.nodes[node].qty_mg, qty_kg, ahead)
    return _trace(graph, root, traced, ends=traced.nodes.keys() - leaving.keys())


def backward(graph: Graph, root: int) -> Trace:
    """What a node was made of."""
    arriving: dict[int, list[Flow]] = {}
    for flow in graph.flows:
        arriving.setdefault(flow.target, []).append(flow)
    traced = _Traced(_in_order(graph), {root: to_kg(graph.nodes[root].qty_mg)})
    for node in reversed(traced.order):
        qty_kg, flows = traced.nodes.get(node, 0.0), arriving.get(node, ())
        if qty_kg > 0:
            behind = ((flow.source, flow) for flow in flows)
            traced.spread(sum(flow.qty_mg for flow in flows), qty_kg, behind)
    return _trace(graph, root, traced, ends=traced.nodes.keys() - arriving.keys())


def with_stock(graph: Graph) -> Graph:
    """The graph with a node for what is left of each batch; their ids are negative."""
    left_mg = {node.id: node.qty_mg for node in graph.nodes.values() if node.kind in _BATCHES}
    for flow in graph.flows:
        if flow.source in left_mg:
            left_mg[flow.source] -= flow.qty_mg
    stock = [_stock_of(graph.nodes[node], qty) for node, qty in left_mg.items() if qty > 0]
    nodes = {**graph.nodes, **{node.id: node for node, _ in stock}}
    return Graph(nodes, [*graph.flows, *(flow for _, flow in stock)])


def _stock_of(batch: Node, qty_mg: int) -> tuple[Node, Flow]:
    node = Node(-batch.id, stock_key(batch.key), NodeKind.STOCK, None, batch.at, qty_mg)
    return node, Flow(batch.id, node.id, qty_mg, None)


def _in_order(graph: Graph) -> list[int]:
    """Node ids so that every flow goes from an earlier to a later one."""
    sorter: TopologicalSorter[int] = TopologicalSorter(dict.fromkeys(graph.nodes, ()))
    for flow in graph.flows:
        sorter.add(flow.target, flow.source)
    return list(sorter.static_order())


def _trace(graph: Graph, root: int, traced: _Traced, ends: Collection[int]) -> Trace:
    nodes = [node for node in traced.order if traced.nodes.get(node, 0.0) > 0]

    def shown(ids: Iterable[int]) -> list[TraceNode]:
        return [_shown(graph.nodes[node], traced.nodes[node]) for node in ids]

    return Trace(
        root=graph.nodes[root].key,
        nodes=shown(node for node in nodes if graph.nodes[node].kind != RUN),
        edges=list(_edges(graph, traced)),
        ends=shown(node for node in nodes if node in ends),
    )


def _shown(node: Node, qty_kg: float) -> TraceNode:
    return TraceNode(node.key, NodeKind(node.kind), node.place, node.at, qty_kg)


def _edges(graph: Graph, traced: _Traced) -> Iterator[TraceEdge]:
    """The traced flows, those through a run joined to one from input to output."""
    into: dict[int, list[tuple[Flow, float]]] = {}
    for flow, qty_kg in traced.flows:
        if graph.nodes[flow.target].kind == RUN:
            into.setdefault(flow.target, []).append((flow, qty_kg))
        elif graph.nodes[flow.source].kind != RUN:
            yield _edge(graph, flow.source, flow, qty_kg)
    for flow, qty_kg in traced.flows:
        for feed, fed_kg in into.get(flow.source, ()):
            yield _edge(graph, feed.source, flow, fed_kg * qty_kg / traced.nodes[flow.source])


def _edge(graph: Graph, source: int, flow: Flow, qty_kg: float) -> TraceEdge:
    return TraceEdge(graph.nodes[source].key, graph.nodes[flow.target].key, qty_kg, flow.event_id)
