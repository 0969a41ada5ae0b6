"""Traces from the database: finds the root, fetches its side of the graph, lets lineage reckon."""

from sqlalchemy import CTE, Connection, select

from park.times import from_epoch_ms
from traceability import tables as t
from traceability.batches.lineage import Flow, Graph, Node, backward, forward, with_stock
from traceability.books.closure import ancestors, descendants
from traceability.books.nodes import STOCK_PREFIX, parse_node
from traceability.errors import NotFoundError, QueryError
from traceability.views import Trace


def trace_back(connection: Connection, node_id: str) -> Trace:
    """Where a node came from. Raises QueryError `bad-node`, NotFoundError `node-not-found`."""
    key = parse_node(node_id)
    stored = _find(connection, key.removeprefix(STOCK_PREFIX), key)
    into = ancestors([stored])
    flows = _flows(connection, into, incoming=True)
    graph = Graph(_nodes(connection, into), flows)
    return backward(*_rooted(connection, graph, stored, key))


def trace_forward(connection: Connection, node_id: str) -> Trace:
    """Where a node went; raises as `trace_back`."""
    key = parse_node(node_id)
    stored = _find(connection, key.removeprefix(STOCK_PREFIX), key)
    out_of = descendants([stored])
    graph = Graph(_nodes(connection, out_of), _flows(connection, out_of, incoming=False))
    return forward(*_rooted(connection, graph, stored, key))


def knows(connection: Connection, node_id: str) -> bool:
    """Whether a node is in the park's books; of what is no node's id, too."""
    try:
        key = parse_node(node_id)
    except QueryError:
        return False
    return _id_of(connection, key.removeprefix(STOCK_PREFIX)) is not None


def _find(connection: Connection, key: str, asked: str) -> int:
    found = _id_of(connection, key)
    if found is None:
        raise _not_found(asked)
    return found


def _id_of(connection: Connection, key: str) -> int | None:
    query = select(t.nodes.c.id).where(t.nodes.c.key == key)
    found: int | None = connection.execute(query).scalar()
    return found


def _not_found(asked: str) -> NotFoundError:
    msg = f"nothing is known of {asked}; look for the batch by its number"
    return NotFoundError("node-not-found", msg)


def _rooted(connection: Connection, graph: Graph, stored: int, key: str) -> tuple[Graph, int]:
    """The graph and its root: the stored node, or the stock that is left of it."""
    if not key.startswith(STOCK_PREFIX):
        return graph, stored
    itself = select(t.nodes.c.id).where(t.nodes.c.id == stored).cte("itself")
    leaving = _flows(connection, itself, incoming=False)
    whole = with_stock(Graph({stored: graph.nodes[stored]}, leaving))
    if -stored not in whole.nodes:
        raise _not_found(key)
    stock = next(flow for flow in whole.flows if flow.target == -stored)
    nodes = {**graph.nodes, -stored: whole.nodes[-stored]}
    return Graph(nodes, [*graph.flows, stock]), -stored


def _nodes(connection: Connection, ids: CTE) -> dict[int, Node]:
    query = select(t.nodes).join(ids, ids.c.id == t.nodes.c.id)
    return {
        row.id: Node(row.id, row.key, row.kind, row.place, from_epoch_ms(row.at_ms), row.qty_mg)
        for row in connection.execute(query)
    }


def _flows(connection: Connection, ids: CTE, *, incoming: bool) -> list[Flow]:
    f = t.flows.c
    query = (
        select(f.source, f.target, f.qty_mg, t.events.c.event_id)
        .join(ids, ids.c.id == (f.target if incoming else f.source))
        .join(t.events, t.events.c.seq == f.seq)
    )
    return [Flow(*row) for row in connection.execute(query)]
