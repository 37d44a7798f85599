"""Request bodies on their way through: counted, never collected."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.types import Receive

from gateway.domain.routes import RoutedOperation
from service_kit.problems import ProblemError

FRAMING: Final = 4_096
"""Bytes that a multipart frame may add to a file; the service measures the file itself."""


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


class StreamedBody:
    """A body that comes in pieces, counted as they pass. `waiting`: the client has been asked for the next one."""

    __slots__ = ("_first", "_limit", "_receive", "waiting")

    def __init__(self, first: bytes, receive: Receive, limit: int) -> None:
        self._first = first
        self._receive = receive
        self._limit = limit
        self.waiting = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces. Raises ProblemError (413), ClientGone."""
        chunk, size, more = self._first, 0, True
        while True:
            size += len(chunk)
            if size > self._limit:
                raise ProblemError("body_too_large", {"limit": self._limit})
            if chunk:
                yield chunk
            if not more:
                return
            self.waiting = True
            message = await self._receive()
            self.waiting = False
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk, more = message.get("body", b""), message.get("more_body", False)


async def request_body(
    found: Mapping[bytes, bytes], receive: Receive, limit: int
) -> StreamedBody | bytes | None:
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
        return StreamedBody(first, receive, limit)
    if len(first) > limit:
        raise ProblemError("body_too_large", {"limit": limit})
    return first
