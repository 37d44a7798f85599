"""A request id on every request and answer, and the last line of defence behind which nothing leaks."""

import re
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.identifiers import new_id
from service_kit.language import language_of
from service_kit.problems import Catalogue, ProblemError, as_response

HEADER = "X-Request-Id"
SCOPE_KEY = "gwella.request_id"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._:-]{8,128}")

log = structlog.get_logger(__name__)


def request_id_of(scope: Scope) -> str:
    """The id of the request; a fresh one where the middleware is not installed."""
    known: str | None = scope.get(SCOPE_KEY)
    return known if known is not None else uuid4().hex


class RequestIds:
    """Pure ASGI: takes a well-formed X-Request-Id or makes one (UUID v7), logs under it, returns it.

    An exception that no handler took becomes a problem `internal_error` without any detail of it; the traceback goes
    to the log under the same id.
    """

    def __init__(self, app: ASGIApp, catalogue: Catalogue) -> None:
        self.app = app
        self.catalogue = catalogue

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER)
        request_id = given if given is not None and _WELL_FORMED.fullmatch(given) else new_id()
        scope[SCOPE_KEY] = request_id
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except ClientDisconnect:
                log.info("client_gone", method=scope["method"])
            except Exception as error:
                log.exception("request_failed", method=scope["method"], error_type=type(error).__name__)
                if started:
                    raise
                problem = ProblemError("internal_error")
                answer = as_response(problem, self.catalogue, language_of(scope), request_id)
                await answer(scope, receive, send_with_id)
