"""Alembic's entry: runs the migrations on the connection that `traceability.migrations` passes."""

from alembic import context

from traceability.migrations import CONNECTION
from traceability.schema import metadata

context.configure(connection=context.config.attributes[CONNECTION], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
