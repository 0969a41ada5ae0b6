"""Recursive SQL over the lineage graph: all that went into nodes, all that came of them."""

from collections.abc import Collection

from sqlalchemy import CTE, select

from traceability import tables as t


def ancestors(nodes: Collection[int]) -> CTE:
    """Ids of these nodes and of all that anything of which went into them; column `id`."""
    up = select(t.nodes.c.id).where(t.nodes.c.id.in_(nodes)).cte("up", recursive=True)
    return up.union(select(t.flows.c.source).join(up, up.c.id == t.flows.c.target))


def descendants(nodes: Collection[int]) -> CTE:
    """Ids of these nodes and of all that anything of them went into; column `id`."""
    down = select(t.nodes.c.id).where(t.nodes.c.id.in_(nodes)).cte("down", recursive=True)
    return down.union(select(t.flows.c.target).join(down, down.c.id == t.flows.c.source))
