"""Raw bytes to a server and what comes back, read strictly: what no HTTP client would send, and none would notice."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

_STATUS: Final = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [ -~]*")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t -~\x80-\xff]*)")
_SIZE: Final = re.compile(rb"[0-9a-fA-F]{1,8}")
_BODILESS: Final = (204, 304)


class NotHttpError(ValueError):
    """What came is no answer, or not a whole one."""


@dataclass(frozen=True)
class Reply:
    """One whole answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Exchange:
    """What one connection gave: the whole answers in order, what is no HTTP, and whether the server closed it."""

    replies: list[Reply] = field(default_factory=list)
    rest: bytes = b""
    closed: bool = False

    @property
    def statuses(self) -> list[int]:
        """Of the answers in order."""
        return [reply.status for reply in self.replies]


def request(method: str, target: str, *lines: str, body: bytes = b"", host: str = "gateway") -> bytes:
    """A request in one piece; Content-Length is the caller's business."""
    head = "".join(f"{line}\r\n" for line in (f"{method} {target} HTTP/1.1", f"Host: {host}", *lines))
    return head.encode("latin-1") + b"\r\n" + body


async def spoken(
    url: str,
    parts: Sequence[bytes],
    *,
    pause: float = 0.0,
    until: Callable[[Exchange], bool] = lambda _: False,
    wait: float = 3.0,
) -> Exchange:
    """Sends the parts with a pause between them, and gives what came until the server closed the connection, `until`
    says that it is enough, or `wait` seconds were over.
    """
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    exchange = Exchange()

    async def receive() -> None:
        while chunk := await reader.read(65_536):
            exchange.rest += chunk
            _take(exchange)
            if until(exchange):
                return
        exchange.closed = True

    async def send() -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            if pause:
                await asyncio.sleep(pause)

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(wait):
            await receive()
    except ConnectionError:
        exchange.closed = True
    except TimeoutError:
        exchange.closed = False
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.transport.abort()
    return exchange


def _take(exchange: Exchange) -> None:
    """Moves whole answers out of what has come."""
    while b"\r\n\r\n" in exchange.rest:
        found = _reply(exchange.rest)
        if found is None:
            return
        reply, exchange.rest = found
        if reply.status >= 200:
            exchange.replies.append(reply)


def _reply(received: bytes) -> tuple[Reply, bytes] | None:
    """The first answer and what follows it; None while it is not whole. Raises NotHttpError."""
    head, _, rest = received.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    status = _STATUS.fullmatch(first)
    fields = [_FIELD.fullmatch(line) for line in lines]
    if status is None or None in fields:
        raise NotHttpError(repr(received[:200]))
    headers = {one[1].decode().lower(): one[2].decode("latin-1") for one in fields if one is not None}
    code = int(status[1])
    if code < 200 or code in _BODILESS:
        return Reply(code, headers, b""), rest
    if headers.get("transfer-encoding") == "chunked":
        found = _chunks(rest)
    else:
        size = int(headers["content-length"])
        found = (rest[:size], rest[size:]) if len(rest) >= size else None
    return None if found is None else (Reply(code, headers, found[0]), found[1])


def _chunks(rest: bytes) -> tuple[bytes, bytes] | None:
    body = b""
    while True:
        line, end, after = rest.partition(b"\r\n")
        if not end:
            return None
        if _SIZE.fullmatch(line) is None:
            raise NotHttpError(repr(rest[:200]))
        size = int(line, 16)
        if len(after) < size + 2:
            return None
        if after[size : size + 2] != b"\r\n":
            raise NotHttpError(repr(after[:200]))
        body += after[:size]
        rest = after[size + 2 :]
        if size == 0:
            return body, rest
