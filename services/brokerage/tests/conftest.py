"""Brokerage as it runs, one fresh database per test: told by envelopes, asked over ASGI under real tokens."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import create_async_engine

from brokerage.service import service
from eventing.transports.local import LocalTransport
from service_kit.app import create_app
from service_kit.clock import FixedClock
from service_kit.migrations.upgrade import migrate
from service_kit.process import Runtime
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase, TestPostgres
from testkit.tokens import TokenFactory

sys.path.insert(0, str(Path(__file__).parent))

from brokerage_suite import Brokerage

MOMENT = datetime(2020, 2, 4, 9, 30, tzinfo=UTC)
"""In spring 1 of 2019/20, the demonstration's half-term: a Tuesday."""


async def migrated(database: ServiceDatabase) -> None:
    """Fills the session's template."""
    await migrate(database.owner_url, service)


@asynccontextmanager
async def running(database: ServiceDatabase, superuser_url: str) -> AsyncIterator[Brokerage]:
    """Brokerage on a database, its consumer on a transport of its own; its events stay in the outbox, to be read."""
    clock = FixedClock(MOMENT)
    tokens = TokenFactory(clock=clock)
    settings = Settings(
        database_url=SecretStr(database.api_url), worker_database_url=SecretStr(database.worker_url),
        cursor_secret=SecretStr("a secret of sufficient length"), database_pool=8,
    )  # fmt: skip
    transport = LocalTransport({topic: frozenset({"brokerage"}) for topic in service.hears})
    runtime = Runtime(service, settings, transport, clock)
    await runtime.start(["consumer"])
    app = create_app(service, settings, clock=clock, authenticate=tokens.bearer())
    superuser = create_async_engine(superuser_url, pool_size=1)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://brokerage.test") as client,
    ):
        yield Brokerage(client, tokens, clock, transport, superuser, settings, runtime)
    await runtime.stop()
    await superuser.dispose()


@pytest.fixture
async def brokerage(postgres: TestPostgres, migrated_database: MigratedDatabase) -> AsyncIterator[Brokerage]:
    """An empty brokerage."""
    database = migrated_database("brokerage", migrated)
    superuser = postgres.superuser_url.rsplit("/", 1)[0] + "/" + database.name
    async with running(database, superuser) as started:
        yield started


@pytest.fixture
async def region(brokerage: Brokerage) -> Brokerage:
    """With schools of two authorities, a published finding, categories and a provider with days."""
    await brokerage.told_of_region()
    return brokerage
