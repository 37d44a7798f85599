"""A file on its way out: a range of it, under headers that keep a browser from running or rendering it."""

import base64
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from service_kit import preconditions
from service_kit.documents.content import ACCEPTED
from service_kit.documents.store import ObjectMissingError, ObjectStore
from service_kit.problems import ProblemError

_RANGE: Final = re.compile(r"^bytes=([0-9]{0,18})-([0-9]{0,18})$")


async def answer(
    request: Request, store: ObjectStore, row: Mapping[str, Any], headers: Mapping[str, str]
) -> Response:
    """The file or the range asked for; 304 for who holds it. Raises 416 and 503 `document_bytes_missing`."""
    tag = f'"{row["sha256"]}"'
    shown = {**headers, **_headers(row), "ETag": tag}
    if preconditions.unchanged(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers={**headers, "ETag": tag})
    size: int = row["size"]
    asked = request.headers.get("range")
    if request.headers.get("if-range") not in (None, tag):
        asked = None
    start, stop, partial = _range(asked, size)
    shown["Content-Length"] = str(stop - start)
    if partial:
        shown["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    pieces = store.read(row["object_key"], start, stop)
    # The first piece before the head: until then a file that is not there can still become a problem.
    try:
        first = await anext(pieces, b"")
    except (ObjectMissingError, OSError) as error:
        raise ProblemError("document_bytes_missing", headers={"Retry-After": "30"}) from error
    body = _rest(first, pieces)
    return StreamingResponse(body, 206 if partial else 200, shown, media_type=row["media_type"])


async def _rest(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


def _range(asked: str | None, size: int) -> tuple[int, int, bool]:
    """First byte, byte behind the last, whether it is a part. What is no single range of bytes is not heeded."""
    match = None if asked is None else _RANGE.match(asked.replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        return 0, size, False
    first, last = match[1], match[2]
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
    if first and last and int(last) < int(first):
        return 0, size, False
    if start >= size:
        raise ProblemError(
            "range_not_satisfiable", {"size": size}, headers={"Content-Range": f"bytes */{size}"}
        )
    return start, stop, True


def _headers(row: Mapping[str, Any]) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(row["sha256"])).decode()
    name = row["file_name"] or f"{row['id']}.{ACCEPTED[row['media_type']][0]}"
    plain = re.sub(r'[^A-Za-z0-9._ -]|["\\]', "_", name)
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Language": "cy, en" if row["language"] == "both" else row["language"],
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes",
        "Repr-Digest": f"sha-256=:{digest}:",
    }
