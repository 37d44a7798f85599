"""Visits as they run, one fresh database per test."""

import dataclasses
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import create_async_engine

from eventing.transports.local import LocalTransport
from service_kit.app import create_app
from service_kit.clock import FixedClock
from service_kit.clock_tasks import ClockRunner
from service_kit.documents.opening import scanner_of, store_of
from service_kit.documents.tasks import tasks_of
from service_kit.migrations.upgrade import migrate
from service_kit.process import Runtime
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase, TestPostgres
from testkit.tokens import TokenFactory

sys.path.insert(0, str(Path(__file__).parent))

from visits_api import Visits, region_told

from visits.api.documents import DOCUMENTS
from visits.service import service

MOMENT = datetime(2020, 1, 20, 9, 30, tzinfo=UTC)
"""A Monday of the demonstration's half-term: spring 1 of 2019/20."""


async def migrated(database: ServiceDatabase) -> None:
    """Fills the session's template."""
    await migrate(database.owner_url, service)


@pytest.fixture
async def nothing_heard(
    postgres: TestPostgres, migrated_database: MigratedDatabase, tmp_path: Path
) -> AsyncIterator[Visits]:
    """The service with its consumer, before it has heard anything. Clock tasks run when the test says so."""
    database = migrated_database("visits", migrated)
    settings = Settings(
        database_url=SecretStr(database.api_url), worker_database_url=SecretStr(database.worker_url),
        cursor_secret=SecretStr("a secret of sufficient length"), data_dir=tmp_path,
        max_upload_bytes=1_048_576,
    )  # fmt: skip
    clock = FixedClock(MOMENT)
    transport = LocalTransport({topic: frozenset({"visits"}) for topic in service.hears})
    tokens = TokenFactory(clock=clock)
    runtime = Runtime(
        dataclasses.replace(service, clock_tasks=(), documents=None), settings, transport, clock
    )
    await runtime.start(["consumer"])
    app = create_app(service, settings, clock=clock, authenticate=tokens.bearer())
    superuser = create_async_engine(
        postgres.superuser_url.rsplit("/", 1)[0] + "/" + database.name, pool_size=1
    )
    async with app.router.lifespan_context(app):
        serving, worker = app.state.serving, runtime.worker
        assert worker is not None
        files = tasks_of(DOCUMENTS, store_of(settings, "visits"), scanner_of(settings))
        tasks = ClockRunner(
            "visits", [*service.clock_tasks, *files], lambda: runtime._open_unit(worker, serving.journal)
        )
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://visits.test"
        ) as client:
            api = serving.database.engine
            yield Visits(client, tokens, clock, database, transport, tasks, superuser, api)
    await runtime.stop()
    await superuser.dispose()


@pytest.fixture
async def visits(nothing_heard: Visits) -> Visits:
    """The service after it has heard of two authorities with a school each."""
    await nothing_heard.hear(*region_told())
    return nothing_heard
