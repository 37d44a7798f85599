"""The servers that the gateway is measured with, each a process of its own: `python -m gwella.bench.gateway_servers`.

`upstream PORT` answers 3 kB of JSON at once; `bare PORT URL` is the least that a proxy can do on uvicorn and aiohttp;
`gateway PORT URL` is the gateway as it runs, in front of that upstream. The gateway prints a token that it accepts.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace

import aiohttp
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.install import install_upstreams
from gateway.service import service
from service_kit.app import create_app
from service_kit.http_client import READ_BUFFER
from service_kit.process import server_options
from service_kit.settings import Settings
from service_kit.telemetry import configure_telemetry, instrument_app
from testkit.tokens import TokenFactory

BODY = json.dumps(
    {
        "items": [
            {"school_number": f"{6600000 + n}", "name": f"Ysgol {n}", "status": "open"} for n in range(45)
        ]
    }
).encode()
_ANSWER = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(BODY)).encode()),
    (b"etag", b'"v17"'),
    (b"cache-control", b"private, no-cache"),
    (b"content-language", b"en"),
    (b"vary", b"Accept-Language, Authorization"),
]
_HOP = frozenset((b"connection", b"keep-alive", b"transfer-encoding", b"te", b"trailer", b"upgrade", b"host"))
RESOURCES = ("schools", "people", "authorities", "regimes", "calendars", "liaisons", "jobs", "changes")
"""The table that a request is looked up in: as many resources as the first services have."""


async def upstream(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers everything with the same 3 kB."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": _ANSWER})
    await send({"type": "http.response.body", "body": BODY})


class BareProxy:
    """Passes on path, headers and body as they come, and checks nothing."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] == "lifespan":
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(
                connector=connector,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=READ_BUFFER,
            ) as session:
                self._session = session
                await _live(receive, send)
            return
        if self._session is None:
            raise RuntimeError("not started")
        headers = [
            (name.decode(), value.decode("latin-1")) for name, value in scope["headers"] if name not in _HOP
        ]
        query = scope["query_string"].decode()
        url = self._url + scope["raw_path"].decode() + ("?" + query if query else "")
        async with self._session.request(
            scope["method"], url, headers=headers, allow_redirects=False
        ) as answer:
            lines = [(low, value) for name, value in answer.raw_headers if (low := name.lower()) not in _HOP]
            await send({"type": "http.response.start", "status": answer.status, "headers": lines})
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


def gateway(url: str) -> ASGIApp:
    """The gateway with every check, 1 % of traces drawn and nothing exported; its limits are out of the way."""
    operation = {"x-gwella-operation": "schools.read"}
    paths = {
        f"/v1/{resource}{rest}": {"get": {**operation, "operationId": f"{resource}{n}", "responses": {}}}
        for resource in RESOURCES
        for n, rest in enumerate(("", "/{id}", "/{id}/contacts"))
    }
    document = {"openapi": "3.1.0", "info": {"title": "bench", "version": "1"}, "paths": paths}
    settings = Settings(upstreams={"registry": url}, requests_per_minute=60_000_000, trace_ratio=0.01)
    tokens = TokenFactory()
    configure_telemetry(service="gateway", ratio=settings.trace_ratio)
    own = replace(service, install=lambda app: install_upstreams(app, {"registry": document}))
    app = create_app(own, settings, authenticate=tokens.bearer())
    instrument_app(app)
    print(
        tokens.token("authority_system", authority="673", exp=int(tokens.clock.now().timestamp()) + 3_600),
        flush=True,
    )
    return app


def main() -> None:
    """Serves one of the three until it is stopped."""
    kind, port, *url = sys.argv[1:]
    kinds: dict[str, Callable[[], ASGIApp]] = {
        "upstream": lambda: upstream,
        "bare": lambda: BareProxy(url[0]),
        "gateway": lambda: gateway(url[0]),
    }
    options = server_options(Settings()) | {"timeout_graceful_shutdown": 1}
    uvicorn.run(kinds[kind](), host="127.0.0.1", port=int(port), **options)


if __name__ == "__main__":
    main()
