"""Tables whose rows belong to one client, such as its stored answers and its own references to records."""

from dataclasses import dataclass

from sqlalchemy import Table, Text, column, func, select
from sqlalchemy.schema import ExecutableDDLElement

from service_kit.policy.rls import CLIENT, RowPolicy, RowSecurity


@dataclass(frozen=True, slots=True)
class ClientRule:
    """Which column of a table names the client that owns the row."""

    column: str


def protect_by_client(table: Table, client_column: str) -> Table:
    """Declares that a client sees its own rows only; the migration runs `client_policies(table, service)`."""
    if client_column not in table.c:
        raise ValueError(f"table {table.name}: no such column {client_column}")
    table.info["rls"] = ClientRule(client_column)
    return table


def client_policies(table: Table, service: str) -> list[ExecutableDDLElement]:
    """The statements, in order, that put row-level security on a table declared with `protect_by_client`.

    The client is compared with `app.client`, which every transaction of the api role sets; unset, nothing is seen.
    """
    rule: ClientRule = table.info["rls"]
    caller = select(func.nullif(func.current_setting(CLIENT, True), "")).scalar_subquery()
    return [
        RowSecurity(table, "enable"),
        RowSecurity(table, "force"),
        RowPolicy(table, "clients", [f"{service}_api"], column(rule.column, Text) == caller),
        RowPolicy(table, "staff", [f"{service}_worker", f"{service}_owner"], None),
    ]
