"""PostgreSQL itself hides what a query forgets to hide: every table with a row policy, of every service (design §6).

The tables and their rules are read from the services' own metadata. Each table gets rows of every tenant and class, and
is read under every kind of decision by a query without any condition: what comes back is what the rule covers.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Column, Table, insert, literal_column, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, Range
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contracts.data_class import DataClass
from service_kit.auth.principal import Principal
from service_kit.client_rows import ClientRule
from service_kit.linked_rows import LinkedRule
from service_kit.migrations.upgrade import migrate
from service_kit.policy.decide import Decision
from service_kit.policy.rls import TENANTS, TenantRule, apply_settings, session_settings
from service_kit.policy.scope import ALL_ROWS, NO_ROWS, RowScope
from service_kit.service import Service
from testkit.architecture import service_names
from testkit.architecture.promises import load_services
from testkit.fixtures import FreshDatabase

ROOT = Path(__file__).parents[2]
MINE, THEIRS = "a", "z"
_PLURAL: Final = dict(zip(TENANTS, ("authorities", "schools", "persons", "subjects", "bodies"), strict=True))
# What a row must be beside whose it is has nothing to do with who sees it.
_CONSTRAINTS: Final = """
select format('alter table %s drop constraint %I cascade', conrelid::regclass, conname)
from pg_constraint where contype in ('c', 'f', 'x', 'u') and connamespace = 'public'::regnamespace
"""
_TRIGGERS: Final = """
select format('alter table %s disable trigger user', c.oid::regclass) from pg_class c
where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
"""
_VALUES: Final[Mapping[str, Any]] = {
    "BOOLEAN": lambda n: False, "DATE": lambda n: date(2020, 1, 1) + timedelta(n), "JSONB": lambda n: {},
    "DATERANGE": lambda n: Range(date(2020, 1, 1) + timedelta(n), None), "BYTEA": lambda n: b"x",
    "TSTZRANGE": lambda n: Range(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(n), None),
    "TIMESTAMP WITH TIME ZONE": lambda n: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(n), "UUID": lambda n: None,
}  # fmt: skip


def guarded(service: Service) -> list[tuple[Table, TenantRule]]:
    """The tables whose rows are somebody's, with the rule that says whose."""
    assert service.metadata is not None
    found = [(table, table.info.get("rls")) for table in service.metadata.sorted_tables]
    return [(table, rule) for table, rule in found if isinstance(rule, TenantRule)]


def _value(column: Column[Any], number: int) -> Any:
    kind = column.type.compile(dialect=_DIALECT)
    if isinstance(column.type, ARRAY):
        return []
    if kind in _VALUES:
        return _VALUES[kind](number)
    return number if "INT" in kind or "NUMERIC" in kind or "FLOAT" in kind else f"{column.name}-{number}"


_DIALECT: Final = postgresql.dialect()


def _needed(table: Table) -> list[Column[Any]]:
    return [
        column
        for column in table.c
        if column.computed is None
        and column.identity is None
        and (column.primary_key or not column.nullable)
        and column.server_default is None
    ]


def rows_for(table: Table, rule: TenantRule) -> list[dict[str, Any]]:
    """A row of mine by each tenant column, one that is nobody's of mine; of each class where rows have their own."""
    names = [name for _, name in rule.tenants]
    classes = [None] if isinstance(rule.data_class, DataClass) else [one.value for one in DataClass]
    rows: list[dict[str, Any]] = []
    for data_class in classes:
        for mine in (None, *names):
            row = {column.name: _value(column, len(rows)) for column in _needed(table)}
            # A tenant that is part of the key is told apart by what else is in the key.
            row |= dict.fromkeys(names, THEIRS) | ({mine: MINE} if mine else {})
            if data_class is not None:
                row[str(rule.data_class)] = data_class
            rows.append(row)
    return rows


def decisions() -> Iterator[dict[DataClass, RowScope]]:
    """Nothing; and of each class everything, or what is mine as each kind of tenant."""
    yield {}
    for data_class in DataClass:
        yield {data_class: NO_ROWS}
        yield {data_class: ALL_ROWS}
        for kind in TENANTS:
            yield {data_class: RowScope(**{_PLURAL[kind]: frozenset({MINE})})}


def covered(rule: TenantRule, row: Mapping[str, Any], by_class: Mapping[DataClass, RowScope]) -> bool:
    """What the rule says of one row, in a few words of Python."""
    own = rule.data_class if isinstance(rule.data_class, DataClass) else DataClass(row[rule.data_class])
    scope = by_class.get(own, NO_ROWS)
    return scope.everything or any(row[name] in getattr(scope, _PLURAL[kind]) for kind, name in rule.tenants)


async def filled(owner: AsyncEngine, tables: Sequence[tuple[Table, TenantRule]]) -> None:
    """Puts the rows in."""
    async with owner.begin() as connection:
        for statement in (_CONSTRAINTS, _TRIGGERS):
            for change in list(await connection.scalars(text(statement))):
                await connection.execute(text(change))
        for table, rule in tables:
            for row in rows_for(table, rule):
                await connection.execute(insert(table).values(row))


async def differing(made: "Ground", table: Table, rule: TenantRule) -> list[str]:
    """Under which decisions a query without conditions is shown anything else than the rule covers."""
    place = literal_column("ctid::text").label("place")
    named = {name for _, name in rule.tenants} | ({str(rule.data_class)} - set(DataClass))
    async with made.worker.begin() as connection:
        columns = [table.c[name] for name in sorted(named)]
        every = [
            dict(row)
            for row in (await connection.execute(select(place, *columns).select_from(table))).mappings()
        ]
    wrong = []
    for by_class in decisions():
        expected = {row["place"] for row in every if covered(rule, row, by_class)}
        async with made.api.begin() as connection:
            settings = session_settings(Decision(Principal("s", "c"), "schools.read", True, by_class))
            await apply_settings(connection, settings)
            shown = set(await connection.scalars(select(place).select_from(table)))
        if shown != expected:
            wrong.append(f"{table.name}: {by_class} shows {len(shown)}, not {len(expected)} of {len(every)}")
    return wrong


@dataclass(frozen=True)
class Ground:
    """A service with its guarded tables, and its database filled, as each of the three roles."""

    service: Service
    tables: Sequence[tuple[Table, TenantRule]]
    owner: AsyncEngine
    api: AsyncEngine
    worker: AsyncEngine


@pytest.fixture
async def ground(fresh_database: FreshDatabase) -> AsyncIterator[Callable[[str], Awaitable[Ground]]]:
    """`await ground(name)`."""
    opened: list[AsyncEngine] = []

    async def ready(name: str) -> Ground:
        (service,) = load_services([name])
        database = fresh_database(name)
        await migrate(database.owner_url, service)
        urls = (database.owner_url, database.api_url, database.worker_url)
        opened.extend(create_async_engine(url) for url in urls)
        made = Ground(service, guarded(service), *opened[-3:])
        await filled(made.owner, made.tables)
        return made

    yield ready
    for engine in opened:
        await engine.dispose()


@pytest.mark.parametrize("name", [name for name in service_names(ROOT) if name != "gateway"])
async def test_a_query_that_forgets_its_condition_is_shown_what_the_rule_covers(
    name: str, ground: Any
) -> None:
    """Design §6: row-level security holds for every guarded table, whatever a query forgets."""
    made = await ground(name)
    rules = [table.info.get("rls") for table in made.service.metadata.sorted_tables]
    assert {type(rule) for rule in rules if rule is not None} <= {TenantRule, LinkedRule, ClientRule}
    assert len(made.tables) > 3
    wrong = [one for table, rule in made.tables for one in await differing(made, table, rule)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "policy",
    [
        "alter policy tenants on commission_slices using (true)",
        "alter policy tenants on commission_slices using (authority = current_setting('app.internal_authorities'))",
        "drop policy tenants on commission_slices",
    ],
)
async def test_a_policy_that_says_otherwise_is_found(policy: str, ground: Any) -> None:
    """Planted: everything is shown, the second side and whoever has everything are forgotten, nothing is shown."""
    made = await ground("brokerage")
    (commissions,) = [pair for pair in made.tables if pair[0].name == "commission_slices"]
    assert not await differing(made, *commissions)
    async with made.owner.begin() as connection:
        await connection.execute(text(policy))
    assert await differing(made, *commissions)
