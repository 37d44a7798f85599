"""Files sent as the body itself: streamed to disk in constant memory, with size and digest."""

from dataclasses import dataclass
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from starlette.requests import Request

from service_kit.body import check_media_type, refuse_announced
from service_kit.problems import ProblemError

IN_MEMORY: Final = 1_048_576
"""Bytes of an upload that are held in memory before it goes to a temporary file."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What a route takes: the media types, and its own limit of bytes where it is not the general one."""

    media_types: tuple[str, ...]
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A file received. `file` stands at its beginning and is closed when the request ends."""

    file: IO[bytes]
    size: int
    sha256: bytes
    media_type: str


async def receive(request: Request, upload: Upload, general_limit: int) -> Received:
    """Receives the body. Raises 415 for another media type and 413 as soon as it is known to be too large."""
    limit = upload.max_bytes or general_limit
    media_type = check_media_type(request.headers, upload.media_types, request.method)
    refuse_announced(request, limit)
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed by RequestCall.close
    digest, size = sha256(), 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise ProblemError("body_too_large", {"limit": limit})
            digest.update(chunk)
            file.write(chunk)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return Received(file, size, digest.digest(), media_type)
