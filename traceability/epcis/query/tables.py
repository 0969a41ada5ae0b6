"""The index: what an event says, spread out so that any question is answered by a look-up.

Everything here follows from the events and can be rebuilt. The time of the event stands in every
index before its number: pages come out in order without sorting, whatever was asked for.

`event_terms` and `event_numbers` are keyed by the name of a field, see `fields`. Both are clustered
by their key on SQLite. They have no foreign keys: rows are only ever written together with the
`event_facts` of the same event, and checking each again would cost as much as writing it.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
)

from traceability.tables import metadata

# INTEGER makes it SQLite's own row number; BIGINT would cost a second tree.
_Seq = BigInteger().with_variant(Integer, "sqlite")
# In the order of bytes, as on SQLite, so that texts with one beginning stand side by side.
_Word = Text().with_variant(Text(collation="C"), "postgresql")

event_shapes = Table(
    "event_shapes",
    metadata,
    Column("id", _Seq, primary_key=True, autoincrement=False),
    Column("type", _Word, nullable=False),
    Column("action", _Word),
    Column("biz_step", _Word),
    Column("disposition", _Word),
)
"""The ways in which these four go together, each once; the id is a digest of the four."""

event_facts = Table(
    "event_facts",
    metadata,
    Column("seq", _Seq, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("event_time_ms", BigInteger, nullable=False),
    Column("record_time_ms", BigInteger, nullable=False),
    Column("shape", BigInteger, nullable=False),
    Column("type", _Word, nullable=False),
    Column("action", _Word),
    Column("biz_step", _Word),
    Column("disposition", _Word),
    Column("read_point", _Word),
    Column("biz_location", _Word),
    Index(None, "event_time_ms", "seq"),
    Index(None, "record_time_ms", "seq"),
    Index(None, "shape", "event_time_ms", "seq"),
    Index(None, "biz_step", "event_time_ms", "seq"),
    Index(None, "read_point", "event_time_ms", "seq", "shape"),
    Index(None, "biz_location", "event_time_ms", "seq", "shape"),
)
"""One row an event: the fields that every event has, or may have once."""

event_terms = Table(
    "event_terms",
    metadata,
    Column("name", _Word, primary_key=True),
    Column("value", _Word, primary_key=True),
    Column("event_time_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Texts by field: objects, papers, parties, extensions. A field that is there at all has an empty
text beside its own."""

event_numbers = Table(
    "event_numbers",
    metadata,
    Column("name", _Word, primary_key=True),
    Column("event_time_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Float(53), primary_key=True),
    Index(None, "name", "value", "event_time_ms", "seq"),
    sqlite_with_rowid=False,
)
"""Numbers and times by field, measurements in the base unit of their dimension."""

shape_terms = Table(
    "shape_terms",
    metadata,
    Column("name", _Word, primary_key=True),
    Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
    Column("shape", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Which fields, and roughly which of their texts, events of a shape have: see `meetings`.

It grows with the kinds of events and fields, not with the events.
"""
