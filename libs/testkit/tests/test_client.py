"""The client library against a real HTTP server: what it sends, and what it makes of the answers."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from service_kit.process import Server, server_options
from service_kit.settings import Settings
from testkit.client import ApiClient, ApiProblem, AsyncApiClient, ClientCredentials
from testkit.issuer import DevelopmentIssuer

ITEMS = [f"item-{number}" for number in range(7)]
FEED = [{"position": number, "event_id": f"e{number}"} for number in range(1, 6)]


class Recorder:
    """A small API that keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.states = ["queued", "running", "succeeded"]
        self.app = Starlette(
            routes=[
                Route("/v1/things", self.things, methods=["GET"]),
                Route("/v1/things", self.keep, methods=["POST", "PUT"]),
                Route("/v1/things/{id}", self.keep, methods=["GET", "PATCH"]),
                Route("/v1/changes", self.changes),
                Route("/v1/jobs/1", self.job),
                Route("/v1/refused", self.refused),
                Route("/v1/plain", lambda _: Response("gone fishing", 503)),
            ]
        )

    async def things(self, request: Request) -> Response:
        start = int(request.query_params.get("cursor", "0"))
        links = {"next": f"/v1/things?cursor={start + 3}"} if start + 3 < len(ITEMS) else {}
        return JSONResponse({"items": ITEMS[start : start + 3], "links": links})

    async def keep(self, request: Request) -> Response:
        body = await request.body()
        self.sent.append(
            {
                "method": request.method,
                "headers": dict(request.headers),
                "query": request.url.query,
                "body": body,
            }
        )
        if request.headers.get("if-none-match") == '"v1"':
            return Response(status_code=304)
        return JSONResponse({"ok": True}, 201, {"ETag": '"v1"', "X-Request-Id": "request-1"})

    async def changes(self, request: Request) -> Response:
        after = int(request.query_params["after"])
        items = [entry for entry in FEED if entry["position"] > after][:2]
        return JSONResponse({"items": items, "next_after": items[-1]["position"] if items else after})

    async def job(self, _: Request) -> Response:
        return JSONResponse({"state": self.states.pop(0) if len(self.states) > 1 else self.states[0]})

    async def refused(self, _: Request) -> Response:
        problem = {
            "code": "validation_failed",
            "title": "Gwallau",
            "errors": [{"pointer": "/a", "code": "missing"}],
        }
        return JSONResponse(problem, 422, {"Retry-After": "3"}, media_type="application/problem+json")


def serve(app: Any) -> Iterator[str]:
    """Serves in a thread, so that the blocking client has somebody to speak to."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    options = server_options(Settings()) | {"timeout_graceful_shutdown": 1}
    server = Server(uvicorn.Config(app, **options))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[held])))
    thread.start()
    yield f"http://127.0.0.1:{held.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    held.close()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def url(recorder: Recorder) -> Iterator[str]:
    yield from serve(recorder.app)


@pytest.fixture
def api(url: str) -> Iterator[ApiClient]:
    with ApiClient(url, lambda: "a-token", language="cy") as client:
        yield client


def test_lists_are_walked_by_their_links(api: ApiClient):
    assert list(api.pages("/v1/things")) == ITEMS
    assert [len(page["items"]) for page in api.page_by_page("/v1/things")] == [3, 3, 1]


def test_writes_carry_what_the_contract_wants(api: ApiClient, recorder: Recorder):
    answer = api.post("/v1/things", {"a": 1}, dry_run=True, on=date(2026, 3, 31), left_out=None)
    assert (answer.status, answer["ok"], answer.etag, answer.request_id) == (201, True, '"v1"', "request-1")
    api.post("/v1/things", key="mine")
    api.patch("/v1/things/1", {"name": None}, etag='"v1"')
    api.upload("/v1/things", b"a,b", "text/csv")
    posted, repeated, patched, uploaded = recorder.sent
    assert posted["headers"]["authorization"] == "Bearer a-token"
    assert posted["headers"]["accept-language"] == "cy"
    assert len(posted["headers"]["idempotency-key"]) == 36
    assert posted["query"] == "dry_run=true&on=2026-03-31"
    assert repeated["headers"]["idempotency-key"] == "mine"
    assert patched["headers"]["if-match"] == '"v1"'
    assert patched["headers"]["content-type"] == "application/merge-patch+json"
    assert patched["body"] == b'{"name": null}'
    assert (uploaded["headers"]["content-type"], uploaded["body"]) == ("text/csv", b"a,b")


def test_an_unchanged_record_answers_304(api: ApiClient):
    assert api.get("/v1/things/1", etag='"v1"').status == 304


def test_a_refusal_is_raised_with_everything_it_says(api: ApiClient):
    with pytest.raises(ApiProblem, match="422 validation_failed") as refused:
        api.get("/v1/refused")
    assert refused.value.errors == [{"pointer": "/a", "code": "missing"}]
    assert refused.value.retry_after == 3
    with pytest.raises(ApiProblem, match="gone fishing") as plain:
        api.get("/v1/plain")
    assert (plain.value.status, plain.value.code) == (503, "")


def test_the_feed_is_followed_to_its_end(api: ApiClient):
    followed = [entry["position"] for entry in api.follow_changes(after=1, wait=0, stop_when_empty=True)]
    assert followed == [2, 3, 4, 5]


def test_a_job_is_watched_until_it_has_ended(api: ApiClient, recorder: Recorder):
    assert api.finished_job("/v1/jobs/1")["state"] == "succeeded"
    recorder.states = ["running"]
    with pytest.raises(TimeoutError):
        api.finished_job("/v1/jobs/1", within=0.2)


async def test_the_async_client_does_the_same(url: str, recorder: Recorder):
    async def token() -> str:
        return "b-token"

    async with AsyncApiClient(url, token) as api:
        assert [item async for item in api.pages("/v1/things")] == ITEMS
        assert (await api.post("/v1/things", {"a": 1}))["ok"]
        assert recorder.sent[0]["headers"]["authorization"] == "Bearer b-token"
        await api.patch("/v1/things/1", {"a": 1}, etag='"v1"')
        assert recorder.sent[1]["headers"]["if-match"] == '"v1"'
        feed = api.follow_changes(after=0, wait=0, stop_when_empty=True)
        assert [entry["position"] async for entry in feed] == [1, 2, 3, 4, 5]
        assert (await api.finished_job("/v1/jobs/1"))["state"] == "succeeded"
        with pytest.raises(ApiProblem):
            await api.get("/v1/refused")


def test_machines_get_their_tokens_from_the_issuer_and_keep_them(tmp_path: Path):
    issuer = DevelopmentIssuer.open(tmp_path, "http://issuer.test")
    secret = issuer.credentials["authority-673"].secret
    assert secret is not None
    for address in serve(issuer.app()):
        source = ClientCredentials(f"{address}/token", "authority-673", secret)
        first = source()
        assert first.count(".") == 2
        assert source() == first
        with pytest.raises(httpx.HTTPStatusError):
            ClientCredentials(f"{address}/token", "authority-673", "wrong")()
