"""The rules of mass propagation on small graphs."""

from datetime import UTC, datetime

import pytest

from traceability.batches.lineage import Flow, Graph, Node, backward, forward
from traceability.books.nodes import RUN
from traceability.views import NodeKind, Trace

AT = datetime(2026, 10, 1, tzinfo=UTC)
KG = 1_000_000

HARVEST_1, HARVEST_2, RUN_1, EXTRA, REJECT, LOSS, PALLET_1, PALLET_2, SHIPMENT = range(1, 10)

NODES = {
    HARVEST_1: ("h1", NodeKind.HARVEST, 900),
    HARVEST_2: ("h2", NodeKind.HARVEST, 400),
    RUN_1: ("run", RUN, 1200),
    EXTRA: ("extra", NodeKind.BATCH, 1000),
    REJECT: ("reject", NodeKind.REJECT, 150),
    LOSS: ("loss", NodeKind.LOSS, 50),
    PALLET_1: ("p1", NodeKind.PALLET, 500),
    PALLET_2: ("p2", NodeKind.PALLET, 300),
    SHIPMENT: ("s", NodeKind.SHIPMENT, 500),
}
FLOWS = [
    (HARVEST_1, RUN_1, 900),
    (HARVEST_2, RUN_1, 300),
    (RUN_1, EXTRA, 1000),
    (RUN_1, REJECT, 150),
    (RUN_1, LOSS, 50),
    (EXTRA, PALLET_1, 500),
    (EXTRA, PALLET_2, 300),
    (PALLET_1, SHIPMENT, 500),
]
GRAPH = Graph(
    {i: Node(i, key, kind, None, AT, qty * KG) for i, (key, kind, qty) in NODES.items()},
    [Flow(source, target, qty * KG, f"e{target}") for source, target, qty in FLOWS],
)


def _ends(trace: Trace) -> dict[str, float]:
    return {end.id: end.qty_kg for end in trace.ends}


def test_a_harvest_spreads_over_every_end_in_proportion() -> None:
    assert _ends(forward(GRAPH, HARVEST_1)) == pytest.approx(
        {"s": 375, "p2": 225, "stock/extra": 150, "reject": 112.5, "loss": 37.5}
    )


def test_what_no_flow_takes_of_a_harvest_is_stock() -> None:
    ends = _ends(forward(GRAPH, HARVEST_2))
    assert ends["stock/h2"] == 100
    assert sum(ends.values()) == pytest.approx(400)


def test_a_shipment_comes_from_its_harvests_in_proportion() -> None:
    trace = backward(GRAPH, SHIPMENT)
    assert _ends(trace) == pytest.approx({"h1": 375, "h2": 125})
    assert [node.id for node in trace.nodes][-2:] == ["p1", "s"]


def test_runs_vanish_from_the_answer_and_keep_their_event() -> None:
    edges = {(edge.source, edge.target): edge for edge in backward(GRAPH, PALLET_2).edges}
    assert set(edges) == {("h1", "extra"), ("h2", "extra"), ("extra", "p2")}
    assert edges["h1", "extra"].qty_kg == pytest.approx(225)
    assert edges["h1", "extra"].event_id == f"e{EXTRA}"


def test_stock_has_no_event() -> None:
    stock = [edge for edge in forward(GRAPH, EXTRA).edges if edge.target.startswith("stock/")]
    assert [(edge.qty_kg, edge.event_id) for edge in stock] == [(200, None)]


def test_rejects_are_an_end_even_where_they_dried_further() -> None:
    dried = Flow(REJECT, LOSS, 1 * KG, "e")
    assert _ends(forward(Graph(GRAPH.nodes, [*GRAPH.flows, dried]), REJECT)) == {"reject": 150}


def test_a_harvest_alone_traces_to_itself() -> None:
    graph = Graph({HARVEST_1: GRAPH.nodes[HARVEST_1]}, [])
    assert _ends(backward(graph, HARVEST_1)) == {"h1": 900}
    assert _ends(forward(graph, HARVEST_1)) == {"stock/h1": 900}


def test_a_batch_so_small_that_the_books_made_it_nothing_is_left_out() -> None:
    nothing = Node(20, "nothing", NodeKind.BATCH, None, AT, 0)
    graph = Graph({**GRAPH.nodes, 20: nothing}, [*GRAPH.flows, Flow(RUN_1, 20, 0, "e")])
    trace = forward(graph, HARVEST_1)
    assert "nothing" not in {node.id for node in trace.nodes}
    assert _ends(backward(graph, 20)) == {}


def test_a_long_chain_needs_no_deep_stack() -> None:
    length = 5_000
    nodes = {i: Node(i, f"b{i}", NodeKind.BATCH, None, AT, KG) for i in range(1, length)}
    graph = Graph(nodes, [Flow(i, i + 1, KG, "e") for i in range(1, length - 1)])
    assert _ends(forward(graph, 1)) == {f"stock/b{length - 1}": 1}
    assert _ends(backward(graph, length - 1)) == {"b1": 1}
