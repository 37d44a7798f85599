"""Alembic's environment: runs in the transaction that `migrate` opened; there is no offline mode."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
context.run_migrations()
