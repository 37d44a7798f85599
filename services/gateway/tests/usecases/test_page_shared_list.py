"""R70: a list of which two services have a part is walked whole, through a gateway on real ports (`/v1/jobs`)."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from gateway.api.install import install_upstreams
from gateway.service import service
from service_kit.app import create_app
from service_kit.settings import Settings
from testkit.tokens import TokenFactory

Serve = Callable[..., AbstractAsyncContextManager[int]]
READ = {"openapi_extra": {"x-gwella-operation": "jobs.read"}}


def jobs_service(name: str, count: int, status: int = 200) -> FastAPI:
    """A service with `count` jobs, two on a page unless asked otherwise; its cursors are plain numbers."""
    app = FastAPI()

    @app.get("/v1/jobs", **READ)
    async def list_jobs(request: Request) -> JSONResponse:
        asked = request.query_params
        if status != 200:
            return JSONResponse({"code": "unavailable"}, status, media_type="application/problem+json")
        if not asked.get("cursor", "0").isdigit():
            problem = {"code": "validation_failed", "by": name}
            return JSONResponse(problem, 422, media_type="application/problem+json")
        start, limit = int(asked.get("cursor", "0")), int(asked.get("limit", "2"))
        body: dict[str, Any] = {
            "items": [f"{name}-{n}" for n in range(count)][start : start + limit],
            "links": {},
        }
        if start + limit < count:
            body["links"]["next"] = f"/v1/jobs?limit={limit}&cursor={start + limit}"
        if asked.get("total") == "true":
            body["total"] = count
        return JSONResponse(body)

    @app.get("/v1/jobs/{job}", **READ)
    async def read_job(job: str) -> JSONResponse:
        return JSONResponse({"id": job, "by": name})

    return app


async def walked(serve: Serve, ask: Callable[[httpx.AsyncClient], Any], **services: FastAPI) -> Any:
    """What `ask` finds at a gateway in front of these services."""
    documents = {name: app.openapi() for name, app in services.items()}
    tokens = TokenFactory()
    own = replace(service, install=lambda app: install_upstreams(app, documents))
    ports = {}
    async with AsyncExitStack() as running:
        for name, app in services.items():
            ports[name] = await running.enter_async_context(serve(app))
        upstreams = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        gateway = create_app(own, Settings(upstreams=upstreams), authenticate=tokens.bearer())
        port = await running.enter_async_context(serve(gateway))
        headers = {"Authorization": f"Bearer {tokens.token('operator')}"}
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers)
        async with client:
            return await ask(client)


async def all_items(client: httpx.AsyncClient, path: str = "/v1/jobs") -> list[str]:
    found: list[str] = []
    following: str | None = path
    while following is not None:
        answer = await client.get(following)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        following = answer.json()["links"].get("next")
        assert ("link" in answer.headers) == (following is not None)
    return found


@pytest.mark.parametrize(("one", "two"), [(5, 3), (0, 3), (3, 0), (0, 0), (2, 2)])
async def test_every_job_of_every_service_is_met_once(serve: Serve, one: int, two: int):
    found = await walked(serve, all_items, alpha=jobs_service("alpha", one), beta=jobs_service("beta", two))
    assert found == [f"alpha-{n}" for n in range(one)] + [f"beta-{n}" for n in range(two)]


async def test_a_total_counts_what_all_have(serve: Serve):
    async def total(client: httpx.AsyncClient) -> int:
        return int((await client.get("/v1/jobs?total=true&limit=2")).json()["total"])

    assert await walked(serve, total, alpha=jobs_service("alpha", 5), beta=jobs_service("beta", 3)) == 8


async def test_a_part_that_is_missing_is_said_and_never_left_out(serve: Serve):
    async def ask(client: httpx.AsyncClient) -> tuple[int, int, int]:
        first = await client.get("/v1/jobs")
        second = await client.get(first.json()["links"]["next"])
        counted = await client.get("/v1/jobs?total=true")
        return first.status_code, second.status_code, counted.status_code

    services = {"alpha": jobs_service("alpha", 1), "beta": jobs_service("beta", 1, status=503)}
    assert await walked(serve, ask, **services) == (200, 503, 503)


async def test_one_job_is_asked_of_the_service_that_its_id_names(serve: Serve):
    async def ask(client: httpx.AsyncClient) -> list[Any]:
        one, two = await client.get("/v1/jobs/alpha-1"), await client.get("/v1/jobs/beta-1")
        unknown = await client.get("/v1/jobs/gamma-1")
        odd = await client.get("/v1/jobs?cursor=gamma~1")
        # An empty cursor is one that no service gave: the first is asked, and refuses it.
        assert (await client.get("/v1/jobs?cursor=")).status_code == odd.status_code
        return [
            one.json()["by"],
            two.json()["by"],
            unknown.status_code,
            unknown.json()["code"],
            odd.json()["by"],
        ]

    services = {"alpha": jobs_service("alpha", 1), "beta": jobs_service("beta", 1)}
    assert await walked(serve, ask, **services) == ["alpha", "beta", 404, "not_found", "alpha"]
