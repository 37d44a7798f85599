"""Governance as it runs, one fresh database per test."""

import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import create_async_engine

from governance.service import service
from service_kit.app import create_app
from service_kit.clock import FixedClock
from service_kit.migrations.upgrade import migrate
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase, TestPostgres
from testkit.tokens import TokenFactory

sys.path.insert(0, str(Path(__file__).parent))

from governance_api import Governance

MOMENT = datetime(2020, 2, 3, 9, 30, tzinfo=UTC)
"""A Monday of the demonstration's half-term: spring 1 of 2019/20."""


async def migrated(database: ServiceDatabase) -> None:
    """Fills the session's template."""
    await migrate(database.owner_url, service)


@pytest.fixture
async def governance(
    postgres: TestPostgres, migrated_database: MigratedDatabase, tmp_path: Path
) -> AsyncIterator[Governance]:
    """The service with nothing in it. Clock tasks run when the test says so."""
    database = migrated_database("governance", migrated)
    settings = Settings(
        database_url=SecretStr(database.api_url),
        cursor_secret=SecretStr("a secret of sufficient length"),
        data_dir=tmp_path,
    )
    clock = FixedClock(MOMENT)
    tokens = TokenFactory(clock=clock)
    app = create_app(service, settings, clock=clock, authenticate=tokens.bearer())
    superuser = create_async_engine(
        postgres.superuser_url.rsplit("/", 1)[0] + "/" + database.name, pool_size=1
    )
    async with app.router.lifespan_context(app):
        serving = app.state.serving
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://governance.test") as client:
            yield Governance(client, tokens, clock, database, serving, superuser)
    await superuser.dispose()
