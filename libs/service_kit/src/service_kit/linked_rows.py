"""Tables whose rows are seen by whoever sees a row of another table: documents, by the records that bear them.

PostgreSQL applies the row-level security of the other table inside the policy, so nothing has to be said twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, Text, and_, column, exists, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.selectable import TableValuedAlias

from service_kit.policy.rls import RowPolicy, RowSecurity


@dataclass(frozen=True)
class LinkedRule:
    """Which column lists the records, `[{"kind": ..., "id": ...}]`, and the tables with an `id` by kind."""

    column: str
    tables: Mapping[str, Table]


def protect_by_links(table: Table, links_column: str, tables: Mapping[str, Table]) -> Table:
    """Declares that a row is seen where a row of one of its records is; the migration runs `linked_policies`."""
    if links_column not in table.c:
        raise ValueError(f"table {table.name}: no such column {links_column}")
    table.info["rls"] = LinkedRule(links_column, tables)
    return table


def unpacked(links: ColumnElement[object]) -> TableValuedAlias:
    """The records that a row lists, as a table `kind, id`."""
    given = func.jsonb_to_recordset(links).table_valued(column("kind", Text), column("id", Text))
    return given.render_derived(name="borne", with_types=True)


def linked_policies(table: Table, service: str) -> list[ExecutableDDLElement]:
    """The statements, in order, that put row-level security on a table declared with `protect_by_links`."""
    rule: LinkedRule = table.info["rls"]
    borne = unpacked(column(rule.column, JSONB))
    seen = [
        and_(borne.c.kind == literal(kind), borne.c.id.in_(select(other.c.id)))
        for kind, other in sorted(rule.tables.items())
    ]
    condition = exists(select(literal(1)).select_from(borne).where(or_(false(), *seen)))
    return [
        RowSecurity(table, "enable"),
        RowSecurity(table, "force"),
        RowPolicy(table, "records", [f"{service}_api"], condition),
        RowPolicy(table, "staff", [f"{service}_worker", f"{service}_owner"], None),
    ]
