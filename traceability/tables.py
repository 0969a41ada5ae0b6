"""The database's tables, on SQLite and PostgreSQL alike.

`events` is the source of truth; every other table follows from it.

The lineage is a graph: `nodes` are batches, sorting runs, pallets, shipments and losses, `flows`
the mass that went from one into another. A run is a node of its own, so that n inputs and m
outputs make n + m flows, not n x m. No node has more flowing out than its mass, and what flowed
into a node is its mass. The remaining tables say more about nodes of one kind.

Times are epoch milliseconds, masses whole milligrams.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite counts up INTEGER PRIMARY KEY columns only.
_Id = BigInteger().with_variant(Integer, "sqlite")


def _node_key() -> Column[int]:
    return Column("node_id", _Id, ForeignKey("nodes.id"), primary_key=True, autoincrement=False)


log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
)
"""One row: how many events there are. Who locks it is the one who captures."""

events = Table(
    "events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
    Column("declared", Boolean(name=None), nullable=False),
    Column("event_time_ms", BigInteger, nullable=False, index=True),
    Column("record_time_ms", BigInteger, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("content_hash", LargeBinary(32), nullable=False, index=True),
    Column("document", Text, nullable=False),
    UniqueConstraint("event_id", "declared"),
)
"""`seq` counts from 1 in the order of commits without gaps.

`declared`: the event declares that the one of the same id was wrong. `fingerprint`: SHA-256 of
the scan, or of all that the document said. `content_hash`: the event hash of CBV 2.0. `document`
is the event as it came, in the form of RFC 8785; these very bytes are its leaf in the ledger.
"""

findings = Table(
    "findings",
    metadata,
    Column("seq", BigInteger, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "code", "seq"),
)
"""What is odd about events that were stored all the same."""

nodes = Table(
    "nodes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("place", Text),
    Column("at_ms", BigInteger, nullable=False),
    Column("qty_mg", BigInteger, nullable=False),
    Index(None, "kind", "place", "at_ms", "qty_mg"),
)

flows = Table(
    "flows",
    metadata,
    Column("target", _Id, ForeignKey("nodes.id"), primary_key=True, autoincrement=False),
    Column("source", _Id, ForeignKey("nodes.id"), primary_key=True, autoincrement=False),
    Column("seq", BigInteger, ForeignKey("events.seq"), nullable=False),
    Column("qty_mg", BigInteger, nullable=False),
    Index(None, "source", "target"),
    Index(None, "seq"),
)

event_nodes = Table(
    "event_nodes",
    metadata,
    _node_key(),
    Column("seq", BigInteger, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Index(None, "seq"),
)
"""Which batches, pallets and shipments an event names."""

batches = Table(
    "batches",
    metadata,
    _node_key(),
    Column("gtin", Text, nullable=False),
    Column("lot", Text, nullable=False),
    Column("variety", Text, nullable=False),
    Column("grade", Text, nullable=False),
    Column("made_at_ms", BigInteger, nullable=False),
    Column("harvested_from_ms", BigInteger, nullable=False),
    Column("harvested_until_ms", BigInteger, nullable=False),
    Column("qty_mg", BigInteger, nullable=False),
    Column("at_hand_mg", BigInteger, nullable=False),
    Column("stored_mg", BigInteger, nullable=False),
    Column("packed_mg", BigInteger, nullable=False),
    Column("shipped_mg", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    UniqueConstraint("gtin", "lot"),
    Index(None, "made_at_ms", "gtin", "lot"),
    Index(None, "harvested_from_ms"),
)

origins = Table(
    "origins",
    metadata,
    _node_key(),
    Column("orchard", Text, primary_key=True),
    Column("share", Float(53), nullable=False),
    Index(None, "orchard"),
)
"""What share of a batch's mass came from which orchard."""

reached = Table(
    "reached",
    metadata,
    _node_key(),
    Column("destination", Text, primary_key=True),
    Index(None, "destination"),
)
"""Destinations that a batch, or something made of it, was shipped to."""

stays = Table(
    "stays",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("node_id", _Id, ForeignKey("nodes.id"), nullable=False),
    Column("room", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
    Column("qty_in_mg", BigInteger, nullable=False),
    Column("qty_out_mg", BigInteger, nullable=False),
    Column("lost_mg", BigInteger, nullable=False),
    Index(None, "node_id"),
    Index(None, "room", "since_ms"),
    Index(
        "ix_stays_here",
        "room",
        "since_ms",
        sqlite_where=text("until_ms IS NULL"),
        postgresql_where=text("until_ms IS NULL"),
    ),
)
"""`ix_stays_here` holds what lies in rooms now, however much did before."""

pallets = Table(
    "pallets",
    metadata,
    _node_key(),
    Column("sscc", Text, nullable=False, unique=True),
    Column("packed_at_ms", BigInteger, nullable=False),
    Column("packhouse", Text, nullable=False),
    Column("shipment", _Id, ForeignKey("shipments.node_id"), index=True),
    Column("received_at_ms", BigInteger),
)

shipments = Table(
    "shipments",
    metadata,
    _node_key(),
    Column("number", Text, nullable=False, unique=True),
    Column("destination", Text, nullable=False),
    Column("reefer", Text),
    Column("packhouse", Text, nullable=False),
    Column("shipped_at_ms", BigInteger, nullable=False),
    Column("received_at_ms", BigInteger),
    Index(None, "shipped_at_ms", "number"),
    Index(None, "destination", "shipped_at_ms", "number"),
)
