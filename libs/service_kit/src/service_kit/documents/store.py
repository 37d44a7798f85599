"""Where the bytes of documents lie: a small port, and a folder behind it. `s3_store` is the other one.

An object is written whole or not at all, never changed, and read in pieces. Keys are ids of ours.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Final, Protocol

PIECE: Final = 262_144
"""Bytes that are read at once."""


class ObjectMissingError(LookupError):
    """The store has no such object, though a document says so."""


class ObjectStore(Protocol):
    """The port. Errors of the store are OSError; a missing object is ObjectMissingError."""

    async def put(self, key: str, file: IO[bytes], size: int) -> None:
        """Keeps the file, from its beginning, under a new key; it is there once this returns."""
        ...

    def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, without, `stop`, in pieces."""
        ...

    async def delete(self, key: str) -> None:
        """Deletes an object; one that is not there is fine."""
        ...


class FolderStore:
    """Objects as files of one folder. A file takes its name once it is whole and on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, file: IO[bytes], size: int) -> None:
        """Copies the file beside its place and renames it."""
        await asyncio.to_thread(self._put, key, file)

    def _put(self, key: str, file: IO[bytes]) -> None:
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = place.with_name(f".{key}.half")
        try:
            half.touch(mode=0o600)
            with half.open("wb") as copy:
                file.seek(0)
                while piece := file.read(PIECE):
                    copy.write(piece)
                copy.flush()
                os.fsync(copy.fileno())
            half.rename(place)
        except BaseException:
            half.unlink(missing_ok=True)
            raise

    async def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Reads in a thread, piece by piece."""
        try:
            file = await asyncio.to_thread(self._place(key).open, "rb")
        except FileNotFoundError as error:
            raise ObjectMissingError(key) from error
        try:
            await asyncio.to_thread(file.seek, start)
            left = stop - start
            while left > 0 and (piece := await asyncio.to_thread(file.read, min(PIECE, left))):
                left -= len(piece)
                yield piece
        finally:
            file.close()

    async def delete(self, key: str) -> None:
        """Removes the file, and what a killed copy left of it."""

        def remove() -> None:
            place = self._place(key)
            place.unlink(missing_ok=True)
            place.with_name(f".{key}.half").unlink(missing_ok=True)

        await asyncio.to_thread(remove)

    def _place(self, key: str) -> Path:
        # The end of a time-ordered id is random: it spreads the files over 256 folders.
        return self._folder / key[-2:] / key
