"""The one HTTP client of the suite's own calls: a session per upstream, with its circuit and its retry budget.

Nothing else imports aiohttp. Bodies pass unparsed in both directions: the gateway forwards bytes it never reads.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, ClassVar, Final

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict, istr
from yarl import URL

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


@dataclass(frozen=True, slots=True)
class UpstreamLimits:
    """What one upstream may cost; times in seconds."""

    connections: int = 256
    connect: float = 2.0
    # Below uvicorn's 5 s, so that it is nearly always we who drop an idle connection: a POST sent on a
    # connection that the server is just closing cannot be repeated.
    keep_alive: float = 4.0
    circuit_failures: int = 5
    circuit_open: float = 2.0
    circuit_open_longest: float = 30.0
    retry_share: float = 0.1
    retry_reserve: float = 10.0


class Circuit:
    """Stops calls to an upstream that keeps failing, then lets one probe through at a time.

    Opens after `failures` in a row; each probe that fails doubles the pause up to `longest`.
    """

    def __init__(self, limits: UpstreamLimits, now: Callable[[], float] = monotonic) -> None:
        self._limits = limits
        self._now = now
        self._failures = 0
        self._pause = limits.circuit_open
        self._open_until = 0.0
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls are being held back (also while the one probe is out)."""
        return self._failures >= self._limits.circuit_failures

    def seconds_until_probe(self) -> float:
        """How long the circuit stays open before it tries again; 0 when a call may go now."""
        return max(0.0, self._open_until - self._now()) if self.is_open else 0.0

    def admit(self) -> bool:
        """Whether a call may go; an open circuit whose pause is over admits exactly one."""
        if self._failures < self._limits.circuit_failures:
            return True
        if self._probing or self._now() < self._open_until:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """The upstream answered: the circuit closes."""
        if self._failures or self._probing:
            self._failures = 0
            self._probing = False
            self._pause = self._limits.circuit_open

    def failed(self) -> None:
        """The upstream gave no answer."""
        if self._probing:
            self._pause = min(self._pause * 2, self._limits.circuit_open_longest)
        self._probing = False
        self._failures += 1
        if self._failures >= self._limits.circuit_failures:
            self._open_until = self._now() + self._pause

    def abandoned(self) -> None:
        """The caller went away before an answer: nothing was learned, so a probe's place is free again."""
        self._probing = False


class RetryBudget:
    """Allows retries for a share of the calls, so that retries cannot multiply an outage."""

    def __init__(self, share: float, reserve: float) -> None:
        self._share = share
        self._reserve = reserve
        self._tokens = reserve

    def earn(self) -> None:
        """One call was made."""
        if self._tokens < self._reserve:
            self._tokens += self._share

    def spend(self) -> bool:
        """Whether one retry may be made."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


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

    def __init__(self, source: AsyncIterator[bytes]) -> None:
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
        self._timeouts: dict[float | None, aiohttp.ClientTimeout] = {}

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
            request_class=_PlainRequest,
        )
        # aiohttp would repeat a request on its own; repeats are ours, so that the budget counts every one.
        self._session._retry_connection = False

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
        body: AsyncIterator[bytes] | bytes | None = None,
        total: float | None = 30.0,
    ) -> UpstreamResponse:
        """Sends one request and waits for the head of the answer.

        `target` is the path and query, already percent-encoded; it is sent as it is. `headers` are sent as
        given plus Host. `total` bounds request and answer, in seconds; None: the caller bounds them and
        says `timed_out()`. Raises UpstreamError.
        """
        if self._session is None:
            raise UpstreamUnavailable(self.name, 1, "not open")
        if self.in_flight >= self.limits.connections:
            raise UpstreamUnavailable(self.name, 1, f"all {self.limits.connections} connections are in use")
        if not self.circuit.admit():
            wait = max(1, round(self.circuit.seconds_until_probe()))
            raise UpstreamUnavailable(self.name, wait, "circuit open")
        self.budget.earn()
        self.in_flight += 1
        try:
            return await self._exchange(self._session, method, target, headers, body, total)
        except BaseException:
            self.in_flight -= 1
            raise

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        method: str,
        target: str,
        headers: Headers,
        body: AsyncIterator[bytes] | bytes | None,
        total: float | None,
    ) -> UpstreamResponse:
        circuit = self.circuit
        url = URL(self.base_url + target, encoded=True)
        sent = CIMultiDict(headers)
        timeout = self._timeouts.get(total) or self._timeout(total)
        outgoing = None if body is None or isinstance(body, bytes) else _Outgoing(body)
        repeatable = outgoing is None and method in IDEMPOTENT
        while True:
            try:
                response = await session.request(
                    method, url, headers=sent, data=outgoing or body, timeout=timeout, allow_redirects=False
                )
            except (TimeoutError, aiohttp.ClientError, OSError) as error:
                if outgoing is not None and outgoing.fault is not None:
                    circuit.abandoned()
                    raise outgoing.fault from None
                circuit.failed()
                if not self._may_repeat(repeatable, error):
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

    async def get(self, target: str, headers: Headers = (), total: float = 5.0) -> UpstreamResponse:
        """A plain GET. Raises UpstreamError."""
        return await self.send("GET", target, headers, None, total)

    def _may_repeat(self, repeatable: bool, error: BaseException) -> bool:
        # A request that ran into its time limit is not repeated: its caller has waited long enough.
        return (
            repeatable
            and not isinstance(error, TimeoutError)
            and not self.circuit.is_open
            and self.budget.spend()
        )

    def _timeout(self, total: float | None) -> aiohttp.ClientTimeout:
        timeout = aiohttp.ClientTimeout(
            total=total,
            sock_connect=self.limits.connect,
        )
        self._timeouts[total] = timeout
        return timeout


async def fetch(url: str, total: float = 5.0, limit: int = 1_000_000) -> tuple[int, bytes]:
    """One GET outside any pool, for rare calls such as an issuer's keys: (status, body).

    Raises UpstreamError when there is no answer in `total` seconds or the body exceeds `limit` bytes.
    """
    parts = URL(url)
    upstream = Upstream(parts.host or "", str(parts.origin()))
    await upstream.open()
    try:
        response = await upstream.get(parts.raw_path_qs, [("accept", "application/json")], total)
        try:
            return response.status, await response.read(limit)
        finally:
            response.close()
    finally:
        await upstream.close()
