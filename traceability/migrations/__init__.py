"""Brings a database's tables up to this version, from the first one on; Alembic does the work."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from park.postgresql import wait_long
from traceability.database.transactions import Matter, alone
from traceability.errors import MigrationError

CONNECTION = "connection"
"""Name under which `env.py` finds the connection."""

_FIRST_TABLES = {"events", "log_head", "nodes", "flows", "batches", "pallets", "shipments"}
"""Made by the first revision: a database that has one of them and no revision isn't ours."""


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Upgrade to that revision within the connection's transaction.

    All of it is done, or nothing. Raises MigrationError for a database of a newer version or of
    another program.
    """
    wait_long(connection)
    alone(connection, Matter.MIGRATION)
    _check_owner(connection)
    config = _config()
    config.attributes[CONNECTION] = connection
    command.upgrade(config, revision)


def current(connection: Connection) -> str | None:
    """The revision that the database is at; None where it has no tables."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The revision that this version needs."""
    return _scripts().get_current_head()


def require_head(connection: Connection) -> None:
    """Raise MigrationError unless the tables are those of this version."""
    found, wanted = current(connection), head()
    if found != wanted:
        msg = (
            f"the database is at revision {found}, this agripark needs {wanted}; start it once, as "
            "by agripark serve, and an older one is brought up to date"
        )
        raise MigrationError(msg)


def _check_owner(connection: Connection) -> None:
    found = current(connection)
    if found is None:
        tables = set(inspect(connection).get_table_names())
        # Others may have tables in a database of PostgreSQL, but none lends its SQLite file.
        strange = tables if connection.dialect.name == "sqlite" else tables & _FIRST_TABLES
        if strange:
            msg = (
                f"the database belongs to something else: it has tables that agripark didn't make "
                f"({', '.join(sorted(strange)[:3])}, …); name an empty one"
            )
            raise MigrationError(msg)
    elif found not in {script.revision for script in _scripts().walk_revisions()}:
        msg = (
            f"the database is at revision {found}, which this agripark doesn't know: it was brought"
            " up to date by a newer one, or belongs to something else; install the newer agripark,"
            " or restore a backup"
        )
        raise MigrationError(msg)


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "traceability:migrations")
    return config
