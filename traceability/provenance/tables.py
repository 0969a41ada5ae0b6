"""Tables of the lineage of events; everything in them follows from the events.

`things` are whatever events name, by canonical identifier (of an
object with a serial number without its lot), and runs: transformations. A run is a
thing of its own, so that n inputs and m outputs make n + m links, not n x m.

`links` point in the direction of the goods. Each has a closed window of time in which it holds:

======== ====== ========= =======================================================
kind     source target    window
======== ====== ========= =======================================================
contains child  container from going in until the last millisecond before coming out
into     input  run       the instant
out_of   run    output    from the instant on; for the first that made it, always
made     -      thing     the instant
ended    thing  -         the instant
======== ====== ========= =======================================================

`contents` are the statements of aggregation events; the links of a container follow from them
(see `containment`). `stops` say where, why and with whom an event was, `sightings` which things it
named. Of an event that was declared wrong nothing is in any of them.

Times are epoch milliseconds, masses whole milligrams.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)

from traceability.tables import metadata

# INTEGER makes it SQLite's own row number; BIGINT would cost a second tree.
_Id = BigInteger().with_variant(Integer, "sqlite")
# In the order of bytes, as on SQLite, so that a place and the places in it stand side by side.
_Word = Text().with_variant(Text(collation="C"), "postgresql")

OPEN = 9_000_000_000_000_000
"""End of a window that hasn't ended; beyond any time, exact in a float."""
BEGINNING = -OPEN
"""Start of a window that always was."""

ITSELF, LOT, PRODUCT = 0, 1, 2
"""What an identifier stands for: one object (or run), a lot, or any object of a product.

A product isn't followed: all fruit of one GTIN has nothing in common but its name.
"""

CONTAINS, INTO, OUT_OF, MADE, ENDED = "contains", "into", "out_of", "made", "ended"
"""Kinds of links."""

things = Table(
    "things",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("key", _Word, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("source", BigInteger),
    Column("source_form", SmallInteger, nullable=False),
    Column("target", BigInteger),
    Column("target_form", SmallInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False, index=True),
    Column("end_seq", BigInteger),
    Column("quantity", Float(53)),
    Column("uom", Text),
    Column("mass_mg", BigInteger),
    Index(None, "source", "from_ms"),
    Index(None, "target", "from_ms"),
)
"""`seq` is the event that made the link, `end_seq` the one that ended it.

No foreign keys: rows are only ever written together with what they name, and checking each again
would cost as much as writing it.
"""

contents = Table(
    "contents",
    metadata,
    Column("parent", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("action", Text, nullable=False),
    Column("child", BigInteger),
    Column("form", SmallInteger, nullable=False),
    Column("quantity", Float(53)),
    Column("uom", Text),
    Column("mass_mg", BigInteger),
    Index(None, "seq"),
)
"""What aggregation events said; `child` is null where all contents came out."""

stops = Table(
    "stops",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("action", Text),
    Column("biz_step", Text),
    Column("disposition", Text),
    Column("read_point", _Word),
    Column("location", _Word),
    Column("origin", Text),
    Column("destination", Text),
    Column("holder", Text),
    Column("owner", Text),
    Column("papers", Text),
    Index(None, "location", "at_ms"),
    Index(None, "read_point", "at_ms"),
    Index(
        None,
        "origin",
        "at_ms",
        sqlite_where=text("origin IS NOT NULL"),
        postgresql_where=text("origin IS NOT NULL"),
    ),
)
"""One row an event. `location` is where the things are afterwards; `origin` and `destination` are
places, `holder` and `owner` who has and owns the things afterwards; `papers` a JSON list of pairs
of type and identifier."""

sightings = Table(
    "sightings",
    metadata,
    Column("thing", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("role", Text, primary_key=True),
    Column("quantity", Float(53)),
    Column("uom", Text),
    Column("mass_mg", BigInteger),
    Index(None, "seq"),
    sqlite_with_rowid=False,
)
"""Which things an event named, as what: `named`, `parent`, `child`, `input` or `output`."""

certificates = Table(
    "certificates",
    metadata,
    Column("certificate", _Word, primary_key=True),
    Column("begun", BigInteger, nullable=False),
    Column("weighed", BigInteger, nullable=False),
    Column("mass_mg", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What came into being under a certificate: how many links say so, of how many of them the mass is
known, and the sum of those. Else each event under it would add up all before."""

certified_shipments = Table(
    "certified_shipments",
    metadata,
    Column("certificate", _Word, primary_key=True),
    Column("place", _Word, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Events by which goods were shipped from a place under a certificate."""
