"""The pass-through: one pure-ASGI handler in front of the gateway's own pages.

Per request: route, caller, right, limit, then bytes in both directions, unparsed and unbuffered. Whatever is not a
route of a service goes on to the gateway's own application. Design section 8 has the budget: every line here is paid
by every request, so what can be prepared is prepared.
"""

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.media_types import JSON
from gateway.api.answers import Answers
from gateway.api.bodies import BodyLimits, ClientGone, StreamedBody, request_body
from gateway.api.guarding import Guard
from gateway.api.observing import Observation, Observer
from gateway.domain.headers import Lines, forwarded, to_client, to_upstream
from gateway.domain.limits import Allowance
from gateway.domain.routes import Route, RoutedOperation, RouteTable
from gateway.usecases.admit import Callers, enter
from gateway.usecases.page_shared_list import shared_page
from gateway.usecases.turns import Turn, Turns
from service_kit.http_client import (
    Upstream,
    UpstreamBroken,
    UpstreamError,
    UpstreamResponse,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from service_kit.media import wished
from service_kit.problems import ProblemError
from service_kit.request_ids import SCOPE_KEY

HEAD_DRAIN: Final = 65_536
"""Bytes of an unwanted body that are read to keep the connection; a longer one costs the connection."""
_READING: Final = frozenset(("GET", "HEAD"))
log = structlog.get_logger(__name__)


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
        turns: Mapping[str, Turns],
    ) -> None:
        self._inner = inner
        self._match = table.match
        self._upstreams = upstreams
        self._callers = callers
        self._answers = answers
        self._observer = observer
        self._limits = limits
        self._turns = turns

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

        async def receive_and_close() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                # Now, not after the application has said that it is done: then nobody waits for us any more.
                await self._close()
            return message

        try:
            await self._inner(scope, receive_and_close, send)
        finally:
            await self._close()

    async def _close(self) -> None:
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
            extra += enter(caller.allowance, writing=method not in _READING)
            allowance = caller.allowance
            forward = self._page if operation.is_shared_list else self._forward
            await forward(scope, receive, send, operation, observation, found, extra)
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

    async def _page(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        operation: RoutedOperation,
        observation: Observation,
        found: Mapping[bytes, bytes],
        extra: Lines,
    ) -> None:
        """A page of a list of which several services have a part; it is given page by page alone."""
        wished(found.get(b"accept", b"").decode("latin-1"), (JSON,))
        lines = _lines(scope, operation, observation, found, extra)
        behind = {name: self._upstreams[name] for name in operation.shared}
        try:
            answer = await shared_page(
                behind, scope["path"], scope["query_string"], lines, operation.deadline
            )
        except UpstreamError as error:
            raise _refusal(error, operation, observation) from error
        observation.status = answer.status
        observation.started = True
        headers = [*to_client(answer.headers, None, False), *extra]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body, "more_body": False})

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
        body = await request_body(found, receive, self._limits.of(operation))
        lines = _lines(scope, operation, observation, found, extra)
        service = operation.service_of(scope["path"])
        if service is None:
            raise ProblemError("not_found")
        upstream = self._upstreams[service]
        # A streamed body is read from the same channel, and its reader notices a client that goes away.
        seconds, _ = operation.time_for(found.get(b"accept"))
        guard = Guard(seconds, None if isinstance(body, StreamedBody) else receive)
        turn: Turn | None = None
        try:
            turns, client = self._turns[service], observation.client_id or ""
            turn = turns.at_once(client) or await turns.later(client)
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
            if turn is None:
                # It waited behind its own client's requests: nothing is held against the service.
                raise ProblemError("unavailable", headers={"Retry-After": "1"}) from None
            if observation.sending:
                # The client does not take the answer that is there: nothing is held against the service.
                raise BrokenOff(service) from None
            if isinstance(body, StreamedBody) and body.waiting:
                raise ProblemError("request_timeout", headers={"Connection": "close"}) from None
            raise _refusal(upstream.timed_out(), operation, observation) from None
        finally:
            guard.stop()
            if turn is not None:
                turn.give_back()


def _lines(
    scope: Scope,
    operation: RoutedOperation,
    observation: Observation,
    found: Mapping[bytes, bytes],
    extra: Lines,
) -> list[tuple[str, str]]:
    """The request's lines for the service: the client's own that may cross, and the gateway's."""
    lines = to_upstream(scope["headers"], found.get(b"connection"))
    lines.append(("x-request-id", extra[0][1].decode("latin-1")))
    lines.append(("x-deadline-ms", operation.time_for(found.get(b"accept"))[1]))
    lines.append(("forwarded", forwarded(scope.get("client"), found.get(b"host", b""), scope["scheme"])))
    lines.append(("traceparent", observation.traceparent))
    return lines


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
    observation.started = observation.sending = True
    await send(start)
    while not head_only and not response.ended:
        if chunk:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        observation.sending = False
        chunk = await response.read_some()
        observation.sending = True
    await send({"type": "http.response.body", "body": chunk, "more_body": False})


async def _drain(response: UpstreamResponse) -> None:
    size = 0
    while size < HEAD_DRAIN and (chunk := await response.read_some()):
        size += len(chunk)


_ONCE: Final = frozenset(
    (b"authorization", b"content-length", b"content-type", b"x-request-id", b"if-match", b"idempotency-key")
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
