"""One request at a time: the token, repeats that are safe, problems as exceptions, and what it all cost."""

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import SystemRandom
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

import httpx

from gwella_client.problem import Problem, problem_of
from gwella_client.tokens import TokenSource

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
PASSING: Final = frozenset({502, 503, 504})
"""Answers that say that a service was away, late or broken: a repeat may find it well."""
MERGE_PATCH: Final = "application/merge-patch+json"
_IDEMPOTENCY_KEY: Final = "Idempotency-Key"


@dataclass(slots=True)
class Traffic:
    """What was asked so far: requests, repeats among them, and bytes of bodies as they came over the wire."""

    requests: int = 0
    repeats: int = 0
    bytes_received: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `body` is the JSON value, None where there was none; `content` the very bytes."""

    status: int
    body: Any
    headers: httpx.Headers
    content: bytes = b""

    def __getitem__(self, name: str) -> Any:
        """A member of the body."""
        return self.body[name]

    @property
    def etag(self) -> str:
        """The version, as If-Match and If-None-Match want it. Raises KeyError where the answer has none."""
        return self.headers["ETag"]


@dataclass
class Client:
    """The API for one caller. Use it as `async with`, from one event loop.

    `attempts` bounds how often one request is sent, `longest_wait` (seconds) each pause between; a `Retry-After` beyond
    it is not waited for: the problem is raised, so that the caller decides. A refusal raises Problem, an API that
    nobody reaches httpx.TransportError.
    """

    base_url: str
    tokens: TokenSource | None = None
    language: str | None = None
    timeout: float = 60.0
    attempts: int = 5
    longest_wait: float = 60.0
    first_wait: float = 0.1
    transport: httpx.AsyncBaseTransport | None = None
    traffic: Traffic = field(default_factory=Traffic)

    def __post_init__(self) -> None:
        """No connection is opened until the first request."""
        self._http = httpx.AsyncClient(
            base_url=self.base_url, timeout=self.timeout, transport=self.transport, follow_redirects=False
        )

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes every connection."""
        await self._http.aclose()

    async def get(self, path: str, *, etag: str | None = None, **params: Any) -> Answer:
        """Reads. With the `etag` that you hold, what is unchanged answers 304 without a body."""
        return await self.request("GET", path, params=params, headers={"If-None-Match": etag})

    async def post(self, path: str, body: Any = None, *, key: str | None = None, **params: Any) -> Answer:
        """Creates or commands, once: under `key`, or under a key made here, whatever has to be repeated."""
        headers = {_IDEMPOTENCY_KEY: key or str(uuid4())}
        return await self.request("POST", path, params=params, headers=headers, json=body)

    async def patch(self, path: str, body: Mapping[str, Any], *, etag: str, **params: Any) -> Answer:
        """Changes the fields in `body` where the record still is what `etag` says. Not repeated by itself."""
        headers = {"If-Match": etag, "Content-Type": MERGE_PATCH}
        return await self.request("PATCH", path, params=params, headers=headers, json=body)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        json: Any = None,
        timeout: float | None = None,
    ) -> Answer:
        """Any request. Raises Problem for a refusal, httpx.TransportError where nobody answers."""
        said = {name: value for name, value in (headers or {}).items() if value is not None}
        if self.language is not None:
            said.setdefault("Accept-Language", self.language)
        made = self._http.build_request(
            method, path, params=_query(params or {}), headers=said, json=json,
            timeout=timeout if timeout is not None else self.timeout,
        )  # fmt: skip
        repeatable = method in SAFE or _IDEMPOTENCY_KEY in said
        renewed = False
        for attempt in range(1, self.attempts + 1):
            token = await self._authorised(made)
            try:
                response = await self._sent(made, attempt)
            except httpx.TransportError:
                if not repeatable or attempt == self.attempts:
                    raise
                await asyncio.sleep(self._pause(attempt))
                continue
            if response.status_code < 400:
                return _answer(response)
            problem = problem_of(response)
            if problem.status == 401 and token is not None and not renewed and self._forget(token):
                renewed = True
                continue
            wait = self._wait(problem, repeatable, attempt)
            if wait is None:
                raise problem
            await asyncio.sleep(wait)
        raise problem

    async def _authorised(self, request: httpx.Request) -> str | None:
        if self.tokens is None:
            return None
        token = self.tokens()
        if inspect.isawaitable(token):
            token = await token
        request.headers["Authorization"] = f"Bearer {token}"
        return token

    def _forget(self, token: str) -> bool:
        """Whether another token may be had than the one that was refused."""
        forget = getattr(self.tokens, "forget", None)
        if forget is not None:
            forget(token)
        return forget is not None

    async def _sent(self, request: httpx.Request, attempt: int) -> httpx.Response:
        self.traffic.requests += 1
        self.traffic.repeats += attempt > 1
        response = await self._http.send(request)
        self.traffic.bytes_received += response.num_bytes_downloaded
        return response

    def _wait(self, problem: Problem, repeatable: bool, attempt: int) -> float | None:
        """Seconds until a repeat; None where there is to be none."""
        if attempt == self.attempts:
            return None
        # 429 was refused before anything of it was done. 409 with Retry-After: the same command is still under way.
        under_way = problem.status == 409 and problem.retry_after is not None
        if problem.status != 429 and not (repeatable and (problem.status in PASSING or under_way)):
            return None
        after = problem.retry_after
        if after is None:
            return self._pause(attempt)
        return after if after <= self.longest_wait else None

    def _pause(self, attempt: int) -> float:
        """Twice as long each time, and never the same for two clients that were cut off together."""
        pause = min(self.first_wait * 2.0 ** (attempt - 1), self.longest_wait)
        return pause * SystemRandom().uniform(0.5, 1.0)


def _query(params: Mapping[str, Any]) -> dict[str, Any]:
    """Query parameters: None is left out, a list is repeated, dates are ISO, truth is true or false."""
    return {name: _text(value) for name, value in params.items() if value is not None}


def _text(value: Any) -> Any:
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_text(one) for one in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else value


def _answer(response: httpx.Response) -> Answer:
    media_type = response.headers.get("Content-Type", "").partition(";")[0]
    is_json = media_type == "application/json" or media_type.endswith("+json")
    body = response.json() if is_json and response.content else None
    return Answer(response.status_code, body, response.headers, response.content)
