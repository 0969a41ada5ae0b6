"""Brings a database's tables up to this version, from the first one on; Alembic does the work."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

CONNECTION = "connection"
"""Name under which `env.py` finds the connection."""

_LOCK = 4_713_202_607
"""Any number that nobody else uses. Two processes that start at once migrate one by one."""


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Upgrade to that revision within the connection's transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = _config()
    config.attributes[CONNECTION] = connection
    command.upgrade(config, revision)


def current(connection: Connection) -> str | None:
    """The revision that the database is at; None where it has no tables."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The revision that this version needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "traceability:migrations")
    return config
