"""The hook of a scanner: a file leaves its quarantine once it has passed. One adapter: clamd's INSTREAM over TCP."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

PIECE: Final = 65_536
"""Bytes that clamd is sent in one chunk."""


class ScanFailedError(OSError):
    """The scanner could not be asked or gave no verdict: the file stays where it is."""


class Scanner(Protocol):
    """The hook."""

    async def passes(self, pieces: AsyncIterator[bytes]) -> bool:
        """Whether nothing was found in the file. Raises ScanFailedError without a verdict."""
        ...


@dataclass(frozen=True, slots=True)
class Clamd:
    """A clamd that listens on TCP."""

    host: str
    port: int
    seconds: float = 20.0
    """For one file, from connecting to the verdict."""

    async def passes(self, pieces: AsyncIterator[bytes]) -> bool:
        """Sends the file as `zINSTREAM`: chunks with their length before them, an empty one last."""
        try:
            async with asyncio.timeout(self.seconds):
                answer = await self._asked(pieces)
        except ScanFailedError:
            raise
        except (OSError, EOFError) as error:  # a timeout is an OSError
            raise ScanFailedError(f"clamd gave no verdict: {type(error).__name__}") from error
        if answer == b"stream: OK":
            return True
        if answer.startswith(b"stream: ") and answer.endswith(b" FOUND"):
            return False
        raise ScanFailedError("clamd gave no verdict")

    async def _asked(self, pieces: AsyncIterator[bytes]) -> bytes:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(b"zINSTREAM\0")
            async for piece in pieces:
                for start in range(0, len(piece), PIECE):
                    part = piece[start : start + PIECE]
                    writer.write(struct.pack("!L", len(part)) + part)
                    await writer.drain()
            writer.write(struct.pack("!L", 0))
            await writer.drain()
            answer = await reader.readuntil(b"\0")
            return answer[:-1].strip()
        finally:
            # The verdict is there, or none is waited for any longer: what is still to be sent is not.
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()
