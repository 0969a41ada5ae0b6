"""Tables of the REST binding: capture jobs, named queries and who subscribed to them.

They say nothing about events and aren't derived from them. Times are epoch milliseconds.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, Table, Text

from traceability.tables import metadata

# SQLite counts up INTEGER PRIMARY KEY columns only.
_Id = BigInteger().with_variant(Integer, "sqlite")

capture_jobs = Table(
    "capture_jobs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("job_id", Text, nullable=False, unique=True),
    Column("behaviour", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("finished_at_ms", BigInteger, nullable=False),
    Column("problems", Text, nullable=False),
)
"""`behaviour` is `rollback` or `proceed`; `problems` a JSON array, empty where all went well."""

named_queries = Table(
    "named_queries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("definition", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
)
"""`definition` is the query as it was given, in JSON."""

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("subscription_id", Text, nullable=False, unique=True),
    Column("query_id", _Id, ForeignKey("named_queries.id"), nullable=False, index=True),
    Column("dest", Text, nullable=False),
    Column("signature_token", Text),
    Column("schedule", Text),
    Column("report_if_empty", Boolean(name=None), nullable=False),
    Column("initial_record_time_ms", BigInteger),
    Column("identifier_form", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_notified_ms", BigInteger),
    Column("due_at_ms", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("claimed_by", Text, nullable=False),
    Column("claimed_until_ms", BigInteger, nullable=False),
)
"""`schedule` is JSON, NULL for a stream. `last_seq`: every event up to this number was delivered or
didn't fit. `due_at_ms`: nothing happens before. `claimed_by`: the process that delivers just now,
so that several processes on one database don't deliver the same twice.
"""
