"""Master data that documents bring in their headers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "master_attributes",
        sa.Column("vocabulary", _WORD, nullable=False),
        sa.Column("element", _WORD, nullable=False),
        sa.Column("attribute", _WORD, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", _WORD, nullable=False),
        sa.Column("record_time_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "vocabulary", "element", "attribute", "position", name=op.f("pk_master_attributes")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_master_attributes_attribute_value_element"),
        "master_attributes",
        ["attribute", "value", "element"],
        unique=False,
    )
    op.create_table(
        "master_children",
        sa.Column("vocabulary", _WORD, nullable=False),
        sa.Column("parent", _WORD, nullable=False),
        sa.Column("child", _WORD, nullable=False),
        sa.Column("record_time_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("vocabulary", "parent", "child", name=op.f("pk_master_children")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_master_children_parent_child"),
        "master_children",
        ["parent", "child"],
        unique=False,
    )
