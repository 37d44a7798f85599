"""R94: the hook of a scanner, against a TCP server that speaks clamd's INSTREAM."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from service_kit.documents.scanning import Clamd, ScanFailedError

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass
class Server:
    """A scanner that finds the test signature; `answer` replaces what it says."""

    port: int = 0
    seen: list[bytes] = field(default_factory=list)
    answer: Callable[[bytes], bytes] = lambda file: (
        b"stream: Eicar-Signature FOUND" if EICAR in file else b"stream: OK"
    )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
            file = b""
            while length := struct.unpack("!L", await reader.readexactly(4))[0]:
                file += await reader.readexactly(length)
            self.seen.append(file)
            writer.write(self.answer(file) + b"\0")
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def running() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


async def test_a_clean_file_passes_and_arrives_whole() -> None:
    async with running() as server:
        content = [bytes(200_000), b"end"]
        assert await Clamd("127.0.0.1", server.port).passes(pieces(*content))
        assert server.seen == [b"".join(content)]


async def test_what_is_found_does_not_pass() -> None:
    async with running() as server:
        assert not await Clamd("127.0.0.1", server.port).passes(pieces(b"before ", EICAR))


@pytest.mark.parametrize("said", [b"INSTREAM size limit exceeded. ERROR", b"", b"stream: OK maybe"])
async def test_anything_else_is_no_verdict(said: bytes) -> None:
    async with running() as server:
        server.answer = lambda _: said
        with pytest.raises(ScanFailedError):
            await Clamd("127.0.0.1", server.port).passes(pieces(b"file"))


async def test_a_scanner_that_is_not_there_or_silent_is_no_verdict() -> None:
    with pytest.raises(ScanFailedError):
        await Clamd("127.0.0.1", 1).passes(pieces(b"file"))

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(ScanFailedError, match="TimeoutError"):
            await Clamd("127.0.0.1", port, seconds=0.2).passes(pieces(b"file"))
