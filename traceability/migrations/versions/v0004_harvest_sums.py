"""An index that sums harvests, runs and losses by place and time."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        op.f("ix_nodes_kind_place_at_ms_qty_mg"),
        "nodes",
        ["kind", "place", "at_ms", "qty_mg"],
        unique=False,
    )
