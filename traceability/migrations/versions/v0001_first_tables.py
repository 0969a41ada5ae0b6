"""The first tables: events, lineage, batches, pallets, shipments."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables and the one row of `log_head`."""
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("event_time_ms", sa.BigInteger(), nullable=False),
        sa.Column("record_time_ms", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_events_event_id")),
    )
    op.create_index(op.f("ix_events_event_time_ms"), "events", ["event_time_ms"], unique=False)
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
    )
    op.create_table(
        "nodes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("qty_mg", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
        sa.UniqueConstraint("key", name=op.f("uq_nodes_key")),
    )
    op.create_table(
        "batches",
        sa.Column("node_id", _ID, autoincrement=False, nullable=False),
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("variety", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("harvested_from_ms", sa.BigInteger(), nullable=False),
        sa.Column("harvested_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("qty_mg", sa.BigInteger(), nullable=False),
        sa.Column("at_hand_mg", sa.BigInteger(), nullable=False),
        sa.Column("stored_mg", sa.BigInteger(), nullable=False),
        sa.Column("packed_mg", sa.BigInteger(), nullable=False),
        sa.Column("shipped_mg", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_batches_node_id")),
        sa.PrimaryKeyConstraint("node_id", name=op.f("pk_batches")),
        sa.UniqueConstraint("gtin", "lot", name=op.f("uq_batches_gtin_lot")),
    )
    op.create_index(
        op.f("ix_batches_made_at_ms_gtin_lot"),
        "batches",
        ["made_at_ms", "gtin", "lot"],
        unique=False,
    )
    op.create_table(
        "event_nodes",
        sa.Column("node_id", _ID, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_event_nodes_node_id")),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name=op.f("fk_event_nodes_seq")),
        sa.PrimaryKeyConstraint("node_id", "seq", name=op.f("pk_event_nodes")),
    )
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
    op.create_table(
        "origins",
        sa.Column("node_id", _ID, autoincrement=False, nullable=False),
        sa.Column("orchard", sa.Text(), nullable=False),
        sa.Column("share", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_origins_node_id")),
        sa.PrimaryKeyConstraint("node_id", "orchard", name=op.f("pk_origins")),
    )
    op.create_index(op.f("ix_origins_orchard"), "origins", ["orchard"], unique=False)
    op.create_table(
        "reached",
        sa.Column("node_id", _ID, autoincrement=False, nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_reached_node_id")),
        sa.PrimaryKeyConstraint("node_id", "destination", name=op.f("pk_reached")),
    )
    op.create_index(op.f("ix_reached_destination"), "reached", ["destination"], unique=False)
    op.create_table(
        "shipments",
        sa.Column("node_id", _ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("reefer", sa.Text(), nullable=True),
        sa.Column("packhouse", sa.Text(), nullable=False),
        sa.Column("shipped_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_shipments_node_id")),
        sa.PrimaryKeyConstraint("node_id", name=op.f("pk_shipments")),
        sa.UniqueConstraint("number", name=op.f("uq_shipments_number")),
    )
    op.create_index(op.f("ix_shipments_destination"), "shipments", ["destination"], unique=False)
    op.create_index(
        op.f("ix_shipments_shipped_at_ms_number"),
        "shipments",
        ["shipped_at_ms", "number"],
        unique=False,
    )
    op.create_table(
        "stays",
        sa.Column("id", _ID, nullable=False),
        sa.Column("node_id", _ID, nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("qty_in_mg", sa.BigInteger(), nullable=False),
        sa.Column("qty_out_mg", sa.BigInteger(), nullable=False),
        sa.Column("lost_mg", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_stays_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stays")),
    )
    op.create_index(op.f("ix_stays_node_id"), "stays", ["node_id"], unique=False)
    op.create_index(op.f("ix_stays_room_since_ms"), "stays", ["room", "since_ms"], unique=False)
    op.create_table(
        "pallets",
        sa.Column("node_id", _ID, autoincrement=False, nullable=False),
        sa.Column("sscc", sa.Text(), nullable=False),
        sa.Column("packed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("packhouse", sa.Text(), nullable=False),
        sa.Column("shipment", _ID, nullable=True),
        sa.Column("received_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_pallets_node_id")),
        sa.ForeignKeyConstraint(
            ["shipment"], ["shipments.node_id"], name=op.f("fk_pallets_shipment")
        ),
        sa.PrimaryKeyConstraint("node_id", name=op.f("pk_pallets")),
        sa.UniqueConstraint("sscc", name=op.f("uq_pallets_sscc")),
    )
    op.create_index(op.f("ix_pallets_shipment"), "pallets", ["shipment"], unique=False)
    op.execute("INSERT INTO log_head (id, size) VALUES (1, 0)")
