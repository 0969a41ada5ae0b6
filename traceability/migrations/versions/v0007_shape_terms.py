"""Which fields go with which shapes of events.

The rows are derived from the index that is there already afterwards, see `rebuilding`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "shape_terms",
        sa.Column("name", _WORD, nullable=False),
        sa.Column("bucket", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("shape", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("name", "bucket", "shape", name=op.f("pk_shape_terms")),
        sqlite_with_rowid=False,
    )
