"""Events of any partner: their form, index, lineage and ledger.

What is derived from the events of the release before is made afterwards, see `recording.upgrading`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_CHILDREN = ("flows", "event_nodes")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Change `events`, and make the new tables."""
    if op.get_bind().dialect.name == "sqlite":
        _change_events_on_sqlite()
    else:
        _change_events()
    op.create_index(op.f("ix_events_content_hash"), "events", ["content_hash"], unique=False)
    _create_tables()


def _change_events() -> None:
    op.drop_constraint(op.f("uq_events_event_id"), "events")
    op.add_column(
        "events", sa.Column("declared", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.alter_column("events", "declared", server_default=None)
    op.add_column(
        "events",
        sa.Column("content_hash", sa.LargeBinary(32), nullable=False, server_default=""),
    )
    op.alter_column("events", "content_hash", server_default=None)
    op.create_unique_constraint(
        op.f("uq_events_event_id_declared"), "events", ["event_id", "declared"]
    )


def _change_events_on_sqlite() -> None:
    """SQLite can't drop a constraint: tables are copied, those first that refer to `events`."""
    for table in (*_CHILDREN, "events"):
        op.execute(f"CREATE TEMPORARY TABLE old_{table} AS SELECT * FROM {table}")  # noqa: S608 - names from above
    for table in (*_CHILDREN, "events"):
        op.drop_table(table)
    _create_events()
    _create_flows()
    _create_event_nodes()
    op.execute(
        "INSERT INTO events (seq, event_id, declared, event_time_ms, record_time_ms, fingerprint,"
        " content_hash, document) SELECT seq, event_id, 0, event_time_ms, record_time_ms,"
        " fingerprint, x'', document FROM old_events"
    )
    op.execute(
        "INSERT INTO flows (target, source, seq, qty_mg)"
        " SELECT target, source, seq, qty_mg FROM old_flows"
    )
    op.execute("INSERT INTO event_nodes (node_id, seq) SELECT node_id, seq FROM old_event_nodes")
    for table in (*_CHILDREN, "events"):
        op.execute(f"DROP TABLE old_{table}")


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("declared", sa.Boolean(), nullable=False),
        sa.Column("event_time_ms", sa.BigInteger(), nullable=False),
        sa.Column("record_time_ms", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sa.UniqueConstraint("event_id", "declared", name=op.f("uq_events_event_id_declared")),
    )
    op.create_index(op.f("ix_events_event_time_ms"), "events", ["event_time_ms"], unique=False)


def _create_flows() -> None:
    op.create_table(
        "flows",
        sa.Column("target", _ID, autoincrement=False, nullable=False),
        sa.Column("source", _ID, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("qty_mg", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name=op.f("fk_flows_seq")),
        sa.ForeignKeyConstraint(["source"], ["nodes.id"], name=op.f("fk_flows_source")),
        sa.ForeignKeyConstraint(["target"], ["nodes.id"], name=op.f("fk_flows_target")),
        sa.PrimaryKeyConstraint("target", "source", name=op.f("pk_flows")),
    )
    op.create_index(op.f("ix_flows_source_target"), "flows", ["source", "target"], unique=False)


def _create_event_nodes() -> None:
    op.create_table(
        "event_nodes",
        sa.Column("node_id", _ID, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_event_nodes_node_id")),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name=op.f("fk_event_nodes_seq")),
        sa.PrimaryKeyConstraint("node_id", "seq", name=op.f("pk_event_nodes")),
    )


def _create_tables() -> None:
    op.create_table(
        "findings",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name=op.f("fk_findings_seq")),
        sa.PrimaryKeyConstraint("seq", "position", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_code_seq"), "findings", ["code", "seq"], unique=False)
