"""Shapes of events in their index, and spans of numbers for patterns.

The index of events that are there already is made anew afterwards, see `recording.upgrading`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Empty the index, and give its tables their new form."""
    for table in ("event_numbers", "event_terms"):
        op.execute(f"DELETE FROM {table}")  # noqa: S608 - names from above
    op.drop_table("event_facts")
    _create_event_facts()
    _create_event_shapes()


def _create_event_facts() -> None:
    op.create_table(
        "event_facts",
        sa.Column("seq", _ID, autoincrement=False, nullable=False),
        sa.Column("event_time_ms", sa.BigInteger(), nullable=False),
        sa.Column("record_time_ms", sa.BigInteger(), nullable=False),
        sa.Column("shape", sa.BigInteger(), nullable=False),
        sa.Column("type", _WORD, nullable=False),
        sa.Column("action", _WORD, nullable=True),
        sa.Column("biz_step", _WORD, nullable=True),
        sa.Column("disposition", _WORD, nullable=True),
        sa.Column("read_point", _WORD, nullable=True),
        sa.Column("biz_location", _WORD, nullable=True),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name=op.f("fk_event_facts_seq")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event_facts")),
    )
    for columns in (
        ["biz_location", "event_time_ms", "seq", "shape"],
        ["biz_step", "event_time_ms", "seq"],
        ["event_time_ms", "seq"],
        ["read_point", "event_time_ms", "seq", "shape"],
        ["record_time_ms", "seq"],
        ["shape", "event_time_ms", "seq"],
    ):
        name = op.f(f"ix_event_facts_{'_'.join(columns)}")
        op.create_index(name, "event_facts", columns, unique=False)


def _create_event_shapes() -> None:
    op.create_table(
        "event_shapes",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("type", _WORD, nullable=False),
        sa.Column("action", _WORD, nullable=True),
        sa.Column("biz_step", _WORD, nullable=True),
        sa.Column("disposition", _WORD, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_shapes")),
    )
