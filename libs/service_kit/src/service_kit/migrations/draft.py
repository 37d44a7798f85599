"""Writes the first draft of a version file: what the tables in the code have and the database does not.

A draft is read and completed by a person: row-level policies, range types and data are not seen by comparison.
"""

from collections.abc import Collection
from typing import Any

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import UpgradeOps
from sqlalchemy import Connection, MetaData
from sqlalchemy.schema import SchemaItem


def draft(connection: Connection, metadata: MetaData, only: Collection[str] | None = None) -> str:
    """Python code for `upgrade()`: how a database differs from `metadata` (of the tables `only`, if given)."""

    def included(item: SchemaItem, name: str | None, kind: str, reflected: bool, _: Any) -> bool:
        table = name if kind == "table" else getattr(getattr(item, "table", None), "name", None)
        return (only is None or table in only) and not (reflected and kind == "table")

    context = MigrationContext.configure(
        connection,
        opts={"include_object": included, "target_metadata": metadata, "compare_server_default": False},
    )
    operations = produce_migrations(context, metadata).upgrade_ops
    if not isinstance(operations, UpgradeOps):
        raise TypeError("comparison gave no operations")
    return render_python_code(operations, migration_context=context)
