"""An upload on its way in: what the request says of the file, and whether the file is that."""

import asyncio
import base64
import binascii
import re
from email.message import Message
from typing import Final

from starlette.requests import Request

from service_kit.documents.content import UnsafeFileError, ending_fits, is_of
from service_kit.problems import Fault, ProblemError
from service_kit.uploads import Received

LONGEST_NAME: Final = 200
_SHA256: Final = re.compile(r"^\s*sha-256\s*=\s*:([A-Za-z0-9+/]{43}=):\s*$")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


async def checked(request: Request, received: Received) -> str | None:
    """Checks a file against its headers and its type; gives the name that it was sent with.

    Raises 422 `digest_mismatch`, `document_type_mismatch`, `document_unsafe`, `document_empty`, or faults of headers.
    """
    name = file_name(request.headers.get("content-disposition"))
    expected = sent_digest(request.headers.get("content-digest"))
    if expected is not None and expected != received.sha256:
        raise ProblemError("digest_mismatch")
    if received.size == 0:
        raise ProblemError("document_empty")
    try:
        fits = await asyncio.to_thread(is_of, received.file, received.media_type)
    except UnsafeFileError as error:
        fault = Fault("", error.reason)
        raise ProblemError("document_unsafe", errors=[fault]) from error
    if not fits or (name is not None and not ending_fits(name, received.media_type)):
        raise ProblemError("document_type_mismatch", {"media_type": received.media_type})
    return name


def sent_digest(header: str | None) -> bytes | None:
    """The SHA-256 of Content-Digest (RFC 9530); None where the header is missing or names other algorithms only."""
    if header is None:
        return None
    for member in header.split(","):
        if member.strip().startswith("sha-256"):
            match = _SHA256.match(member)
            if match is None:
                raise _fault("Content-Digest", "pattern_mismatch")
            try:
                return base64.b64decode(match[1], validate=True)
            except binascii.Error as error:
                raise _fault("Content-Digest", "pattern_mismatch") from error
    return None


def file_name(header: str | None) -> str | None:
    """The name of Content-Disposition (RFC 6266, also `filename*`), without folders; None where there is none.

    It is a header and no parameter: a name may name a person, and addresses are logged.
    """
    if header is None:
        return None
    message = Message()
    try:
        message["content-disposition"] = header
        given = message.get_filename()
    except (ValueError, LookupError) as error:
        raise _fault("Content-Disposition", "invalid_text") from error
    if given is None:
        return None
    name = re.split(r"[/\\]", given)[-1].strip()
    if _CONTROL.search(name) or "\ufffd" in name or any("\ud800" <= c <= "\udfff" for c in name):
        raise _fault("Content-Disposition", "invalid_text")
    if len(name) > LONGEST_NAME:
        raise _fault("Content-Disposition", "too_long", LONGEST_NAME)
    return name or None


def _fault(header: str, code: str, maximum: int | None = None) -> ProblemError:
    params = {} if maximum is None else {"maximum": maximum}
    return ProblemError("validation_failed", errors=[Fault(header, code, params, "header")])
