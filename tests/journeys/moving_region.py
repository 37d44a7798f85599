"""The whole house in one process on the local transport, for journeys: every service with its relay and consumer."""

import asyncio
import dataclasses
import importlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
from pydantic import SecretStr

from eventing.transports.local import LocalTransport
from service_kit.app import create_app
from service_kit.clock import FixedClock
from service_kit.clock_tasks import ClockRunner
from service_kit.migrations.upgrade import migrate
from service_kit.process import Runtime
from service_kit.service import Service
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase
from testkit.tokens import TokenFactory

SERVICES = ("registry", "visits", "brokerage", "governance", "exchange")
MOMENT = datetime(2020, 1, 20, 9, 30, tzinfo=UTC)
_keys = count(1)


@dataclass
class Caller:
    """One client; each request goes to the service that has its path."""

    region: "Region"
    bearer: Callable[[], str]

    async def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.bearer()}", **(headers or {})}
        if method == "POST":
            sent.setdefault("Idempotency-Key", f"journey-{next(_keys)}")
        client = self.region.clients[self.region.homes[path.split("/")[2].partition("?")[0]]]
        return await client.request(method, path, headers=sent, **options)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.send("GET", path, params=query or None)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.send("POST", path, **({} if body is None else {"json": body}))

    async def made(self, path: str, body: Any = None) -> dict[str, Any]:
        """A POST that must succeed."""
        answer = await self.post(path, body)
        assert answer.status_code in (200, 201), f"{path}: {answer.text}"
        return dict(answer.json())

    async def patched(self, path: str, body: Any) -> dict[str, Any]:
        """Changes a record as it is now."""
        tag = (await self.get(path)).headers["etag"]
        headers = {"Content-Type": "application/merge-patch+json", "If-Match": tag}
        answer = await self.send("PATCH", path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def everything(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All pages of a list."""
        items, address = [], f"{path}?{httpx.QueryParams({'limit': 200, **query})}"
        while address:
            answer = await self.send("GET", address)
            assert answer.status_code == 200, answer.text
            items += answer.json()["items"]
            address = answer.json()["links"].get("next")
        return items


@dataclass
class Region:
    """The running services."""

    tokens: TokenFactory
    clock: FixedClock
    transport: LocalTransport
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    clocks: dict[str, ClockRunner] = field(default_factory=dict)
    settings: dict[str, Settings] = field(default_factory=dict)
    runtimes: dict[str, Runtime] = field(default_factory=dict)

    def caller(self, role: str, **of: Any) -> Caller:
        of.setdefault("client_id", f"{role}-{of.get('authority') or of.get('person_id') or 'any'}")
        of.setdefault("sub", of.get("person_id") or of["client_id"])
        return Caller(self, lambda: self.tokens.token(role, **of))

    async def fall_due(self) -> None:
        """Runs every clock task of every service once."""
        for runner in self.clocks.values():
            await runner.run_all()


async def until(holds: Callable[[], Any], seconds: float = 30) -> None:
    """Waits until something holds that other parts of the house bring about."""
    async with asyncio.timeout(seconds):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def running_region(
    migrated_database: MigratedDatabase, names: Sequence[str] = SERVICES, moment: datetime = MOMENT
) -> AsyncIterator[Region]:
    """The house, or these services of it, until the block ends; what others tell is published on its transport."""
    services = [importlib.import_module(f"{name}.service").service for name in names]
    heard = {topic for s in services for topic in (s.topic, *s.hears)}
    topics = {topic: frozenset(o.name for o in services if topic in o.hears) for topic in heard}
    clock = FixedClock(moment)
    transport = LocalTransport(topics)
    region = Region(TokenFactory(clock=clock), clock, transport)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(transport.close)
        for service in services:
            await _started(stack, region, service, transport, migrated_database)
        yield region


async def _started(
    stack: AsyncExitStack,
    region: Region,
    service: Service,
    transport: LocalTransport,
    migrated_database: MigratedDatabase,
) -> None:
    async def migrated(database: ServiceDatabase) -> None:
        await migrate(database.owner_url, service)

    migrated.__qualname__ = f"migrated.{service.name}"
    urls = migrated_database(service.name, migrated)
    settings = Settings(
        database_url=SecretStr(urls.api_url), worker_database_url=SecretStr(urls.worker_url),
        cursor_secret=SecretStr("a secret of this test"),
    )  # fmt: skip
    runtime = Runtime(dataclasses.replace(service, clock_tasks=()), settings, transport, region.clock)
    await runtime.start(["relay", "consumer"])
    stack.push_async_callback(runtime.stop)
    region.settings[service.name], region.runtimes[service.name] = settings, runtime
    app = create_app(
        service, settings, clock=region.clock, authenticate=region.tokens.bearer(), runtime=runtime
    )
    await stack.enter_async_context(app.router.lifespan_context(app))
    worker, journal = runtime.worker, app.state.serving.journal
    assert worker is not None
    region.clocks[service.name] = ClockRunner(
        service.name, service.clock_tasks, lambda: runtime._open_unit(worker, journal)
    )
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{service.name}")
    region.clients[service.name] = await stack.enter_async_context(client)
    for path in app.openapi()["paths"]:
        if path.startswith("/v1/"):
            region.homes.setdefault(path.split("/")[2], service.name)
