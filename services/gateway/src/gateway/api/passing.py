"""The pass-through: one pure-ASGI handler in front of the gateway's own pages.

Per request: route, caller, right, limit, then bytes in both directions, unparsed and unbuffered. Whatever is not a
route of a service goes on to the gateway's own application. Design section 8 has the budget: every line here is paid
by every request, so what can be prepared is prepared.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from time import monotonic_ns
from typing import Final
from urllib.parse import quote

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.answers import Answers
from gateway.api.observing import Observation, Observer
from gateway.domain.headers import Lines, forwarded, to_client, to_upstream
from gateway.domain.limits import Allowance
from gateway.domain.routes import Route, RoutedOperation, RouteTable
from gateway.usecases.admit import Callers
from service_kit.http_client import (
    Upstream,
    UpstreamBroken,
    UpstreamError,
    UpstreamResponse,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from service_kit.problems import ProblemError
from service_kit.request_ids import SCOPE_KEY

WATCH_AFTER: Final = 1.0
"""Seconds after which a request that is still open is watched for its client going away."""
HEAD_DRAIN: Final = 65_536
"""Bytes of an unwanted body that are read to keep the connection; a longer one costs the connection."""
FRAMING: Final = 4_096
"""Bytes that a multipart frame may add to a file; the service measures the file itself."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The largest request bodies in bytes: of JSON, and of an uploaded file."""

    json: int
    upload: int

    def of(self, operation: RoutedOperation) -> int:
        """The limit of one operation."""
        return self.upload + FRAMING if operation.upload else self.json


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


class BrokenOff(Exception):
    """A service broke off in the middle of its answer."""


class PassThrough:
    """The gateway as an ASGI application. `inner` serves what no upstream does."""

    def __init__(
        self,
        inner: ASGIApp,
        table: RouteTable,
        upstreams: Mapping[str, Upstream],
        callers: Callers,
        answers: Answers,
        observer: Observer,
        limits: BodyLimits,
    ) -> None:
        self._inner = inner
        self._match = table.match
        self._upstreams = upstreams
        self._callers = callers
        self._answers = answers
        self._observer = observer
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, or the life of the process (lifespan)."""
        if scope["type"] == "http":
            route = self._match(scope["path"])
            if route is None:
                await self._own(scope, receive, send)
            else:
                await self._serve(scope, receive, send, route)
        elif scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        for upstream in self._upstreams.values():
            await upstream.open()
        try:
            await self._inner(scope, receive, send)
        finally:
            for upstream in self._upstreams.values():
                await upstream.close()

    async def _own(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = dict(scope["headers"])
        if scope["method"] == "OPTIONS" and self._answers.is_preflight(found):
            await self._answers.preflight(send, found, "GET, HEAD, OPTIONS")
            return
        await self._inner(scope, receive, self._answers.for_browsers(send, found))

    async def _serve(self, scope: Scope, receive: Receive, send: Send, route: Route) -> None:
        method = scope["method"]
        headers: Lines = scope["headers"]
        found = dict(headers)
        request_id = self._answers.request_id(found)
        scope[SCOPE_KEY] = request_id
        if method == "OPTIONS":
            await self._answers.preflight(send, found, route.allow)
            return
        operation = route.methods.get(method)
        observation = self._observer.begin(method, route.template)
        allowance: Allowance | None = None
        extra: Lines = [(b"x-request-id", request_id), *self._answers.browser_lines(found)]
        try:
            if operation is None:
                raise ProblemError(
                    "method_not_allowed", {"allowed": route.allow}, headers={"Allow": route.allow}
                )
            if len(found) != len(headers):
                _refuse_repeated(headers)
            authorization = found.get(b"authorization")
            caller = self._callers.known(authorization) or await self._callers.verify(authorization)
            observation.client_id = caller.principal.client_id
            if not caller.may(operation.operation):
                raise ProblemError("operation_not_permitted", {"operation": operation.operation})
            allowance = self._enter(caller.allowance, extra)
            await self._forward(scope, receive, send, operation, observation, found, extra)
        except ProblemError as refusal:
            observation.code = refusal.code
            observation.status = await self._answers.problem(scope, receive, send, refusal, extra, request_id)
        except ClientGone:
            observation.status = 499
        except BrokenOff:
            # The head is out: ending without the rest makes the server cut the connection, which a client sees.
            observation.status = 502
        except Exception as error:
            # Nothing below is known to raise anything else, and nothing of it may reach the client.
            log.exception("pass_through_failed", request_id=request_id.decode(), route=route.template)
            observation.code = type(error).__name__
            if observation.started:
                observation.status = 500
                raise
            failure = ProblemError("internal_error")
            observation.status = await self._answers.problem(scope, receive, send, failure, extra, request_id)
        finally:
            if allowance is not None:
                allowance.in_flight -= 1
            self._observer.end(observation, request_id)

    def _enter(self, allowance: Allowance, extra: Lines) -> Allowance:
        """Takes one request of the client's rate and one place of its bulkhead; adds the RateLimit lines."""
        now = monotonic_ns()
        left = allowance.take(now)
        quota = allowance.quota
        extra.append((b"ratelimit-policy", quota.policy_line))
        extra.append(
            (b"ratelimit", b'"client";r=%d;t=%d' % (max(0, left), allowance.seconds_until_full(now)))
        )
        if left < 0:
            wait = str(allowance.seconds_until_next(now))
            raise ProblemError("too_many_requests", headers={"Retry-After": wait})
        if allowance.in_flight >= quota.in_flight:
            raise ProblemError("too_many_in_flight", {"limit": quota.in_flight}, headers={"Retry-After": "1"})
        allowance.in_flight += 1
        return allowance

    async def _forward(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        operation: RoutedOperation,
        observation: Observation,
        found: Mapping[bytes, bytes],
        extra: Lines,
    ) -> None:
        body = await _body(found, receive, self._limits.of(operation))
        lines = to_upstream(scope["headers"], found.get(b"connection"))
        lines.append(("x-request-id", extra[0][1].decode("latin-1")))
        lines.append(("x-deadline-ms", operation.deadline_line))
        lines.append(("forwarded", forwarded(scope.get("client"), found.get(b"host", b""), scope["scheme"])))
        lines.append(("traceparent", observation.traceparent))
        upstream = self._upstreams[operation.service]
        # A streamed body is read from the same channel, and its reader notices a client that goes away.
        guard = _Guard(operation.deadline, None if isinstance(body, AsyncIterator) else receive)
        try:
            response = await upstream.send(operation.method, _target(scope), lines, body, None)
            try:
                await _answer(send, response, observation, extra, scope["method"] == "HEAD")
            finally:
                response.close()
        except UpstreamError as error:
            raise _refusal(error, operation, observation) from error
        except asyncio.CancelledError:
            if not (guard.client_gone or guard.too_late):
                raise
            guard.forgive()
            if guard.client_gone:
                raise ClientGone from None
            raise _refusal(upstream.timed_out(), operation, observation) from None
        finally:
            guard.stop()


class _Guard:
    """Ends a request whose time is over or whose client has gone. Nothing but a timer is spent on a short one."""

    __slots__ = ("_deadline", "_receive", "_request", "_task", "_timer", "client_gone", "too_late")

    def __init__(self, deadline: float, receive: Receive | None) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = deadline
        self._receive = receive
        self._request = asyncio.current_task(loop)
        self._task: asyncio.Task[None] | None = None
        self.client_gone = False
        self.too_late = False
        self._timer = loop.call_later(min(WATCH_AFTER, deadline), self._begin)

    def stop(self) -> None:
        """Ends the watch."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def forgive(self) -> None:
        """Takes back the cancellation, which was ours and has done its work: an answer is still to be sent."""
        if self._request is not None:
            self._request.uncancel()

    def _begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        try:
            async with asyncio.timeout(max(0.0, self._deadline - WATCH_AFTER)):
                await self._disconnect()
            self.client_gone = True
        except TimeoutError:
            self.too_late = True
        if self._request is not None:
            self._request.cancel()

    async def _disconnect(self) -> None:
        if self._receive is None:
            await asyncio.get_running_loop().create_future()
            return
        message = await self._receive()
        while message["type"] != "http.disconnect":
            message = await self._receive()


def _target(scope: Scope) -> str:
    target: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    query: bytes = scope["query_string"]
    return (target + b"?" + query if query else target).decode("latin-1")


async def _answer(
    send: Send, response: UpstreamResponse, observation: Observation, extra: Lines, head_only: bool
) -> None:
    """Sends the answer on: in one piece when it is there already, else as it comes."""
    status = observation.status = response.status
    headers = to_client(response.raw_headers, response.connection, status in (204, 304))
    headers += extra
    start = {"type": "http.response.start", "status": status, "headers": headers}
    if head_only:
        await _drain(response)
        chunk = b""
    else:
        # Before the first byte is read the answer can still become a problem; after the head it cannot.
        chunk = await response.read_some()
    observation.started = True
    await send(start)
    while not head_only and not response.ended:
        if chunk:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        chunk = await response.read_some()
    await send({"type": "http.response.body", "body": chunk, "more_body": False})


async def _drain(response: UpstreamResponse) -> None:
    size = 0
    while size < HEAD_DRAIN and (chunk := await response.read_some()):
        size += len(chunk)


async def _body(
    found: Mapping[bytes, bytes], receive: Receive, limit: int
) -> AsyncIterator[bytes] | bytes | None:
    """The request's body: nothing, bytes when it came in one piece, else a stream. Raises ProblemError (413)."""
    length = found.get(b"content-length")
    if length is None and b"transfer-encoding" not in found:
        return None
    if length is not None:
        if not length.isdigit():
            raise ProblemError("malformed_request")
        if int(length) > limit:
            raise ProblemError("body_too_large", {"limit": limit})
        if length == b"0":
            return None
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    first: bytes = message.get("body", b"")
    if message.get("more_body", False):
        return _stream(first, receive, limit)
    if len(first) > limit:
        raise ProblemError("body_too_large", {"limit": limit})
    return first


async def _stream(first: bytes, receive: Receive, limit: int) -> AsyncIterator[bytes]:
    chunk, size, more = first, 0, True
    while True:
        size += len(chunk)
        if size > limit:
            raise ProblemError("body_too_large", {"limit": limit})
        if chunk:
            yield chunk
        if not more:
            return
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk, more = message.get("body", b""), message.get("more_body", False)


_ONCE: Final = frozenset(
    (b"authorization", b"content-length", b"x-request-id", b"if-match", b"idempotency-key")
)


def _refuse_repeated(headers: Lines) -> None:
    """Two lines of which gateway and service might each believe another one are refused."""
    seen: set[bytes] = set()
    for name, _ in headers:
        if name in _ONCE and name in seen:
            raise ProblemError("malformed_request")
        seen.add(name)


def _refusal(error: UpstreamError, operation: RoutedOperation, observation: Observation) -> Exception:
    """What becomes of an upstream's failure: a problem, or the end of an answer that has begun."""
    observation.code = type(error).__name__
    if observation.started:
        return BrokenOff(error.upstream)
    headers = {"Retry-After": str(error.retry_after)}
    match error:
        case UpstreamUnavailable():
            return ProblemError("upstream_unavailable", {"service": error.upstream}, headers=headers)
        case UpstreamTimeout():
            params = {"service": error.upstream, "seconds": f"{operation.deadline:g}"}
            return ProblemError("upstream_timeout", params, headers=headers)
        case UpstreamBroken() | _:
            return ProblemError("upstream_broken", {"service": error.upstream}, headers=headers)
