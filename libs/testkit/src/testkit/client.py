"""A client of the API as its users would write one: tests and the demonstration speak to the gateway through it.

    with ApiClient("http://127.0.0.1:8080", lambda: token) as api:
        school = api.get("/v1/schools/6732118")
        api.patch("/v1/schools/6732118", {"telephone": "..."}, etag=school.etag)
        for entry in api.follow_changes(after=0, stop_when_empty=True): ...

`AsyncApiClient` is the same for a running event loop. A refusal is raised as ApiProblem.
"""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from json import dumps
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

import httpx

MERGE_PATCH: Final = "application/merge-patch+json"
FINAL_STATES: Final = frozenset({"succeeded", "failed", "cancelled"})
"""States in which a job stays."""
_PAUSE: Final = 0.05
_SLACK: Final = 15.0
"""Seconds that a request may take beyond what it asked the server to wait."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `body` is the JSON value, or None where there was none; `content` the very bytes."""

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

    @property
    def request_id(self) -> str:
        """The id under which the request stands in the logs."""
        return self.headers["X-Request-Id"]


class ApiProblem(Exception):
    """A refusal (RFC 9457). `document` is the whole problem; `code` is what a program decides by."""

    def __init__(self, status: int, document: Mapping[str, Any], headers: httpx.Headers) -> None:
        super().__init__(
            f"{status} {document.get('code')}: {document.get('detail') or document.get('title')}"
        )
        self.status = status
        self.document = document
        self.headers = headers
        self.code: str = document.get("code", "")
        self.title: str = document.get("title", "")
        self.detail: str = document.get("detail", "")
        self.errors: list[Mapping[str, Any]] = document.get("errors", [])

    @property
    def retry_after(self) -> int | None:
        """Seconds after which the request may be repeated, where the server says so."""
        value = self.headers.get("Retry-After")
        return int(value) if value is not None else None


def answer_of(response: httpx.Response) -> Answer:
    """The answer that a response holds. Raises ApiProblem for 400 and above."""
    media_type = response.headers.get("Content-Type", "").partition(";")[0]
    is_json = media_type == "application/json" or media_type.endswith("+json")
    body = response.json() if is_json and response.content else None
    if response.status_code >= 400:
        document = (
            body
            if isinstance(body, dict)
            else {"title": response.reason_phrase, "detail": response.text[:500]}
        )
        raise ApiProblem(response.status_code, document, response.headers)
    return Answer(response.status_code, body, response.headers, response.content)


class _Requests:
    """What both clients send; only the sending itself differs."""

    def __init__(self, language: str | None) -> None:
        self._language = language

    def _headers(self, token: str | None, more: Mapping[str, str | None] | None = None) -> dict[str, str]:
        headers = {name: value for name, value in (more or {}).items() if value is not None}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if self._language is not None:
            headers.setdefault("Accept-Language", self._language)
        return headers


def _params(values: Mapping[str, Any]) -> dict[str, Any]:
    """Query parameters: None is left out, a list is repeated, dates are ISO, truth is true or false."""
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_text(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _post_headers(key: str | None) -> dict[str, str | None]:
    return {"Idempotency-Key": key or str(uuid4())}


class ApiClient(_Requests):
    """Blocking. `token_source` gives the access token of the moment; None speaks without one."""

    def __init__(
        self,
        base_url: str,
        token_source: Callable[[], str] | None = None,
        *,
        language: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        super().__init__(language)
        self._token_source = token_source
        self._http = httpx.Client(base_url=base_url, timeout=timeout)

    def __enter__(self) -> Self:
        """Nothing is opened until the first request."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes every connection."""
        self.close()

    def close(self) -> None:
        """Closes every connection."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        json: Any = None,
        content: bytes | Iterable[bytes] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Any request. Raises ApiProblem for a refusal, httpx.TransportError where nobody answers."""
        token = self._token_source() if self._token_source is not None else None
        return answer_of(
            self._http.request(
                method,
                path,
                params=_params(params) if params else None,
                headers=self._headers(token, headers),
                json=json,
                content=content,
                timeout=timeout if timeout is not None else self._http.timeout,
            )
        )

    def get(self, path: str, *, etag: str | None = None, **params: Any) -> Answer:
        """Reads. With the `etag` that you hold, an unchanged record answers 304 and no body."""
        return self.request("GET", path, params=params, headers={"If-None-Match": etag})

    def page_by_page(self, path: str, **params: Any) -> Iterator[Answer]:
        """Every page of a list, by the links in it."""
        page = self.get(path, **params)
        yield page
        while (following := page["links"].get("next")) is not None:
            page = self.get(following)
            yield page

    def pages(self, path: str, **params: Any) -> Iterator[Any]:
        """Every item of a list, page after page."""
        for page in self.page_by_page(path, **params):
            yield from page["items"]

    def post(self, path: str, body: Any = None, *, key: str | None = None, **params: Any) -> Answer:
        """Creates or commands, under a new Idempotency-Key or the given one."""
        return self.request("POST", path, params=params, headers=_post_headers(key), json=body)

    def upload(
        self,
        path: str,
        content: bytes | Iterable[bytes],
        media_type: str,
        *,
        key: str | None = None,
        **params: Any,
    ) -> Answer:
        """Sends a file as the body of a POST."""
        headers = {**_post_headers(key), "Content-Type": media_type}
        return self.request("POST", path, params=params, headers=headers, content=content)

    def patch(self, path: str, body: Mapping[str, Any], *, etag: str | None, **params: Any) -> Answer:
        """Changes the fields in `body` if the record still is what `etag` says."""
        headers = {"If-Match": etag, "Content-Type": MERGE_PATCH}
        return self.request("PATCH", path, params=params, headers=headers, content=dumps(body).encode())

    def put(self, path: str, body: Any, *, etag: str | None = None, **params: Any) -> Answer:
        """Replaces what is the caller's own."""
        return self.request("PUT", path, params=params, headers={"If-Match": etag}, json=body)

    def follow_changes(
        self, after: int = 0, *, wait: float = 20, stop_when_empty: bool = False, **filters: Any
    ) -> Iterator[dict[str, Any]]:
        """Every entry of the change feed behind `after`, as they come; ends only when told to.

        `stop_when_empty`: at the first answer without entries (after having waited). Filters: type, authority, school.
        """
        while True:
            params = {**filters, "after": after, "wait": wait}
            page = self.request("GET", "/v1/changes", params=params, timeout=wait + _SLACK)
            yield from page["items"]
            if not page["items"] and stop_when_empty and page["next_after"] == after:
                return
            after = page["next_after"]

    def finished_job(self, path: str, *, within: float = 60.0) -> Answer:
        """The job at `path` once it has ended. Raises TimeoutError where it has not within so many seconds."""
        until = time.monotonic() + within
        while (job := self.get(path))["state"] not in FINAL_STATES:
            if time.monotonic() > until:
                raise TimeoutError(f"{path} is still {job['state']} after {within:g} s")
            time.sleep(_PAUSE)
        return job


class AsyncApiClient(_Requests):
    """The same for a running event loop; every method means what it does in ApiClient."""

    def __init__(
        self,
        base_url: str,
        token_source: Callable[[], str | Awaitable[str]] | None = None,
        *,
        language: str | None = None,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(language)
        self._token_source = token_source
        self._http = httpx.AsyncClient(base_url=base_url, timeout=timeout, transport=transport)

    async def __aenter__(self) -> Self:
        """Nothing is opened until the first request."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes every connection."""
        await self.close()

    async def close(self) -> None:
        """Closes every connection."""
        await self._http.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        json: Any = None,
        content: bytes | AsyncIterable[bytes] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Any request. Raises ApiProblem for a refusal, httpx.TransportError where nobody answers."""
        token = self._token_source() if self._token_source is not None else None
        if token is not None and not isinstance(token, str):
            token = await token
        return answer_of(
            await self._http.request(
                method,
                path,
                params=_params(params) if params else None,
                headers=self._headers(token, headers),
                json=json,
                content=content,
                timeout=timeout if timeout is not None else self._http.timeout,
            )
        )

    async def get(self, path: str, *, etag: str | None = None, **params: Any) -> Answer:
        """Reads."""
        return await self.request("GET", path, params=params, headers={"If-None-Match": etag})

    async def page_by_page(self, path: str, **params: Any) -> AsyncIterator[Answer]:
        """Every page of a list."""
        page = await self.get(path, **params)
        yield page
        while (following := page["links"].get("next")) is not None:
            page = await self.get(following)
            yield page

    async def pages(self, path: str, **params: Any) -> AsyncIterator[Any]:
        """Every item of a list."""
        async for page in self.page_by_page(path, **params):
            for item in page["items"]:
                yield item

    async def post(self, path: str, body: Any = None, *, key: str | None = None, **params: Any) -> Answer:
        """Creates or commands."""
        return await self.request("POST", path, params=params, headers=_post_headers(key), json=body)

    async def upload(
        self,
        path: str,
        content: bytes | AsyncIterable[bytes],
        media_type: str,
        *,
        key: str | None = None,
        **params: Any,
    ) -> Answer:
        """Sends a file as the body of a POST."""
        headers = {**_post_headers(key), "Content-Type": media_type}
        return await self.request("POST", path, params=params, headers=headers, content=content)

    async def patch(self, path: str, body: Mapping[str, Any], *, etag: str | None, **params: Any) -> Answer:
        """Changes the fields in `body` if the record still is what `etag` says."""
        headers = {"If-Match": etag, "Content-Type": MERGE_PATCH}
        content = dumps(body).encode()
        return await self.request("PATCH", path, params=params, headers=headers, content=content)

    async def put(self, path: str, body: Any, *, etag: str | None = None, **params: Any) -> Answer:
        """Replaces what is the caller's own."""
        return await self.request("PUT", path, params=params, headers={"If-Match": etag}, json=body)

    async def follow_changes(
        self, after: int = 0, *, wait: float = 20, stop_when_empty: bool = False, **filters: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """Every entry of the change feed behind `after`, as they come."""
        while True:
            params = {**filters, "after": after, "wait": wait}
            page = await self.request("GET", "/v1/changes", params=params, timeout=wait + _SLACK)
            for entry in page["items"]:
                yield entry
            if not page["items"] and stop_when_empty and page["next_after"] == after:
                return
            after = page["next_after"]

    async def finished_job(self, path: str, *, within: float = 60.0) -> Answer:
        """The job at `path` once it has ended. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while True:
                job = await self.get(path)
                if job["state"] in FINAL_STATES:
                    return job
                await asyncio.sleep(_PAUSE)


class ClientCredentials:
    """A token source for machines: asks the issuer when there is no token or when it is about to expire."""

    def __init__(self, token_url: str, client_id: str, secret: str, *, scope: str | None = None) -> None:
        self._token_url = token_url
        self._basic = httpx.BasicAuth(client_id, secret)
        self._form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        self._token = ""
        self._until = 0.0

    def __call__(self) -> str:
        """The token of the moment. Raises httpx.HTTPStatusError where the issuer refuses."""
        if time.monotonic() >= self._until:
            answer = httpx.post(self._token_url, data=self._form, auth=self._basic, timeout=10)
            answer.raise_for_status()
            granted = answer.json()
            self._token = granted["access_token"]
            self._until = time.monotonic() + max(0.0, granted["expires_in"] * 0.8)
        return self._token
