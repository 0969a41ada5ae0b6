"""Tables of master data: attributes of vocabulary elements, and which lies in which.

They aren't derived from events. What was said last holds, so they grow with the things that are
described, not with the documents. Texts are bounded as in the index of events; those that only
name (`vocabulary`, `attribute`) even more, so that every key fits what PostgreSQL's indexes take.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from traceability.tables import metadata

# In the order of bytes and compared as such, as in the index of events.
_Word = Text().with_variant(Text(collation="C"), "postgresql")

master_attributes = Table(
    "master_attributes",
    metadata,
    Column("vocabulary", _Word, primary_key=True),
    Column("element", _Word, primary_key=True),
    Column("attribute", _Word, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("value", _Word, nullable=False),
    Column("record_time_ms", BigInteger, nullable=False),
    Index(None, "attribute", "value", "element"),
    sqlite_with_rowid=False,
)
"""One row a value: an attribute may have several, as a list has in XML. `element` stands in the
form in which events are indexed; a `value` that is no text is its JSON by RFC 8785."""

master_children = Table(
    "master_children",
    metadata,
    Column("vocabulary", _Word, primary_key=True),
    Column("parent", _Word, primary_key=True),
    Column("child", _Word, primary_key=True),
    Column("record_time_ms", BigInteger, nullable=False),
    Index(None, "parent", "child"),
    sqlite_with_rowid=False,
)
"""One row a place that lies directly in another."""
