"""A gateway on a real port in front of a real HTTP server of the test's own: nothing of ours is replaced.

The only thing that is not production's is the issuer of tokens (`testkit.tokens`, keys in memory).
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.install import install_upstreams
from gateway.service import service
from service_kit.app import create_app
from service_kit.process import Server, server_options
from service_kit.settings import Settings
from testkit.raw_http import Reply, request
from testkit.tokens import TokenFactory

OPERATION = "x-gwella-operation"
CHUNK = b"x" * 65_536
UPLOAD = {"requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string"}}}}}


def needs(operation: str, **more: Any) -> dict[str, Any]:
    return {"openapi_extra": {OPERATION: operation, **more}}


@dataclass
class Upstream:
    """The server behind: what it was asked, and how it is told to behave."""

    app: FastAPI
    seen: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Of each request: the id and the Forwarded line that the gateway gives it."""
    received_bytes: int = 0
    waiting: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    disconnected: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def document(self) -> dict[str, Any]:
        return self.app.openapi()


def _school(upstream: Upstream, app: FastAPI) -> None:
    @app.get("/v1/schools/{number}", **needs("schools.read"))
    async def read_school(number: str, request: Request) -> Response:
        headers = {"ETag": '"v3"', "X-Request-Id": request.headers.get("x-request-id", "none")}
        if request.headers.get("if-none-match") == '"v3"':
            return Response(status_code=304, headers=headers)
        return JSONResponse({"school_number": number}, headers=headers)

    @app.patch("/v1/schools/{number}", **needs("schools.write"))
    async def change_school(number: str, request: Request) -> Response:
        if request.headers.get("if-match") != '"v3"':
            problem = {"type": "/problems/precondition_failed", "code": "precondition_failed", "status": 412}
            return Response(
                JSONResponse(problem).body, 412, {"ETag": '"v3"'}, media_type="application/problem+json"
            )
        return Response(await request.body(), media_type="application/json")

    @app.get("/v1/echo", **needs("schools.read"))
    async def read_echo(request: Request) -> Response:
        lines = [[name.decode(), value.decode("latin-1")] for name, value in request.headers.raw]
        target = request.scope["raw_path"].decode() + "?" + request.scope["query_string"].decode()
        answer = JSONResponse({"headers": lines, "target": target})
        answer.raw_headers += [
            (b"connection", b"x-hop"),
            (b"x-hop", b"1"),
            (b"keep-alive", b"timeout=5"),
            (b"link", b'</a>; rel="next"'),
            (b"link", b'</b>; rel="prev"'),
        ]
        return answer

    @app.post("/v1/echo", **needs("schools.read"))
    async def command_echo(request: Request) -> Response:
        upstream.seen.append({"method": "POST", "body": await request.body()})
        return JSONResponse({"length": len(upstream.seen[-1]["body"])}, 201)


def _streams(upstream: Upstream, app: FastAPI) -> None:
    @app.post("/v1/school-lists", **needs("lists.write", **UPLOAD))
    async def upload_list(request: Request) -> Response:
        upstream.received_bytes = 0
        async for chunk in request.stream():
            upstream.received_bytes += len(chunk)
        return JSONResponse({"bytes": upstream.received_bytes}, 202)

    @app.post("/v1/refusing", **needs("lists.write", **UPLOAD))
    async def upload_refused(request: Request) -> Response:
        # Answers before the body has come, as a service does that dislikes its first bytes.
        await anext(request.stream())
        return JSONResponse({"code": "unsupported_media_type"}, 415, media_type="application/problem+json")

    @app.get("/v1/exports/{chunks}", **needs("schools.read"))
    async def read_export(chunks: int) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(chunks):
                yield CHUNK

        return StreamingResponse(parts(), media_type="application/octet-stream")

    @app.get("/v1/broken", **needs("schools.read"))
    async def read_broken() -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"the beginning"
            await asyncio.sleep(0.05)
            raise ConnectionAbortedError("the test breaks off")

        return StreamingResponse(parts(), media_type="text/plain")

    @app.get("/v1/slow", **needs("schools.read", **{"x-gwella-deadline-seconds": 0.3}))
    async def read_slow() -> Response:
        await asyncio.sleep(2)
        return Response(b"late")

    @app.get("/v1/waiting", **needs("schools.read"))
    async def read_waiting(request: Request) -> Response:
        upstream.waiting.put_nowait("waiting")
        while (await request.receive())["type"] != "http.disconnect":
            pass
        upstream.disconnected.set()
        return Response(b"nobody")


def _impatient(app: FastAPI) -> None:
    """What clients are slow with: sending, and reading."""

    @app.post("/v1/slow-uploads", **needs("lists.write", **UPLOAD, **{"x-gwella-deadline-seconds": 0.4}))
    async def upload_slowly(request: Request) -> Response:
        async for _ in request.stream():
            pass
        return JSONResponse({}, 202)

    @app.get("/v1/slow-exports", **needs("schools.read", **{"x-gwella-deadline-seconds": 0.4}))
    async def read_large() -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(400):
                yield CHUNK

        return StreamingResponse(parts(), media_type="application/octet-stream")


class Noting:
    """Writes down who asked."""

    def __init__(self, app: ASGIApp, upstream: Upstream) -> None:
        self._app = app
        self._asked = upstream.asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            found = Headers(scope=scope)
            self._asked.append((found.get("x-request-id", ""), found.get("forwarded", "")))
        # Whoever asked has gone, as these tests want it: to tell of each at length takes longer than the test.
        with suppress(ClientDisconnect):
            await self._app(scope, receive, send)


def upstream_app() -> Upstream:
    app = FastAPI(title="Register")
    upstream = Upstream(app)
    app.add_middleware(Noting, upstream=upstream)
    _school(upstream, app)
    _streams(upstream, app)
    _impatient(app)
    return upstream


@asynccontextmanager
async def serving(app: Any, port: int = 0, settings: Settings | None = None) -> AsyncIterator[int]:
    """Serves an application on a free port (or the given one) and gives the port."""
    # Named as TCP: else the loop would not switch off Nagle, and every answer would wait 40 ms.
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", port))
    options = server_options(settings or Settings()) | {
        "timeout_graceful_shutdown": 1,
        "proxy_headers": False,
    }
    server = Server(uvicorn.Config(app, **options))
    task = asyncio.create_task(server.serve(sockets=[held]))
    while not server.started:
        if task.done():
            await task
            raise RuntimeError("the server ended before it had started")
        await asyncio.sleep(0.005)
    try:
        yield held.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        held.close()


@dataclass
class RunningGateway:
    url: str
    upstream_url: str
    upstream: Upstream
    tokens: TokenFactory

    def client(self, role: str | None = "operator", **options: Any) -> httpx.AsyncClient:
        """A client of the gateway with a token of that role; None: without a token."""
        client_id = options.pop("client_id", f"client-{role}")
        headers = dict(options.pop("headers", {}))
        if role is not None:
            token = self.tokens.token(
                role, sub=client_id, client_id=client_id, authority=options.pop("authority", None)
            )
            headers["Authorization"] = f"Bearer {token}"
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20, **options)

    def asking(self, number: str, *lines: str) -> bytes:
        """A good request as bytes, to be known again by its id and by its target."""
        return request("GET", f"/v1/echo?asked={number}", self.line, f"X-Request-Id: {number}", *lines)

    @property
    def line(self) -> str:
        """The Authorization line of a client that sends raw bytes."""
        return f"Authorization: Bearer {self.tokens.token('operator', sub='raw', client_id='raw')}"

    @asynccontextmanager
    async def others_served(self) -> AsyncIterator[list[int]]:
        """Somebody else asks all the while, on a connection of their own; gives the statuses of the answers."""
        statuses: list[int] = []
        done = asyncio.Event()

        async def ask() -> None:
            async with self.client("operator", client_id="somebody-else") as client:
                while not done.is_set() or not statuses:
                    number = f"other-{len(statuses):06}"
                    answer = await client.get(f"/v1/echo?asked={number}", headers={"X-Request-Id": number})
                    assert answer.json()["target"] == f"/v1/echo?asked={number}"
                    assert answer.headers["x-request-id"] == number
                    statuses.append(answer.status_code)
                    await asyncio.sleep(0.005)

        asking_on = asyncio.create_task(ask())
        try:
            yield statuses
        finally:
            done.set()
            await asking_on

    @staticmethod
    def answers(reply: Reply, number: str) -> bool:
        """Whether this is the answer to the request of that number, by the gateway's word and by the service's."""
        return (
            reply.status == 200
            and reply.headers["x-request-id"] == number
            and json.loads(reply.body)["target"] == f"/v1/echo?asked={number}"
        )


StartGateway = Callable[..., Awaitable[RunningGateway]]


@pytest.fixture
async def start_gateway() -> AsyncIterator[StartGateway]:
    """Starts an upstream and a gateway in front of it; settings are keyword arguments."""
    async with AsyncExitStack() as running:

        async def start(
            *, upstream_up: bool = True, catalogue: dict[str, Any] | None = None, **values: Any
        ) -> RunningGateway:
            upstream, tokens = upstream_app(), TokenFactory()
            document = {**upstream.document, "x-gwella-catalogue": catalogue or {}}
            address = f"http://127.0.0.1:{free_port()}"
            if upstream_up:
                address = f"http://127.0.0.1:{await running.enter_async_context(serving(upstream.app))}"
            settings = Settings(upstreams={"registry": address}, **values)
            own = replace(service, install=lambda app: install_upstreams(app, {"registry": document}))
            app = create_app(own, settings, authenticate=tokens.bearer())
            port = await running.enter_async_context(serving(app, settings=settings))
            return RunningGateway(f"http://127.0.0.1:{port}", address, upstream, tokens)

        yield start


@pytest.fixture
async def running(start_gateway: StartGateway) -> RunningGateway:
    """A gateway with ordinary settings."""
    return await start_gateway()


@pytest.fixture
def serve() -> Callable[..., AbstractAsyncContextManager[int]]:
    """Serves an application on a port while the block runs."""
    return serving


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
