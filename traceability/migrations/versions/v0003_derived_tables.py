"""Index, lineage, ledger and the rest of what is derived from events, or asked of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _create_capture_jobs()
    _create_contents()
    _create_event_numbers()
    _create_event_terms()
    _create_ledger_checkpoints()
    _create_ledger_nodes()
    _create_links()
    _create_named_queries()
    _create_sightings()
    _create_stops()
    _create_things()
    _create_event_facts()
    _create_subscriptions()


def _create_capture_jobs() -> None:
    op.create_table(
        "capture_jobs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("behaviour", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capture_jobs")),
        sa.UniqueConstraint("job_id", name=op.f("uq_capture_jobs_job_id")),
    )


def _create_contents() -> None:
    op.create_table(
        "contents",
        sa.Column("parent", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("child", sa.BigInteger(), nullable=True),
        sa.Column("form", sa.SmallInteger(), nullable=False),
        sa.Column("quantity", sa.Float(precision=53), nullable=True),
        sa.Column("uom", sa.Text(), nullable=True),
        sa.Column("mass_mg", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("parent", "at_ms", "seq", "position", name=op.f("pk_contents")),
    )
    op.create_index(op.f("ix_contents_seq"), "contents", ["seq"], unique=False)


def _create_event_numbers() -> None:
    op.create_table(
        "event_numbers",
        sa.Column("name", _WORD, nullable=False),
        sa.Column("event_time_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint(
            "name", "event_time_ms", "seq", "value", name=op.f("pk_event_numbers")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_event_numbers_name_value_event_time_ms_seq"),
        "event_numbers",
        ["name", "value", "event_time_ms", "seq"],
        unique=False,
    )


def _create_event_terms() -> None:
    op.create_table(
        "event_terms",
        sa.Column("name", _WORD, nullable=False),
        sa.Column("value", _WORD, nullable=False),
        sa.Column("event_time_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "name", "value", "event_time_ms", "seq", name=op.f("pk_event_terms")
        ),
        sqlite_with_rowid=False,
    )


def _create_ledger_checkpoints() -> None:
    op.create_table(
        "ledger_checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_ledger_checkpoints")),
    )


def _create_ledger_nodes() -> None:
    op.create_table(
        "ledger_nodes",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("level", "index", name=op.f("pk_ledger_nodes")),
        sqlite_with_rowid=False,
    )


def _create_links() -> None:
    op.create_table(
        "links",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.BigInteger(), nullable=True),
        sa.Column("source_form", sa.SmallInteger(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=True),
        sa.Column("target_form", sa.SmallInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("end_seq", sa.BigInteger(), nullable=True),
        sa.Column("quantity", sa.Float(precision=53), nullable=True),
        sa.Column("uom", sa.Text(), nullable=True),
        sa.Column("mass_mg", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_seq"), "links", ["seq"], unique=False)
    op.create_index(op.f("ix_links_source_from_ms"), "links", ["source", "from_ms"], unique=False)
    op.create_index(op.f("ix_links_target_from_ms"), "links", ["target", "from_ms"], unique=False)


def _create_named_queries() -> None:
    op.create_table(
        "named_queries",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_named_queries")),
        sa.UniqueConstraint("name", name=op.f("uq_named_queries_name")),
    )


def _create_sightings() -> None:
    op.create_table(
        "sightings",
        sa.Column("thing", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Float(precision=53), nullable=True),
        sa.Column("uom", sa.Text(), nullable=True),
        sa.Column("mass_mg", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("thing", "at_ms", "seq", "role", name=op.f("pk_sightings")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_sightings_seq"), "sightings", ["seq"], unique=False)


def _create_stops() -> None:
    op.create_table(
        "stops",
        sa.Column("seq", _ID, autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("biz_step", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("read_point", _WORD, nullable=True),
        sa.Column("location", _WORD, nullable=True),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("destination", sa.Text(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("papers", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_stops")),
    )
    op.create_index(op.f("ix_stops_location_at_ms"), "stops", ["location", "at_ms"], unique=False)
    op.create_index(
        op.f("ix_stops_read_point_at_ms"), "stops", ["read_point", "at_ms"], unique=False
    )


def _create_things() -> None:
    op.create_table(
        "things",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("key", _WORD, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_things")),
        sa.UniqueConstraint("key", name=op.f("uq_things_key")),
    )


def _create_event_facts() -> None:
    op.create_table(
        "event_facts",
        sa.Column("seq", _ID, autoincrement=False, nullable=False),
        sa.Column("event_time_ms", sa.BigInteger(), nullable=False),
        sa.Column("record_time_ms", sa.BigInteger(), nullable=False),
        sa.Column("type", _WORD, nullable=False),
        sa.Column("action", _WORD, nullable=True),
        sa.Column("biz_step", _WORD, nullable=True),
        sa.Column("disposition", _WORD, nullable=True),
        sa.Column("read_point", _WORD, nullable=True),
        sa.Column("biz_location", _WORD, nullable=True),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name=op.f("fk_event_facts_seq")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event_facts")),
    )
    op.create_index(
        op.f("ix_event_facts_biz_location_event_time_ms_seq"),
        "event_facts",
        ["biz_location", "event_time_ms", "seq"],
        unique=False,
    )
    op.create_index(
        op.f("ix_event_facts_biz_step_event_time_ms_seq"),
        "event_facts",
        ["biz_step", "event_time_ms", "seq"],
        unique=False,
    )
    op.create_index(
        op.f("ix_event_facts_disposition_event_time_ms_seq"),
        "event_facts",
        ["disposition", "event_time_ms", "seq"],
        unique=False,
    )
    op.create_index(
        op.f("ix_event_facts_event_time_ms_seq"),
        "event_facts",
        ["event_time_ms", "seq"],
        unique=False,
    )
    op.create_index(
        op.f("ix_event_facts_read_point_event_time_ms_seq"),
        "event_facts",
        ["read_point", "event_time_ms", "seq"],
        unique=False,
    )
    op.create_index(
        op.f("ix_event_facts_record_time_ms_seq"),
        "event_facts",
        ["record_time_ms", "seq"],
        unique=False,
    )
    op.create_index(
        op.f("ix_event_facts_type_event_time_ms_seq"),
        "event_facts",
        ["type", "event_time_ms", "seq"],
        unique=False,
    )


def _create_subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", _ID, nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("query_id", _ID, nullable=False),
        sa.Column("dest", sa.Text(), nullable=False),
        sa.Column("signature_token", sa.Text(), nullable=True),
        sa.Column("schedule", sa.Text(), nullable=True),
        sa.Column("report_if_empty", sa.Boolean(), nullable=False),
        sa.Column("initial_record_time_ms", sa.BigInteger(), nullable=True),
        sa.Column("identifier_form", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_notified_ms", sa.BigInteger(), nullable=True),
        sa.Column("due_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=False),
        sa.Column("claimed_until_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["query_id"], ["named_queries.id"], name=op.f("fk_subscriptions_query_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("subscription_id", name=op.f("uq_subscriptions_subscription_id")),
    )
    op.create_index(op.f("ix_subscriptions_query_id"), "subscriptions", ["query_id"], unique=False)
