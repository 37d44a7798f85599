"""What the gateway answers itself in front of its pages: problems, preflights, and the lines that browsers need."""

import re
from collections.abc import Mapping
from random import getrandbits
from time import time_ns
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from gateway.domain.headers import Lines
from gateway.usecases.admit import held_back
from service_kit.language import language_of
from service_kit.problems import Catalogue, ProblemError, as_response

PREFLIGHT_SECONDS: Final = b"600"
READABLE: Final = b", ".join(
    (
        b"ETag", b"Last-Modified", b"Link", b"Location", b"Retry-After", b"Content-Language", b"X-Request-Id",
        b"RateLimit", b"RateLimit-Policy",
    )
)  # fmt: skip
"""Response headers that a front end's script may read."""
SENDABLE: Final = (
    b"Authorization, Accept-Language, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Request-Id"
)
"""Request headers that a front end's script may send."""

_WELL_FORMED: Final = re.compile(rb"[A-Za-z0-9._:-]{8,128}")
# The form that service_kit.request_ids takes, so that gateway and service keep the same ids.


class Answers:
    """Writes problems and cross-origin lines. `origins` are the front ends that may call from a browser."""

    def __init__(self, catalogue: Catalogue, origins: tuple[str, ...]) -> None:
        self._catalogue = catalogue
        self._origins = frozenset(origin.encode("latin-1") for origin in origins)
        self._no_lines: Lines = [] if not origins else [(b"vary", b"Origin")]

    @staticmethod
    def request_id(found: Mapping[bytes, bytes]) -> bytes:
        """The client's own X-Request-Id where it is well formed, else a new one."""
        given = found.get(b"x-request-id")
        if given is not None and _WELL_FORMED.fullmatch(given):
            return given
        # In time order as the ids of records are, and cheaper to make: no system call, no UUID.
        return b"%012x%020x" % (time_ns() // 1_000_000, getrandbits(80))

    def browser_lines(self, found: Mapping[bytes, bytes]) -> Lines:
        """The lines that let a configured front end's script read an answer (Fetch standard)."""
        origin = found.get(b"origin")
        if origin is None or origin not in self._origins:
            return self._no_lines
        return [
            (b"vary", b"Origin"),
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", READABLE),
        ]

    @staticmethod
    def is_preflight(found: Mapping[bytes, bytes]) -> bool:
        """Whether an OPTIONS request is a browser's question before a call."""
        return b"origin" in found and b"access-control-request-method" in found

    async def preflight(self, send: Send, found: Mapping[bytes, bytes], allow: str) -> None:
        """Answers OPTIONS: the methods, and for a configured origin that they may be called from there."""
        lines = [*self.browser_lines(found), (b"allow", allow.encode())]
        if found.get(b"origin") in self._origins:
            lines += [
                (b"access-control-allow-methods", allow.encode()),
                (b"access-control-allow-headers", SENDABLE),
                (b"access-control-max-age", PREFLIGHT_SECONDS),
            ]
        await send({"type": "http.response.start", "status": 204, "headers": lines})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def for_browsers(self, send: Send, found: Mapping[bytes, bytes]) -> Send:
        """`send` with the browser's lines on the answer."""
        lines = self.browser_lines(found)
        if not lines:
            return send

        async def with_lines(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *lines]
            await send(message)

        return with_lines

    async def problem(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        problem: ProblemError,
        extra: Lines,
        request_id: bytes,
    ) -> int:
        """Sends a problem in the caller's language and returns its status; held back where it is to be."""
        await held_back(problem)
        response = as_response(problem, self._catalogue, language_of(scope), request_id.decode("latin-1"))
        response.raw_headers.extend(extra)
        await response(scope, receive, send)
        return response.status_code
