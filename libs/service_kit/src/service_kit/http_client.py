"""The one HTTP client of the suite's own calls: a session per upstream, with its circuit and its retry budget.

Nothing else imports aiohttp. Bodies pass unparsed in both directions: the gateway forwards bytes it never reads.
"""

import asyncio
import random
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from time import monotonic
from typing import Any, ClassVar, Final

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict, istr
from yarl import URL

from service_kit.circuit import Circuit, RetryBudget, UpstreamLimits

READ_BUFFER: Final = 65_536
"""Bytes of an answer that wait for a slow reader before the upstream is held back."""
IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods that may be repeated (RFC 9110 section 9.2.2)."""


Headers = Sequence[tuple[str, str]]
"""Header lines: name, value."""


class UpstreamError(Exception):
    """An upstream gave no usable answer. `retry_after` is in whole seconds."""

    def __init__(self, upstream: str, retry_after: int, why: str) -> None:
        super().__init__(f"{upstream}: {why}")
        self.upstream = upstream
        self.retry_after = retry_after


class UpstreamUnavailable(UpstreamError):
    """Nothing was sent: the circuit is open, or no connection could be made."""


class UpstreamTimeout(UpstreamError):
    """The upstream was reached and did not answer in time."""


class UpstreamBroken(UpstreamError):
    """The upstream broke the connection or answered with something that is not HTTP."""


class _PlainRequest(aiohttp.ClientRequest):
    """Sends exactly the headers given: no Accept-Encoding or User-Agent that the caller did not send."""

    DEFAULT_HEADERS: ClassVar[dict[istr, str]] = {}  # type: ignore[misc]

    def update_headers(self, headers: Any) -> None:
        self.headers = headers
        headers[hdrs.HOST] = self.url.host_port_subcomponent

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        self._skip_auto_headers = _NO_CONTENT_TYPE


_NO_CONTENT_TYPE: Final = CIMultiDict({istr("Content-Type"): None})


class _Outgoing:
    """A request body on its way, which remembers when its own source failed: that is no fault of the upstream."""

    def __init__(self, source: AsyncIterable[bytes]) -> None:
        self._source = source
        self.fault: BaseException | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._source:
                yield chunk
        except Exception as fault:
            self.fault = fault
            raise


class UpstreamResponse:
    """An answer whose head has arrived: status, headers as sent, body in chunks as they come."""

    __slots__ = ("_closed", "_content", "_response", "_upstream", "connection", "raw_headers", "status")

    def __init__(self, upstream: "Upstream", response: aiohttp.ClientResponse) -> None:
        self._upstream = upstream
        self._response = response
        self._content = response.content
        self._closed = False
        self.status: int = response.status
        self.raw_headers: Iterable[tuple[bytes, bytes]] = response.raw_headers
        self.connection: str | None = response.headers.get(hdrs.CONNECTION)

    async def read_some(self) -> bytes:
        """The bytes that have arrived, at least one, or b"" at the end. Raises UpstreamError when it breaks off."""
        try:
            return await self._content.readany()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            self._upstream.circuit.failed()
            raise _translated(self._upstream, error) from error

    @property
    def ended(self) -> bool:
        """Whether every byte has been read."""
        return self._content.at_eof()

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises UpstreamBroken beyond `limit` bytes."""
        parts: list[bytes] = []
        size = 0
        while chunk := await self.read_some():
            size += len(chunk)
            if size > limit:
                self.close()
                raise UpstreamBroken(self._upstream.name, 1, f"answer of more than {limit} bytes")
            parts.append(chunk)
        return b"".join(parts)

    def close(self) -> None:
        """Gives the connection back when the body was read to its end, drops it otherwise. Always call it."""
        if self._closed:
            return
        self._closed = True
        self._upstream.in_flight -= 1
        if self._content.at_eof():
            self._response.release()
        else:
            self._response.close()


def _translated(upstream: "Upstream", error: BaseException) -> UpstreamError:
    retry_after = max(1, round(upstream.circuit.seconds_until_probe()))
    match error:
        case aiohttp.ConnectionTimeoutError() | aiohttp.ClientConnectorError():
            return UpstreamUnavailable(upstream.name, retry_after, f"no connection ({type(error).__name__})")
        case TimeoutError():
            return UpstreamTimeout(upstream.name, retry_after, "no answer in time")
        case _:
            return UpstreamBroken(upstream.name, retry_after, f"broken answer ({type(error).__name__})")


class Upstream:
    """One service that is called: session, circuit and retry budget. Open and close it in the running loop."""

    def __init__(
        self,
        name: str,
        base_url: str,
        limits: UpstreamLimits | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.name = name
        self.base_url = base_url.rstrip("/")
        self.limits = limits or UpstreamLimits()
        self.circuit = Circuit(self.limits, now)
        self.budget = RetryBudget(self.limits.retry_share, self.limits.retry_reserve)
        self.in_flight = 0
        self._session: aiohttp.ClientSession | None = None
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=self.limits.connect)

    async def open(self) -> None:
        """Creates the session; no connection is made yet."""
        if self._session is not None:
            return
        connector = aiohttp.TCPConnector(
            limit=self.limits.connections,
            keepalive_timeout=self.limits.keep_alive,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    async def close(self) -> None:
        """Closes every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(
        self,
        method: str,
        target: str,
        headers: Headers,
        body: AsyncIterable[bytes] | bytes | None = None,
        total: float | None = 30.0,
    ) -> UpstreamResponse:
        """Sends one request and waits for the head of the answer.

        `target` is the path and query, already percent-encoded; it is sent as it is. `headers` are sent as
        given plus Host. `total` bounds the time to the answer's head, in seconds; None: the caller bounds the call
        and says `timed_out()`. Raises UpstreamError; whatever `body` raises comes through as it is.
        """
        session = self._session
        if session is None:
            raise UpstreamUnavailable(self.name, 1, "not open")
        if self.in_flight >= self.limits.connections:
            raise UpstreamUnavailable(self.name, 1, f"all {self.limits.connections} connections are in use")
        if not self.circuit.admit():
            wait = max(1, round(self.circuit.seconds_until_probe()))
            raise UpstreamUnavailable(self.name, wait, "circuit open")
        self.budget.earn()
        self.in_flight += 1
        try:
            if total is None:
                return await self._attempt(session, method, target, headers, body)
            async with asyncio.timeout(total):
                return await self._attempt(session, method, target, headers, body)
        except TimeoutError:
            self.in_flight -= 1
            raise self.timed_out() from None
        except BaseException:
            self.in_flight -= 1
            raise

    async def _attempt(
        self,
        session: aiohttp.ClientSession,
        method: str,
        target: str,
        headers: Headers,
        body: AsyncIterable[bytes] | bytes | None,
    ) -> UpstreamResponse:
        """Sends, once more where that is allowed, and keeps the circuit's account."""
        circuit = self.circuit
        url = URL(self.base_url + target, encoded=True)
        outgoing = body if body is None or isinstance(body, bytes) else _Outgoing(body)
        repeatable = method in IDEMPOTENT and not isinstance(outgoing, _Outgoing)
        while True:
            try:
                response = await _exchange(
                    session, method, url, CIMultiDict(headers), outgoing, self._timeout
                )
            except (aiohttp.ClientError, OSError) as error:
                if isinstance(outgoing, _Outgoing) and outgoing.fault is not None:
                    circuit.abandoned()
                    raise outgoing.fault from None
                circuit.failed()
                if not (repeatable and not circuit.is_open and self.budget.spend()):
                    raise _translated(self, error) from error
                repeatable = False
                # Apart by chance, so that callers cut off together do not come back together.
                await asyncio.sleep(random.uniform(0.005, 0.025))  # noqa: S311
            except BaseException:
                circuit.abandoned()
                raise
            else:
                circuit.succeeded()
                return UpstreamResponse(self, response)

    def timed_out(self) -> UpstreamTimeout:
        """Records that a call was given up because its time was over; the error to raise."""
        self.circuit.failed()
        wait = max(1, round(self.circuit.seconds_until_probe()))
        return UpstreamTimeout(self.name, wait, "no answer in time")


async def _exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    headers: "CIMultiDict[str]",
    body: "_Outgoing | bytes | None",
    timeout: aiohttp.ClientTimeout,
) -> aiohttp.ClientResponse:
    """One request and the head of its answer, on a connection of the session's pool.

    `session.request` does the same and also cookies, redirects, netrc, proxies, default headers, repeats and four
    timers: 20 of the 185 microseconds that a passed-through request took. The body's bytes are left as they are.
    """
    connector = session.connector
    if connector is None:
        raise aiohttp.ClientConnectionError("the session is closed")
    request = _PlainRequest(
        method,
        url,
        headers=headers,
        data=body,
        loop=asyncio.get_running_loop(),
        response_class=aiohttp.ClientResponse,
        session=session,
    )
    try:
        connection = await connector.connect(request, traces=[], timeout=timeout)
    except TimeoutError as error:
        raise aiohttp.ConnectionTimeoutError(f"no connection to {url.host}") from error
    try:
        protocol = connection.protocol
        if protocol is None:
            raise aiohttp.ClientConnectionError("the connection was lost")
        protocol.set_response_params(
            skip_payload=method == "HEAD",
            read_until_eof=True,
            auto_decompress=False,
            read_bufsize=READ_BUFFER,
        )
        response = await request.send(connection)
        try:
            await response.start(connection)
        except BaseException:
            response.close()
            raise
    except BaseException:
        connection.close()
        raise
    return response


async def fetch(url: str, total: float = 5.0, limit: int = 1_000_000) -> tuple[int, bytes]:
    """One GET outside any pool, for rare calls such as an issuer's keys: (status, body).

    Raises UpstreamError when there is no answer in `total` seconds or the body exceeds `limit` bytes.
    """
    parts = URL(url)
    upstream = Upstream(parts.host or "", str(parts.origin()))
    await upstream.open()
    try:
        async with asyncio.timeout(total):
            response = await upstream.send(
                "GET", parts.raw_path_qs, [("accept", "application/json")], total=None
            )
            try:
                return response.status, await response.read(limit)
            finally:
                response.close()
    except TimeoutError:
        raise upstream.timed_out() from None
    finally:
        await upstream.close()
