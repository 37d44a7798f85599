"""Issue 3, "Identity and policy": every route with every role and with no token, direct and through the gateway.

The services of the topology run as they are, each on its own database and port, with the gateway before them; only the
issuer is the test's own. What each answer must be follows from the roles file (`testkit.policy_matrix`).
"""

import asyncio
import importlib
import socket
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.types import ASGIApp

from service_kit.app import create_app
from service_kit.migrations.upgrade import migrate
from service_kit.policy.roles import roles
from service_kit.process import Server, server_options
from service_kit.service import Service
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase
from testkit.policy_matrix import probes, report, violations
from testkit.tokens import TokenFactory

ROOT = Path(__file__).parents[2]
TOPOLOGY: dict[str, Any] = tomllib.loads((ROOT / "deploy" / "topology.toml").read_text())["services"]
KEEPING_DATA = sorted(name for name, part in TOPOLOGY.items() if part["database"])
# One address a test may ask without a token, and what it must not show to anybody: nothing of a record.
PUBLIC = ("/livez", "/readyz", "/startupz", "/openapi.json", "/problems")


def service_named(name: str) -> Service:
    found = importlib.import_module(f"{name}.service").service
    assert isinstance(found, Service)
    return found


@dataclass
class Running:
    """One service and its address."""

    service: Service
    url: str
    document: Mapping[str, Any]


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    # Named as TCP: else the loop would not switch off Nagle, and every answer would wait 40 ms.
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    held.bind(("127.0.0.1", 0))
    server = Server(uvicorn.Config(app, **(server_options(Settings()) | {"timeout_graceful_shutdown": 1})))
    task = asyncio.create_task(server.serve(sockets=[held]))
    while not server.started:
        if task.done():
            await task
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        held.close()


async def started(
    stack: AsyncExitStack, name: str, migrated_database: MigratedDatabase, tokens: TokenFactory
) -> Running:
    service = service_named(name)

    async def migrated(database: ServiceDatabase) -> None:
        await migrate(database.owner_url, service)

    migrated.__qualname__ = f"migrated.{name}"
    urls = migrated_database(name, migrated)
    settings = Settings(
        database_url=SecretStr(urls.api_url),
        worker_database_url=SecretStr(urls.worker_url),
        cursor_secret=SecretStr("a secret of this test"),
    )
    url = await stack.enter_async_context(served(create_app(service, settings, authenticate=tokens.bearer())))
    async with httpx.AsyncClient(base_url=url) as client:
        return Running(service, url, (await client.get("/openapi.json")).json())


@pytest.mark.journey
@pytest.mark.parametrize("name", KEEPING_DATA)
async def test_a_service_answers_each_role_as_the_roles_file_says(
    name: str, migrated_database: MigratedDatabase
) -> None:
    """The second check: services verify people's identity again, whatever the gateway did."""
    tokens = TokenFactory()
    async with AsyncExitStack() as stack:
        running = await started(stack, name, migrated_database, tokens)
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=running.url, timeout=30))
        assert probes(running.document)
        wrong = await violations(client, running.document, tokens, roles())
        assert not wrong, report(wrong)


@pytest.mark.journey
async def test_the_gateway_answers_each_role_as_the_roles_file_says(
    migrated_database: MigratedDatabase,
) -> None:
    """The first check, on every route of every service behind it and on its own."""
    from gateway.api.install import install_upstreams

    tokens = TokenFactory()
    async with AsyncExitStack() as stack:
        behind = [await started(stack, name, migrated_database, tokens) for name in KEEPING_DATA]
        settings = Settings(
            upstreams={running.service.name: running.url for running in behind},
            # The limit per client is tried elsewhere; here it must not be what refuses.
            requests_per_minute=1_000_000,
        )
        documents = {running.service.name: running.document for running in behind}
        gateway = replace(service_named("gateway"), install=lambda app: install_upstreams(app, documents))
        url = await stack.enter_async_context(
            served(create_app(gateway, settings, authenticate=tokens.bearer()))
        )
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30))
        document = (await client.get("/openapi.json")).json()
        listed = {probe.name for probe in probes(document)}
        assert {"GET /v1/me", "GET /v1/changes", "GET /v1/schools"} <= listed
        for running in behind:
            assert {probe.name for probe in probes(running.document)} <= listed
        wrong = await violations(client, document, tokens, roles())
        assert not wrong, report(wrong)


@pytest.mark.journey
@pytest.mark.parametrize("name", KEEPING_DATA)
async def test_only_these_addresses_need_no_token(name: str, migrated_database: MigratedDatabase) -> None:
    """Everything else is either a route with an operation or not there at all."""
    async with AsyncExitStack() as stack:
        running = await started(stack, name, migrated_database, TokenFactory())
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=running.url, timeout=30))
        for path in PUBLIC:
            assert (await client.get(path)).status_code in (200, 503), path
        for path in ("/", "/docs", "/redoc", "/v1", "/v1/nothing", "/metrics", "/health", "/admin", "/debug"):
            assert (await client.get(path)).status_code == 404, path
