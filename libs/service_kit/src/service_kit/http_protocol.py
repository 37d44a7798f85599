"""HTTP/1.1 as it comes over the wire: uvicorn's protocol, closed where it leaves things to a server in front of it.

- A head has a size (431) and a time (408); a body may pause for so long (408). An idle connection costs nobody more.
- What cannot be read is refused as a problem, and only after the requests before it have been answered; then the
  connection ends. Nothing of what follows is read: it may be part of the body that we did not understand.
- A request is framed in one way or not at all: one Host (RFC 9112, section 3.2), HTTP/1.0 or 1.1, no transfer coding
  but chunked (section 6.1). Trailer fields are never taken for header fields (RFC 9110, section 6.5.1).
- Nothing is upgraded.
"""

import asyncio
from typing import Any, Final

import httptools
from starlette.datastructures import Headers
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from contracts.identifiers import new_id
from service_kit.language import negotiate
from service_kit.problems import ProblemError, as_response, generic_catalogue
from service_kit.request_ids import HEADER

MAX_HEAD_BYTES: Final = 32_768
"""Of request line and header fields together."""
MAX_FIELDS: Final = 100
_BESIDE_A_FIELD: Final = 4  # the colon, the space and the line's end


class _Refused(Exception):
    """Raised within the parser, which stops and says so to `data_received`."""


class WireProtocol(HttpToolsProtocol):
    """One connection. `head_seconds`: from its beginning, or a request's first byte, until the request's head is
    complete; `body_seconds`: the longest pause within a request's body.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        head_seconds: float,
        body_seconds: float,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_seconds = head_seconds
        self._body_seconds = body_seconds
        self._why = "malformed_request"
        self._in_head = False
        self._ended = False
        self._unparsed = 0
        self._last_data = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for the first request."""
        super().connection_made(transport)
        self._wait(self._head_seconds, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parses what has come, unless what came before could not be read."""
        if self._ended:
            return
        self._unset_keepalive_if_required()
        continued = self._in_head
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request is answered as if it had not asked for another protocol; what follows speaks that one.
            self._ended = True
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            self._refuse(self._why)
        else:
            if continued and self._in_head:
                self._unparsed += len(data)
                if self._unparsed > MAX_HEAD_BYTES:
                    self._refuse("headers_too_large")
                    return
            self._watch()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        self._unparsed = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field; a trailer field is left out."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there: the request is answered, or refused where it is too large or framed in two ways."""
        version = self.parser.get_http_version()
        size, hosts, codings = len(self.url), 0, []
        for name, value in self.headers:
            size += len(name) + len(value) + _BESIDE_A_FIELD
            if name == b"host":
                hosts += 1
            elif name == b"transfer-encoding":
                codings.append(value.lower())
        if size > MAX_HEAD_BYTES or len(self.headers) > MAX_FIELDS:
            self._why = "headers_too_large"
            raise _Refused
        if version not in ("1.1", "1.0") or hosts > 1 or (hosts == 0 and version == "1.1"):
            raise _Refused
        if codings and (version == "1.0" or codings != [b"chunked"]):
            raise _Refused
        self._stop_waiting()
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is there."""
        self._stop_waiting()
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _watch(self) -> None:
        """Waits for the rest of what has begun to arrive."""
        newest = self._newest()
        if newest is None or newest.response_complete:
            self._wait(self._head_seconds, self._head_is_late)
        elif newest.more_body and not self._in_head:
            self._last_data = self.loop.time()
            self._wait(self._body_seconds, self._body_is_late)

    def _newest(self) -> RequestResponseCycle | None:
        """The last request whose head has come; None before the first."""
        return self.cycle

    def _held(self) -> list[tuple[bytes, bytes]] | None:
        """The fields of the last head that has begun to come; None before the first."""
        return self.headers

    def _wait(self, seconds: float, then: Any) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(seconds, then)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_is_late(self) -> None:
        self._timer = None
        if self._in_head:
            self._refuse("request_timeout")
        else:
            # Nothing has come, or the rest of a body that was answered before it ended.
            self.transport.close()

    def _body_is_late(self) -> None:
        self._timer = None
        left = self._last_data + self._body_seconds - self.loop.time()
        if self.flow.read_paused:
            # We have not asked for more: who is slow is not the client.
            left = self._body_seconds
        if left > 0:
            self._wait(left, self._body_is_late)
        elif self.cycle.response_complete:
            self.transport.close()
        else:
            self._refuse("request_timeout")

    def _refuse(self, code: str) -> None:
        """Answers what is under way, then says why the connection ends, and ends it."""
        self._ended = True
        self._stop_waiting()
        last = self._newest()
        if last is not None and last.more_body and not last.response_complete:
            last = self._without(last)
        if last is None or last.response_complete:
            self._say(code)
        elif last.disconnected:
            # Its answer has begun and cannot be ended properly: the client sees that it is cut off.
            self.transport.close()
        else:
            last.on_response = lambda: self._say(code)

    def _without(self, broken: RequestResponseCycle) -> RequestResponseCycle | None:
        """Gives up a request whose body cannot be read to its end; gives the one before it that is under way."""
        if self.pipeline and self.pipeline[0][0] is broken:
            self.pipeline.popleft()
            return self.pipeline[0][0] if self.pipeline else self._running
        broken.disconnected = True
        broken.message_event.set()
        return broken if broken.response_started else None

    def _say(self, code: str) -> None:
        """The last words of a connection."""
        if self.transport.is_closing():
            return
        wanted = Headers(raw=list(self._held() or ())).get("accept-language")
        request_id = new_id()
        answer = as_response(ProblemError(code), generic_catalogue(), negotiate(wanted), request_id)
        lines = [
            *self.server_state.default_headers,
            *answer.raw_headers,
            (HEADER.lower().encode(), request_id.encode()),
            (b"connection", b"close"),
        ]
        head = b"".join(name + b": " + value + b"\r\n" for name, value in lines)
        self.transport.write(b"HTTP/1.1 %d \r\n" % answer.status_code + head + b"\r\n" + bytes(answer.body))
        self.transport.close()
