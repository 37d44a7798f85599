"""A server that answers as a test says, on a port of its own: real connections, which it may also cut off."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Reply = tuple[int, dict[str, str], str] | None
"""Status, headers and body; None cuts the connection off."""


@dataclass
class Server:
    """What it was asked so far: the first line and the headers of each request."""

    url: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def header(self, name: str) -> list[str | None]:
        """One header of every request."""
        return [headers.get(name.lower()) for _, headers in self.asked]


@asynccontextmanager
async def answering(*replies: Reply) -> AsyncIterator[Server]:
    """Answers with these in turn, and with the last one from then on."""
    server, left = Server(), list(replies)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        await reader.readexactly(int(headers.get("content-length", 0)))
        server.asked.append((head[0], headers))
        reply = left.pop(0) if len(left) > 1 else left[0]
        if reply is not None:
            writer.write(_raw(*reply))
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server


def _raw(status: int, headers: dict[str, str], body: str) -> bytes:
    sent = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    lines: Sequence[str] = [
        f"HTTP/1.1 {status} x",
        *(f"{name}: {value}" for name, value in sent.items()),
        "",
        body,
    ]
    return "\r\n".join(lines).encode()
