"""The register as it runs, one fresh database per test; a module may share one that holds the whole region."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import create_async_engine

from service_kit.app import create_app
from service_kit.clock import FixedClock
from service_kit.database import Database
from service_kit.jobs.running import JobRunner
from service_kit.migrations.upgrade import migrate
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase, TestPostgres
from testkit.tokens import TokenFactory

sys.path.insert(0, str(Path(__file__).parent))

from registry_api import Register

from registry.service import service

MOMENT = datetime(2020, 1, 20, 9, 30, tzinfo=UTC)
"""The demonstration's half-term: spring 1 of 2019/20."""


async def migrated(database: ServiceDatabase) -> None:
    """Fills the session's template of an empty register."""
    await migrate(database.owner_url, service)


async def with_region(database: ServiceDatabase) -> None:
    """Fills the session's template of a register that holds the whole list of 2018."""
    await migrate(database.owner_url, service)
    async with running(database, database.owner_url) as register:
        await register.load_region()
        await register.join_footprints()
        await register.adopt_regimes()


@asynccontextmanager
async def running(database: ServiceDatabase, superuser_url: str) -> AsyncIterator[Register]:
    """The register on a database, until the block ends."""
    clock = FixedClock(MOMENT)
    tokens = TokenFactory(clock=clock)
    settings = Settings(
        database_url=SecretStr(database.api_url), cursor_secret=SecretStr("a secret of sufficient length")
    )
    bearer = tokens.bearer()
    app = create_app(service, settings, clock=clock, authenticate=bearer)
    worker = Database(database.worker_url, pool_size=3)
    superuser = create_async_engine(superuser_url, pool_size=1)
    async with app.router.lifespan_context(app):
        serving = app.state.serving
        jobs = JobRunner(worker, serving.foundation.jobs, service.jobs, clock, serving.journal)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://registry.test") as client:
            yield Register(client, tokens, clock, database, jobs, superuser)
    await superuser.dispose()
    await worker.dispose()


def as_superuser(postgres: TestPostgres, database: ServiceDatabase) -> str:
    """The superuser's address of one database."""
    return postgres.superuser_url.rsplit("/", 1)[0] + "/" + database.name


@pytest.fixture
async def register(postgres: TestPostgres, migrated_database: MigratedDatabase) -> AsyncIterator[Register]:
    """An empty register."""
    database = migrated_database("registry", migrated)
    async with running(database, as_superuser(postgres, database)) as started:
        yield started


@pytest.fixture
async def region(postgres: TestPostgres, migrated_database: MigratedDatabase) -> AsyncIterator[Register]:
    """A register with the list of April 2018, footprints, and the National Model in Central South."""
    database = migrated_database("registry", with_region)
    async with running(database, as_superuser(postgres, database)) as started:
        yield started
