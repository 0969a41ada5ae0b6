"""The ledger's tables: hashes of all complete subtrees, and checkpoints as they were given out.

A subtree that is complete never changes, so rows of `ledger_nodes` are added and never touched
again. 2n rows hold the tree of n events; every root and proof is made of a few of them.
"""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text

from traceability.tables import metadata

ledger_nodes = Table(
    "ledger_nodes",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
    sqlite_with_rowid=False,
)
"""The subtree over the 2**level leaves from index * 2**level on; level 0 are the leaves."""

ledger_checkpoints = Table(
    "ledger_checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("note", Text, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
)
"""`note` has all signatures that are known, also of witnesses; `time_ms` is when it was signed."""
