"""A small service on the contract, on a real PostgreSQL, spoken to over ASGI."""

import importlib.util
import io
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from service_kit.app import create_app
from service_kit.audit.tables import chain_function
from service_kit.auth.principal import Grant, Principal
from service_kit.clock import FixedClock
from service_kit.database import Database
from service_kit.logging import configure_logging
from service_kit.migrations.security import secure
from service_kit.problems import ProblemError
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase
from testkit.statements import statements_of

_spec = importlib.util.spec_from_file_location("contract_example", Path(__file__).with_name("example.py"))
assert _spec is not None
assert _spec.loader is not None
example = importlib.util.module_from_spec(_spec)
sys.modules["contract_example"] = example
_spec.loader.exec_module(example)
sys.modules["contract_conftest"] = sys.modules[__name__]

START = datetime(2020, 1, 6, 9, tzinfo=UTC)
CALLERS = {
    "vale": Principal("vale", "vale", grants=(Grant("authority_system", authority="673"),)),
    "cardiff": Principal("cardiff", "cardiff", grants=(Grant("authority_system", authority="681"),)),
    "wales": Principal("wales", "wales", grants=(Grant("welsh_government"),)),
    "operator": Principal("operator", "operator", grants=(Grant("operator"),)),
    "region": Principal("region", "region", grants=(Grant("consortium_system", body="csc"),)),
    "officer": Principal("officer", "officer", grants=(Grant("data_officer", body="csc"),)),
    "colleague": Principal("colleague", "officer", grants=(Grant("data_officer", body="csc"),)),
    "nobody": Principal("nobody", "nobody"),
}


async def authenticate(authorization: str | None) -> Principal:
    """Stands where the verification of tokens stands; the token is the caller's name."""
    name = (authorization or "").removeprefix("Bearer ")
    if name not in CALLERS:
        raise ProblemError("token_missing", headers={"WWW-Authenticate": 'Bearer realm="gwella"'})
    return CALLERS[name]


async def migrate(database: ServiceDatabase) -> None:
    """Makes the tables of the example with their policies."""
    owner = Database(database.owner_url)
    async with owner.transaction() as connection:
        await connection.execute(text('create type textrange as range (subtype = text, collation = "C")'))
        for statement in chain_function():
            await connection.execute(statement)
        await connection.run_sync(example.metadata.create_all)
        await connection.run_sync(secure, "registry", example.metadata, example.shared)
        await connection.execute(text("create table alembic_version (version_num text)"))
        for head in example.heads():
            await connection.execute(text("insert into alembic_version values (:head)"), {"head": head})
    await owner.dispose()


@dataclass
class Bench:
    """The running example: a client per caller, the statements of its last request, its clock."""

    app: FastAPI
    clock: FixedClock
    database: ServiceDatabase
    worker: Database
    statements: list[str] = field(default_factory=list)
    log: io.BytesIO = field(default_factory=io.BytesIO)

    async def ask(
        self, method: str, path: str, caller: str | None = "vale", **options: Any
    ) -> httpx.Response:
        """One request. `key` and `if_match` become their headers; `patch` is a merge patch."""
        headers = dict(options.pop("headers", {}))
        if caller is not None:
            headers["Authorization"] = f"Bearer {caller}"
        for name, header in (
            ("key", "Idempotency-Key"),
            ("if_match", "If-Match"),
            ("language", "Accept-Language"),
        ):
            if name in options:
                headers[header] = options.pop(name)
        if "patch" in options:
            headers["Content-Type"] = "application/merge-patch+json"
            options["content"] = httpx.Request("PATCH", "http://x", json=options.pop("patch")).content
        self.statements.clear()
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://example") as client:
            return await client.request(method, path, headers=headers, **options)

    async def school(self, number: str, authority: str = "673", **values: Any) -> httpx.Response:
        """Opens a school as the operator."""
        new = {"number": number, "authority": authority, "name": f"School {number}", **values}
        answer = await self.ask("POST", "/v1/schools", "operator", json=new, key=f"open-{number}")
        assert answer.status_code == 201, answer.text
        return answer


@pytest.fixture
async def bench(migrated_database: MigratedDatabase) -> AsyncIterator[Bench]:
    """The example, started."""
    database = migrated_database("registry", migrate)
    clock = FixedClock(START)
    settings = Settings(
        database_url=SecretStr(database.api_url),
        worker_database_url=SecretStr(database.worker_url),
        cursor_secret=SecretStr("a secret of sixteen bytes or more"),
        max_body_bytes=4096,
        max_upload_bytes=100_000,
    )
    app = create_app(example.service, settings, clock=clock, authenticate=authenticate)
    worker = Database(database.worker_url, pool_size=4)
    running = Bench(app, clock, database, worker)

    configure_logging(service="example", to=running.log)
    with statements_of(app.state.serving.database.engine) as running.statements:
        async with app.router.lifespan_context(app):
            yield running
    await worker.dispose()
    structlog.reset_defaults()
