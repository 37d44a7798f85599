"""Every table with rows of somebody is guarded in the database itself (design §6: the second lock)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from service_kit.migrations.upgrade import migrate
from testkit.architecture import service_names
from testkit.architecture.promises import load_services
from testkit.architecture.tables import unguarded_tables
from testkit.fixtures import FreshDatabase

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def owner(fresh_database: FreshDatabase) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(fresh_database("planted").owner_url)
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


async def planted(connection: AsyncConnection, *statements: str) -> list[str]:
    for statement in statements:
        await connection.execute(text(statement))
    return [f"{b.path}: {b.message}" for b in await unguarded_tables(connection, api_role="planted_api")]


TABLE = "create table visits (id text primary key, school text)"
ON = "alter table visits enable row level security"
FORCE = "alter table visits force row level security"
POLICY = "create policy own on visits to planted_api using (school = current_setting('app.schools', true))"
OPEN = "create policy everything on visits to planted_api using (true)"
WORKER = "create policy worker on visits to planted_worker using (true)"


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (
            (TABLE,),
            ["row-level security is off", "row-level security is not forced on the owner", "no policy"],
        ),
        ((TABLE, ON, POLICY), ["row-level security is not forced on the owner"]),
        ((TABLE, FORCE, POLICY), ["row-level security is off"]),
        ((TABLE, ON, FORCE), ["no policy"]),
        ((TABLE, ON, FORCE, POLICY, OPEN), ["everything shows every row to planted_api"]),
        ((TABLE, ON, FORCE, POLICY, WORKER), []),
        ((TABLE, "revoke all on visits from planted_api", "grant insert on visits to planted_api"), []),
        (
            (
                TABLE,
                ON,
                FORCE,
                "revoke all on visits from planted_api",
                "grant select (id) on visits to planted_api",
            ),
            ["no policy"],
        ),
        (("create table term_dates (id text primary key, first_day date)",), []),
    ],
)
async def test_a_planted_fault_is_found(
    owner: AsyncConnection, statements: tuple[str, ...], said: list[str]
) -> None:
    assert await planted(owner, *statements) == [f"visits: {one}" for one in said]


@pytest.mark.parametrize("name", service_names(ROOT))
async def test_every_table_of_a_service_is_guarded(name: str, fresh_database: FreshDatabase) -> None:
    """Design §6: row-level security, forced, on every table with rows of somebody, as migrated."""
    (service,) = load_services([name])
    if service.foundation is None:
        assert service.metadata is None, "a service without data has no tables"
        return
    database = fresh_database(name)
    await migrate(database.owner_url, service)
    engine = create_async_engine(database.owner_url)
    async with engine.begin() as connection:
        breaches = [str(breach) for breach in await unguarded_tables(connection, api_role=f"{name}_api")]
    await engine.dispose()
    assert not breaches, "\n".join(breaches)


@pytest.mark.parametrize("column", ["authority", "school", "person_id", "client_id"])
async def test_each_tenant_column_is_known(owner: AsyncConnection, column: str) -> None:
    tables = {
        "authority": "create table t (authority text)",
        "school": "create table t (school text)",
        "person_id": "create table t (person_id text)",
        "client_id": "create table t (client_id text)",
    }
    assert "t: no policy" in await planted(owner, tables[column])
