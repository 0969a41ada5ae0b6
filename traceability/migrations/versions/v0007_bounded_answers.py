"""What keeps answers and captures from going through all events.

Which fields go with which shapes of events, sums under certificates, and an index for places that
goods were shipped from. The rows are derived afterwards, see `rebuilding`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables and the index."""
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
    there = sa.text("origin IS NOT NULL")
    op.create_index(
        op.f("ix_stops_origin_at_ms"),
        "stops",
        ["origin", "at_ms"],
        unique=False,
        sqlite_where=there,
        postgresql_where=there,
    )
