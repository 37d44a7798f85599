"""A database with the audit's tables, as a service's migration makes them; made once a session, copied per test."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import MetaData, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from eventing.sequencer import sequence
from service_kit import audit
from service_kit.audit.entries import AuditEntry
from service_kit.audit.tables import append_only, chain_function
from service_kit.audit.verifying import LoggedEntry
from service_kit.auth.principal import Grant, Principal
from service_kit.policy.rls import policies
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase

SERVICE = "audited"
PRINCIPAL = Principal("s-1", "c-1", None, (Grant("authority_system", "673"),))
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

metadata = MetaData()
tables = audit.audit_tables(metadata)


@dataclass(frozen=True)
class Actor:
    """Who acts in these tests."""

    subject: str = "s-1"
    client_id: str = "c-1"
    request_id: str = "r-1"
    principal: Principal | None = PRINCIPAL


async def migrate(database: ServiceDatabase) -> None:
    """What a service's migration does for the audit."""
    engine = create_async_engine(database.owner_url)
    async with engine.begin() as connection:
        for statement in chain_function():
            await connection.execute(statement)
        await connection.run_sync(metadata.create_all)
        for table in (tables.log, tables.values):
            for policy in policies(table, SERVICE):
                await connection.execute(policy)
        for revoke in append_only(tables, SERVICE):
            await connection.execute(revoke)
    await engine.dispose()


@dataclass
class Ground:
    """The three ways in."""

    api: AsyncEngine
    worker: AsyncEngine
    owner: AsyncEngine
    tables = tables
    actor = Actor()
    now = NOW

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction of the api role, as `Database.transaction` opens it."""
        async with self.api.begin() as connection:
            yield connection

    async def append(self, *entries: AuditEntry) -> None:
        """Appends as a request does."""
        async with self.transaction() as connection:
            await audit.append(connection, tables, entries)

    async def sequence(self, limit: int = 500) -> int:
        """Moves what waits, as the relay does."""
        async with self.worker.begin() as connection:
            return await sequence(connection, tables.log_tables, limit)

    async def logged(self) -> list[LoggedEntry]:
        """The log with the values beside it, as an export reads it."""
        log, values = tables.log, tables.values
        statement = select(log, values.c.fields).outerjoin(values, values.c.entry_id == log.c.entry_id)
        async with self.worker.begin() as connection:
            rows = await connection.execute(statement.order_by(log.c.position))
            return [LoggedEntry.of(row, row.fields) for row in rows]

    @staticmethod
    def changed(
        record_id: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        reason: str | None = None,
        version: int = 1,
    ) -> AuditEntry:
        """The entry of one write."""
        return audit.change(
            actor=Ground.actor,
            at=NOW,
            record="contact",
            record_id=record_id,
            version=version,
            before=before,
            after=after,
            reason=reason,
        )

    @staticmethod
    def history(count: int) -> Sequence[AuditEntry]:
        """Entries of several writes, with and without reasons."""
        return [
            Ground.changed(
                f"id-{i % 4}",
                {"email": f"old{i}@x.test"},
                {"email": f"new{i}@x.test", "n": i},
                "why" if i % 2 else None,
            )
            for i in range(count)
        ]


@pytest.fixture
async def ground(migrated_database: MigratedDatabase) -> AsyncIterator[Ground]:
    """The audit of one service, empty."""
    database = migrated_database(SERVICE, migrate)
    engines = [
        create_async_engine(url) for url in (database.api_url, database.worker_url, database.owner_url)
    ]
    yield Ground(*engines)
    for engine in engines:
        await engine.dispose()
