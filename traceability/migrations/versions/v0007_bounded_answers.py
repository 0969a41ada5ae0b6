"""What keeps answers and captures from going through all events.

Which fields go with which shapes of events, sums under certificates, and indexes for what is asked
for. The rows are derived afterwards, see `recording.upgrading`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables and the indexes."""
    op.create_table(
        "shape_terms",
        sa.Column("name", _WORD, nullable=False),
        sa.Column("bucket", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("shape", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("name", "bucket", "shape", name=op.f("pk_shape_terms")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "certificates",
        sa.Column("certificate", _WORD, nullable=False),
        sa.Column("begun", sa.BigInteger(), nullable=False),
        sa.Column("weighed", sa.BigInteger(), nullable=False),
        sa.Column("mass_mg", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("certificate", name=op.f("pk_certificates")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "certified_shipments",
        sa.Column("certificate", _WORD, nullable=False),
        sa.Column("place", _WORD, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("certificate", "place", "seq", name=op.f("pk_certified_shipments")),
        sqlite_with_rowid=False,
    )
    for name, table, columns, where in (
        ("ix_stops_origin_at_ms", "stops", ["origin", "at_ms"], "origin IS NOT NULL"),
        ("ix_stays_here", "stays", ["room", "since_ms"], "until_ms IS NULL"),
        ("ix_flows_seq", "flows", ["seq"], None),
        ("ix_event_nodes_seq", "event_nodes", ["seq"], None),
        ("ix_batches_harvested_from_ms", "batches", ["harvested_from_ms"], None),
        (
            "ix_shipments_destination_shipped_at_ms_number",
            "shipments",
            ["destination", "shipped_at_ms", "number"],
            None,
        ),
    ):
        condition = None if where is None else sa.text(where)
        op.create_index(
            op.f(name),
            table,
            columns,
            unique=False,
            sqlite_where=condition,
            postgresql_where=condition,
        )
    op.drop_index(op.f("ix_shipments_destination"), "shipments")
