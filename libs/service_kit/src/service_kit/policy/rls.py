"""Row-level security: Postgres itself hides what the decision does not cover, whatever a query forgets.

Each transaction of the api role begins by telling Postgres the decision (`session_settings`); policies compare the
tenant columns with it as `column = any((select ...))`, which Postgres evaluates once per statement (an init plan)
and not once per row. A setting that was not set hides everything. Settings are kept per data class, because one
decision may open public rows of the whole region and personal rows of one authority.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import (
    ColumnElement,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.compiler import DDLCompiler

from contracts.data_class import DataClass
from eventing.raw import Composed
from service_kit.deadline import STATEMENT_TIMEOUT
from service_kit.policy.decide import Decision
from service_kit.policy.scope import RowScope

TENANTS: Final = ("authority", "school", "person", "subject", "body")
_PLURAL: Final = {
    "authority": "authorities",
    "school": "schools",
    "person": "persons",
    "subject": "subjects",
    "body": "bodies",
}

EVERYTHING: Final = "app.everything"
"""The data classes of which every row may be had."""
CLIENT: Final = "app.client"
"""The client and subject that call: the owner of stored idempotent answers."""


def setting(data_class: DataClass, tenant: str) -> str:
    """The name of the setting that lists the tenants covered in one class, like `app.personal_authorities`."""
    return f"app.{data_class}_{_PLURAL[tenant]}"


RLS_SETTINGS: Final = (
    EVERYTHING,
    CLIENT,
    *(setting(data_class, tenant) for data_class in DataClass for tenant in TENANTS),
)
"""Every setting that a policy may read."""


def session_settings(decision: Decision) -> Mapping[str, str]:
    """The settings of a transaction made under this decision; what is absent covers nothing.

    Codes and ids hold no comma (they are checked identifiers); a value that does is dropped, which only hides.
    """
    settings = {CLIENT: decision.principal.client_id}
    if not decision.allowed:
        return settings
    settings[EVERYTHING] = ",".join(c for c in DataClass if decision.rows(c).everything)
    for data_class in DataClass:
        for tenant, values in _tenants(decision.rows(data_class)):
            if kept := sorted(value for value in values if "," not in value):
                settings[setting(data_class, tenant)] = ",".join(kept)
    return settings


def _tenants(scope: RowScope) -> Iterator[tuple[str, frozenset[str]]]:
    yield "authority", scope.authorities
    yield "school", scope.schools
    yield "person", scope.persons
    yield "subject", scope.subjects
    yield "body", scope.bodies


@dataclass(frozen=True, slots=True)
class TenantRule:
    """How one table's rows are protected: the tenant columns by kind, and the class that a row's existence has.

    `data_class` is one class for the whole table, or the name of a column that holds each row's own class.
    Columns of a higher class than the row are redacted above the database. `other_side`: the tenant columns of a
    second party to the same row, such as the supporting school of a commission; one or several of a kind.
    """

    data_class: DataClass | str
    columns: Mapping[str, str]
    insert_freely: bool = False
    other_side: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    @property
    def tenants(self) -> tuple[tuple[str, str], ...]:
        """Every tenant column with its kind, of both sides."""
        others = ((kind, name) for kind, names in self.other_side.items() for name in _each(names))
        return (*self.columns.items(), *others)


def _each(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def protect(
    table: Table,
    data_class: DataClass | str,
    *,
    authority: str | None = None,
    school: str | None = None,
    person: str | None = None,
    subject: str | None = None,
    body: str | None = None,
    insert_freely: bool = False,
    other_side: Mapping[str, str | tuple[str, ...]] | None = None,
) -> Table:
    """Declares whose a table's rows are (`table.info["rls"]`); its migration runs `policies(table, service)`.

    Without tenant columns only a caller with every row of the class sees any. `insert_freely`: every caller may add
    rows (the audit), seen or not. Raises ValueError when a column named is not the table's.
    """
    given = {"authority": authority, "school": school, "person": person, "subject": subject, "body": body}
    columns = {tenant: name for tenant, name in given.items() if name is not None}
    others = dict(other_side or {})
    named = [
        *columns.values(),
        *(name for names in others.values() for name in _each(names)),
        *([] if isinstance(data_class, DataClass) else [data_class]),
    ]
    missing = [name for name in named if name not in table.c]
    if missing:
        raise ValueError(f"table {table.name}: no such column {missing}")
    table.info["rls"] = TenantRule(data_class, columns, insert_freely, others)
    return table


def policies(table: Table, service: str) -> list[ExecutableDDLElement]:
    """The statements, in order, that put row-level security on a table declared with `protect`.

    `<service>_api` is filtered by the transaction's settings; `<service>_worker` (relay, consumer) and
    `<service>_owner` (migrations) have a policy of their own that passes every row, because they serve no caller.
    FORCE makes the owner subject too: nobody but a superuser passes without a policy.
    """
    rule: TenantRule = table.info["rls"]
    api, staff = [f"{service}_api"], [f"{service}_worker", f"{service}_owner"]
    statements: list[ExecutableDDLElement] = [
        RowSecurity(table, "enable"),
        RowSecurity(table, "force"),
        RowPolicy(table, "tenants", api, _covered(rule)),
        RowPolicy(table, "staff", staff, None),
    ]
    if rule.insert_freely:
        statements.append(RowPolicy(table, "additions", api, None, inserts_only=True))
    return statements


class RowSecurity(ExecutableDDLElement):
    """`ALTER TABLE ... ENABLE` or `FORCE ROW LEVEL SECURITY`."""

    inherit_cache = False

    def __init__(self, table: Table, verb: Literal["enable", "force"]) -> None:
        self.table = table
        self.verb = verb


class RowPolicy(ExecutableDDLElement):
    """`CREATE POLICY` for reading and writing; without a condition it passes every row."""

    inherit_cache = False

    def __init__(
        self,
        table: Table,
        name: str,
        roles: list[str],
        condition: ColumnElement[bool] | None,
        *,
        inserts_only: bool = False,
    ) -> None:
        self.table = table
        self.name = name
        self.roles = roles
        self.condition = condition
        self.inserts_only = inserts_only


@compiles(RowSecurity)
def _row_security(element: RowSecurity, compiler: DDLCompiler, **_: Any) -> str:
    table = compiler.preparer.format_table(element.table)
    return " ".join(["ALTER TABLE", table, element.verb.upper(), "ROW LEVEL SECURITY"])


@compiles(RowPolicy)
def _row_policy(element: RowPolicy, compiler: DDLCompiler, **_: Any) -> str:
    quote = compiler.preparer.quote
    condition = "true"
    if element.condition is not None:
        condition = compiler.sql_compiler.process(element.condition, literal_binds=True)
    # The same condition decides which rows are seen and which may be written: FOR ALL uses it as WITH CHECK.
    verb, clause = ("INSERT", "WITH CHECK") if element.inserts_only else ("ALL", "USING")
    return " ".join(
        [
            *("CREATE POLICY", quote(element.name), "ON", compiler.preparer.format_table(element.table)),
            *("FOR", verb, "TO", ", ".join(quote(role) for role in element.roles)),
            *(clause, "(", condition, ")"),
        ]
    )


def _covered(rule: TenantRule) -> ColumnElement[bool]:
    if isinstance(rule.data_class, DataClass):
        return _covered_in(rule.data_class, rule.tenants)
    kept: ColumnElement[str] = column(rule.data_class, Text)
    return or_(
        kept == any_(_listed(EVERYTHING)),
        *(and_(kept == literal(c.value), or_(false(), *_tenant_parts(c, rule.tenants))) for c in DataClass),
    )


def _covered_in(data_class: DataClass, columns: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    everything = select(literal(data_class.value) == any_(_array(EVERYTHING))).scalar_subquery()
    return or_(*_tenant_parts(data_class, columns), everything)


def _tenant_parts(data_class: DataClass, columns: Sequence[tuple[str, str]]) -> list[ColumnElement[bool]]:
    return [column(name, Text) == any_(_listed(setting(data_class, tenant))) for tenant, name in columns]


def _listed(name: str) -> ColumnElement[Any]:
    """`(select array)`: evaluated once per statement. Without the cast Postgres would read it as rows."""
    return cast(select(_array(name)).scalar_subquery(), ARRAY(Text))


def _array(name: str) -> ColumnElement[Any]:
    return func.string_to_array(func.nullif(func.current_setting(name, True), ""), ",", type_=ARRAY(Text))


def _set() -> Composed:
    names, values = bindparam("names", type_=ARRAY(Text)), bindparam("values", type_=ARRAY(Text))
    given = func.unnest(names, values).table_valued("name", "value").render_derived(name="given")
    return Composed.of(select(func.set_config(given.c.name, given.c.value, True)))


_SET: Final = _set()


async def apply_settings(connection: AsyncConnection, settings: Mapping[str, str]) -> None:
    """The first statement of a transaction: one text whatever the settings, so it is prepared once.

    `set_config(..., true)` lasts until the transaction ends, so nothing leaks to the next user of a pooled
    connection. `statement_timeout` may be among them. Raises ValueError for another name that no policy reads.
    """
    if unknown := sorted(set(settings) - {*RLS_SETTINGS, STATEMENT_TIMEOUT}):
        raise ValueError(f"not a row-level setting: {unknown}")
    text, *arguments = _SET.with_(names=list(settings), values=list(settings.values()))
    await connection.exec_driver_sql(text, tuple(arguments))
