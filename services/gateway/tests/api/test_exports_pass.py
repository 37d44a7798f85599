"""Exports at the gateway: sent on as they come, given the time of a file, refused where a list has several owners."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from contracts.media_types import EXPORTS, JSON, NDJSON, ODS
from gateway.api.install import install_upstreams
from gateway.domain.openapi import merge
from gateway.domain.routes import UPLOAD_DEADLINE
from gateway.service import service
from service_kit.app import create_app
from service_kit.media import PAGES
from service_kit.settings import Settings
from testkit.tokens import TokenFactory

Serve = Callable[..., AbstractAsyncContextManager[int]]
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/v1/schools": {
            "get": {
                "operationId": "list_schools",
                "x-gwella-operation": "schools.read",
                "responses": {"200": {"content": {kind: {} for kind in PAGES}}},
            }
        }
    }
}


@asynccontextmanager
async def gateway_to(serve: Serve, *names: str, answer: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway in front of services of these names, which all answer alike."""
    tokens, documents = TokenFactory(), dict.fromkeys(names, DOCUMENT)
    async with serve(Starlette(routes=[Route("/v1/schools", answer)])) as behind:
        settings = Settings(upstreams=dict.fromkeys(names, f"http://127.0.0.1:{behind}"))
        own = replace(service, install=lambda app: install_upstreams(app, documents))
        async with serve(create_app(own, settings, authenticate=tokens.bearer())) as port:
            headers = {"Authorization": f"Bearer {tokens.token('operator', sub='x', client_id='x')}"}
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
                yield client


async def test_an_export_is_sent_on_line_by_line(serve: Serve) -> None:
    """R107: the first line is with the client while the service has not yet written the second."""
    may_go_on = asyncio.Event()
    asked: list[tuple[str, str]] = []

    async def lines() -> AsyncIterator[bytes]:
        yield b'{"number": 1}\n'
        await may_go_on.wait()
        yield b'{"number": 2}\n'

    async def answer(request: Request) -> Response:
        asked.append((request.headers["accept"], request.headers["x-deadline-ms"]))
        return StreamingResponse(lines(), media_type=NDJSON)

    async with gateway_to(serve, "registry", answer=answer) as client:
        async with client.stream("GET", "/v1/schools", headers={"Accept": NDJSON}) as export:
            parts = export.aiter_raw()
            assert await asyncio.wait_for(anext(parts), 20) == b'{"number": 1}\n'
            may_go_on.set()
            assert b"".join([part async for part in parts]) == b'{"number": 2}\n'
        await client.get("/v1/schools", headers={"Accept": JSON})
    assert asked == [(NDJSON, str(round(UPLOAD_DEADLINE * 1000))), (JSON, "30000")]


async def test_a_list_of_several_services_is_given_page_by_page(serve: Serve) -> None:
    """R107: one that is put together of parts has no export: 406 says so, and so does the description."""

    async def answer(request: Request) -> Response:
        raise AssertionError("no service is asked")

    async with gateway_to(serve, "registry", "visits", answer=answer) as client:
        for kind in EXPORTS:
            refused = await client.get("/v1/schools", headers={"Accept": kind})
            assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")
    own = {"info": {"title": "Gwella"}, "paths": {}}
    shared = merge({"gateway": own, "registry": DOCUMENT, "visits": DOCUMENT})
    alone = merge({"gateway": own, "registry": DOCUMENT})
    described = [
        set(one["paths"]["/v1/schools"]["get"]["responses"]["200"]["content"]) for one in (shared, alone)
    ]
    assert described == [{JSON}, {JSON, *EXPORTS}]
    assert ODS in EXPORTS
