"""Every service as it runs, in one process: real databases, relays and consumers on a local transport, the gateway."""

import asyncio
import importlib
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from eventing.transports.local import LocalTransport
from service_kit.app import create_app
from service_kit.auth.bearer import Bearer
from service_kit.auth.issuers import TrustedIssuer
from service_kit.clock import FixedClock, SystemClock
from service_kit.migrations.upgrade import migrate
from service_kit.process import Runtime, Server, server_options
from service_kit.service import Service
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase
from testkit.tokens import TokenFactory

NAMES = ("brokerage", "exchange", "governance", "registry", "visits")
"""The services that keep data."""
MOMENT = datetime(2020, 1, 20, 9, 30, tzinfo=UTC)
"""What the suite's clock says: spring 1 of 2019/20."""
SCHOOL, NEIGHBOUR, OTHER = "6732118", "6732119", "6812007"
"""Two of the Vale of Glamorgan, one of Cardiff."""
_keys = count(1)


@dataclass
class Suite:
    """The running suite: `stop` takes a service away, `databases` are where its data is."""

    url: str
    tokens: TokenFactory
    clock: FixedClock
    databases: dict[str, ServiceDatabase]
    stops: dict[str, AsyncExitStack] = field(default_factory=dict)
    apps: dict[str, FastAPI] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    """Where the gateway finds each service."""
    requests: Counter[str] = field(default_factory=Counter)
    """How many requests each service was sent."""
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    folder: Path = field(default_factory=Path)
    """Where files of documents are kept."""
    issuers: tuple[TrustedIssuer, ...] = ()
    """Whose tokens are taken beside those of `tokens`, over HTTP."""

    def bearer(self) -> Bearer:
        """What a service authenticates with."""
        return self.tokens.bearer(self.issuers)

    async def stop(self, name: str) -> None:
        """Nobody listens at that service's address any more."""
        await self.stops[name].aclose()

    def caller(self, role: str, **of: Any) -> dict[str, str]:
        """The Authorization line of somebody."""
        of.setdefault("client_id", f"{role}-{of.get('authority', '')}{of.get('person_id', '')}")
        of.setdefault("sub", of["client_id"])
        return {"Authorization": f"Bearer {self.tokens.token(role, **of)}"}

    async def get(
        self, path: str, caller: dict[str, str], language: str = "en", **headers: str
    ) -> httpx.Response:
        """One read through the gateway."""
        sent = {**caller, "Accept-Language": language, **{n.replace("_", "-"): v for n, v in headers.items()}}
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:
            return await client.get(path, headers=sent)

    async def post(self, path: str, body: Any, caller: dict[str, str]) -> dict[str, Any]:
        """One command through the gateway, which must succeed."""
        headers = {**caller, "Idempotency-Key": f"whole-suite-{next(_keys)}"}
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:
            answer = await client.post(path, json=body, headers=headers)
        if answer.status_code not in (200, 201):
            raise RuntimeError(f"{path}: {answer.text}")
        made: dict[str, Any] = answer.json()
        return made

    async def until(self, path: str, caller: dict[str, str], known: Any) -> None:
        """Waits until an answer is as it must become once the events have arrived."""
        async with asyncio.timeout(20):
            for pause in repeat(0.05):
                if known((await self.get(path, caller)).json()):
                    return
                await asyncio.sleep(pause)


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """An application on a free port."""
    # Named as TCP: else the loop would not switch off Nagle, and every answer would wait 40 ms.
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # So that somebody else may stand at this address later.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    server = Server(uvicorn.Config(app, **(server_options(Settings()) | {"timeout_graceful_shutdown": 1})))
    task = asyncio.create_task(server.serve(sockets=[held]))
    while not server.started:
        if task.done():
            await task
            raise RuntimeError("the server ended before it had started")
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        held.close()


def service_named(name: str) -> Service:
    """A service's index."""
    found = importlib.import_module(f"{name}.service").service
    if not isinstance(found, Service):
        raise TypeError(f"{name}.service holds no Service")
    return found


@asynccontextmanager
async def running(
    migrated_database: MigratedDatabase, *, issuers: tuple[TrustedIssuer, ...] = (), **gateway: Any
) -> AsyncIterator[Suite]:
    """The suite, with settings of the gateway's own; `issuers` are trusted as well, by the machine's own clock."""
    clock = FixedClock(MOMENT)
    tokens = TokenFactory(clock=SystemClock() if issuers else clock)
    suite = Suite("", tokens, clock, {}, issuers=issuers)
    services = [service_named(name) for name in NAMES]
    topics: dict[str, set[str]] = {service.topic: set() for service in services}
    for service in services:
        for topic in service.hears:
            topics.setdefault(topic, set()).add(service.name)
    transport = LocalTransport({topic: frozenset(names) for topic, names in topics.items()})
    async with AsyncExitStack() as stack:
        suite.folder = Path(stack.enter_context(TemporaryDirectory(prefix="gwella-files-")))
        urls = {
            service.name: await _started(stack, suite, service, transport, migrated_database)
            for service in services
        }
        settings = Settings(upstreams=urls, **gateway)
        # By name, as the services are: this library depends on none of them.
        install_upstreams = importlib.import_module("gateway.api.install").install_upstreams
        front = replace(service_named("gateway"), install=lambda app: install_upstreams(app, suite.documents))
        app = create_app(front, settings, clock=clock, authenticate=suite.bearer())
        suite.apps[front.name] = app
        suite.url = await stack.enter_async_context(served(app))
        yield suite


async def _started(
    stack: AsyncExitStack,
    suite: Suite,
    service: Service,
    transport: LocalTransport,
    migrated_database: MigratedDatabase,
) -> str:
    async def migrated(database: ServiceDatabase) -> None:
        await migrate(database.owner_url, service)

    migrated.__qualname__ = f"migrated.{service.name}"
    database = suite.databases[service.name] = migrated_database(service.name, migrated)
    settings = Settings(
        database_url=SecretStr(database.api_url),
        worker_database_url=SecretStr(database.worker_url),
        cursor_secret=SecretStr("a secret of this test"),
        data_dir=suite.folder,
    )
    runtime = Runtime(service, settings, transport, suite.clock)
    await runtime.start(["relay", "consumer"])
    stack.push_async_callback(runtime.stop)
    bearer = suite.bearer()
    app = create_app(service, settings, clock=suite.clock, authenticate=bearer, runtime=runtime)
    suite.apps[service.name] = app
    own = suite.stops[service.name] = await stack.enter_async_context(AsyncExitStack())
    url = await own.enter_async_context(served(_counting(suite, service.name, app)))
    suite.addresses[service.name] = url
    async with httpx.AsyncClient(base_url=url) as client:
        suite.documents[service.name] = (await client.get("/openapi.json")).json()
    return url


def _counting(suite: Suite, name: str, app: ASGIApp) -> ASGIApp:
    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        suite.requests[name] += scope["type"] == "http"
        await app(scope, receive, send)

    return counted


async def told(suite: Suite) -> None:
    """Two authorities under the National Model, three schools, a head, two advisers, one visit that was held."""
    operator = suite.caller("operator")
    names = {"673": ("Vale of Glamorgan", "Bro Morgannwg"), "681": ("Cardiff", "Caerdydd")}
    authorities = [
        {"authority": code, "gss_code": f"W06000{code}", "name_en": en, "name_cy": cy}
        for code, (en, cy) in names.items()
    ]
    await suite.post("/v1/authorities", {"authorities": authorities}, operator)
    for code in names:
        regime = {"authority": code, "regime": "national_model_2014", "valid_from": "2014-04-01"}
        await suite.post("/v1/regimes", regime, operator)
    for number in (SCHOOL, NEIGHBOUR, OTHER):
        school = {
            "school_number": number,
            "name": f"Ysgol {number}",
            "sector": "primary",
            "valid_from": "2018-09-01",
        }
        await suite.post("/v1/schools", school, operator)
        step = {"school_number": number, "valid_from": "2018-09-02"}
        await suite.post("/v1/school-openings", step, operator)
    for name in ("head", "adviser", "adviser elsewhere"):
        person = {"name": name.title(), "authority": "673", "employer": "673"}
        if name == "head":
            person["school_number"] = SCHOOL
        suite.people[name] = (await suite.post("/v1/people", person, operator))["id"]
    for name, led in (("adviser", SCHOOL), ("adviser elsewhere", OTHER)):
        allocation = {"school_number": led, "person_id": suite.people[name], "valid_from": "2019-09-01"}
        await suite.post("/v1/adviser-allocations", allocation, operator)
    post = {
        "person_id": suite.people["head"], "role": "head_teacher", "authority": "673", "school_number": SCHOOL,
        "employer": "673", "valid_from": "2019-09-01",
    }  # fmt: skip
    await suite.post("/v1/role-assignments", post, operator)
    system = suite.caller("authority_system", authority="673")
    await suite.until(
        f"/v1/outstanding-visits?school_number={SCHOOL}", system, lambda page: page.get("items")
    )
    adviser = suite.caller("adviser", person_id=suite.people["adviser"])
    visit = {"school_number": SCHOOL, "visit_type": "spring_monitoring", "planned_for": "2020-01-20"}
    await suite.until(f"/v1/visits?school_number={SCHOOL}&total=true", adviser, lambda page: "total" in page)
    made = await suite.post("/v1/visits", visit, adviser)
    await suite.post(f"/v1/visits/{made['id']}/hold", {"held_on": "2020-01-20"}, adviser)
