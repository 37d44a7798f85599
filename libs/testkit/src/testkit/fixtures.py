"""The pytest plugin of the workspace: one PostgreSQL and one Kafka per test session, databases per test.

Loaded by the root `conftest.py`. Fixtures: `postgres`, `fresh_database`, `migrated_database`.
`GWELLA_TEST_POSTGRES_URL` (a superuser's address) replaces the server from the wheel.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import inspect
import os
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from testkit.databases import (
    ServiceDatabase,
    clone_service_database,
    create_service_database,
    drop_database,
)
from testkit.postgres import start_postgres

Migrate = Callable[[ServiceDatabase], Awaitable[object] | object]
FreshDatabase = Callable[..., ServiceDatabase]
MigratedDatabase = Callable[[str, Migrate], ServiceDatabase]


@dataclass
class TestPostgres:
    """The session's server and what was made on it. Usable from fixtures of any scope."""

    __test__ = False  # the name is no test class

    superuser_url: str
    templates: dict[str, str] = field(default_factory=dict)

    def passwords(self, service: str) -> dict[str, str]:
        """The same in every session on one server, so that two sessions do not lock each other out."""
        return {
            role: hmac.new(self.superuser_url.encode(), role.encode(), hashlib.sha256).hexdigest()
            for role in (f"{service}_owner", f"{service}_api", f"{service}_worker")
        }

    def fresh(self, service: str = "service") -> ServiceDatabase:
        """An empty database with the roles of `service`. The caller drops it with `drop`."""
        name = f"{service}_{secrets.token_hex(5)}"
        return create_service_database(
            self.superuser_url, name, service=service, passwords=self.passwords(service)
        )

    def migrated(self, service: str, migrate: Migrate) -> ServiceDatabase:
        """A copy of a database that `migrate(database)` filled once in this session (about 50 ms a copy).

        `migrate` may be a coroutine function; it runs in a thread of its own, so it may start an event loop.
        It must close its connections: PostgreSQL copies no database that somebody is connected to.
        """
        module, name = getattr(migrate, "__module__", ""), getattr(migrate, "__qualname__", repr(migrate))
        key = f"{service}:{module}.{name}"
        if key not in self.templates:
            template = self.fresh(service)
            with ThreadPoolExecutor(max_workers=1) as thread:
                thread.submit(_run_migration, migrate, template).result()
            self.templates[key] = template.name
        return clone_service_database(
            self.superuser_url,
            self.templates[key],
            f"{service}_{secrets.token_hex(5)}",
            service=service,
            passwords=self.passwords(service),
        )

    def drop(self, database: ServiceDatabase) -> None:
        """Drop a database of this server, also while somebody is connected to it."""
        drop_database(self.superuser_url, database.name)


def _run_migration(migrate: Migrate, database: ServiceDatabase) -> None:
    outcome = migrate(database)
    if inspect.isawaitable(outcome):
        asyncio.run(_awaited(outcome))


async def _awaited(outcome: Awaitable[object]) -> None:
    await outcome


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestPostgres]:
    """One throw-away PostgreSQL 18 for the session, or the server at `GWELLA_TEST_POSTGRES_URL`."""
    given = os.environ.get("GWELLA_TEST_POSTGRES_URL")
    if given:
        server = TestPostgres(re.sub(r"^postgres(ql)?(\+\w+)?:", "postgresql+asyncpg:", given))
        yield server
        for template in server.templates.values():
            drop_database(server.superuser_url, template)
        return
    folder: Path = tmp_path_factory.mktemp("postgres")
    running = start_postgres(folder, throwaway=True)
    try:
        yield TestPostgres(running.superuser_url)
    finally:
        running.stop()


@pytest.fixture
def fresh_database(postgres: TestPostgres) -> Iterator[FreshDatabase]:
    """`fresh_database(service="service") -> ServiceDatabase`: an empty database, dropped after the test."""
    with ExitStack() as after:

        def make(service: str = "service") -> ServiceDatabase:
            database = postgres.fresh(service)
            after.callback(postgres.drop, database)
            return database

        yield make


@pytest.fixture
def migrated_database(postgres: TestPostgres) -> Iterator[MigratedDatabase]:
    """`migrated_database(service, migrate) -> ServiceDatabase`: a migrated copy, dropped after the test."""
    with ExitStack() as after:

        def make(service: str, migrate: Migrate) -> ServiceDatabase:
            database = postgres.migrated(service, migrate)
            after.callback(postgres.drop, database)
            return database

        yield make
