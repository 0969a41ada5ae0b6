"""Databases that were filled in minutes, as they are after months."""

from sqlalchemy import Engine, text

MEMORY = "shared_buffers=1GB"
"""Of PostgreSQL, as docs/running.md advises; 128 MB, what a server has untold, hold a tenth of a
store of a million events."""


def settle(engine: Engine) -> None:
    """Do what PostgreSQL itself has done long ago in a store that grew over months."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # The look whether the connection still lives has begun a transaction.
        connection.connection.rollback()
        for command in ("VACUUM ANALYZE", "CHECKPOINT"):
            connection.execute(text(command))
