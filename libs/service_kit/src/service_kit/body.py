"""Reading a body: within its limits, of the media type declared, and as strict JSON.

Why not the framework's own reader: it takes the last of two equal keys, lets NUL through to the database (which then
fails), reads UTF-16 and NaN, and has no limit of depth.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Any, Final, NoReturn

from pydantic import ValidationError
from starlette.requests import Request
from typing_extensions import override

from service_kit.models import Model
from service_kit.problems import Catalogue, Fault, ProblemError
from service_kit.problems.faults import faults_in_text, from_pydantic, pointer, printable

MAX_DEPTH: Final = 32
"""Levels of nesting of a body; the deepest of ours has five."""

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"


class _Repeated(dict[str, Any]):
    """An object in which a name stood more than once."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JsonBody:
    """A body as read: its bytes, its value, and what is wrong with it as JSON between systems."""

    raw: bytes
    value: Any
    faults: tuple[Fault, ...]


def check_media_type(headers: Mapping[str, str], accepted: tuple[str, ...], method: str) -> str:
    """The media type of the body. Raises 415 `unsupported_media_type` for another one or a charset but UTF-8."""
    given = headers.get("content-type", "")
    message = Message()
    message["content-type"] = given
    media_type = message.get_content_type() if given else ""
    charset = str(message.get_param("charset", "utf-8")).lower()
    encoded = headers.get("content-encoding", "identity").lower() != "identity"
    if media_type not in accepted or charset not in {"utf-8", "utf8"} or encoded:
        answer = {
            "Accept-Patch" if method == "PATCH" else "Accept": ", ".join(accepted),
            "Accept-Encoding": "identity",
        }
        raise ProblemError("unsupported_media_type", {"accepted": ", ".join(accepted)}, headers=answer)
    return media_type


async def read_bytes(request: Request, limit: int) -> bytes:
    """The whole body. Raises 413 `body_too_large` as soon as it is known to exceed `limit` bytes."""
    refuse_announced(request, limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise ProblemError("body_too_large", {"limit": limit})
        chunks.append(chunk)
    return b"".join(chunks)


def refuse_announced(request: Request, limit: int) -> None:
    """Raises 413 when Content-Length says more than `limit` bytes, before any is read."""
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
        raise ProblemError("body_too_large", {"limit": limit})


def parse_json(raw: bytes) -> JsonBody:
    """Reads strict JSON (RFC 8259, RFC 7493: UTF-8, no NaN, each name once).

    Raises 400 `malformed_json` for what is not JSON at all. What is JSON and still refused (a repeated name, NUL,
    a lone surrogate, NaN or a number too large, nesting beyond MAX_DEPTH) comes back as faults with their places, to be
    reported together with the faults of the model.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        _malformed(raw[: error.start].decode("utf-8"))
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=float, parse_int=_integer)
    except json.JSONDecodeError as error:
        _malformed(text[: error.pos])
    except RecursionError:
        return JsonBody(raw, None, (Fault("", "too_deep", {"limit": MAX_DEPTH}),))
    return JsonBody(raw, value, tuple(_faults(value)))


def _malformed(before: str) -> NoReturn:
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    raise ProblemError("malformed_json", {"line": line, "column": column}) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    repeated = _Repeated(plain)
    repeated.names = tuple(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return repeated


def _integer(digits: str) -> int | float:
    # Beyond 64 bits no system that we exchange with reads a whole number exactly (RFC 7493, section 2.2).
    return int(digits) if len(digits) <= 20 else math.inf


def _faults(value: Any) -> Iterator[Fault]:
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while pending:
        place, item = pending.pop()
        if isinstance(item, str):
            for code in faults_in_text(item):
                yield Fault(pointer(place), code)
        elif isinstance(item, float) and not math.isfinite(item):
            yield Fault(pointer(place), "number_out_of_range")
        elif isinstance(item, dict | list):
            if len(place) >= MAX_DEPTH:
                yield Fault(pointer(place), "too_deep", {"limit": MAX_DEPTH})
                continue
            if isinstance(item, dict):
                yield from _faults_of_names(place, item)
            steps = list(item.items() if isinstance(item, dict) else enumerate(item))
            pending.extend(((*place, step), inner) for step, inner in reversed(steps))


def _faults_of_names(place: tuple[str | int, ...], item: dict[str, Any]) -> Iterator[Fault]:
    for name in item:
        for code in faults_in_text(name):
            yield Fault(pointer(place), code)
    if isinstance(item, _Repeated):
        for name in item.names:
            yield Fault(pointer((*place, name)), "duplicate_key", {"name": printable(name)})


class StrictRequest(Request):
    """The request that the framework sees: its JSON is the model that was read from it, nothing is parsed twice."""

    model: Model | None = None

    @override
    async def body(self) -> bytes:
        """What stands for the body: something, so that the framework asks for the JSON."""
        return b"{}"

    @override
    async def json(self) -> Any:
        """The model; None when the body had faults, which are answered before the endpoint runs."""
        return self.model


async def read_json_body(
    request: StrictRequest, model: type[Model], media_types: tuple[str, ...], limit: int, catalogue: Catalogue
) -> tuple[bytes, Sequence[Fault]]:
    """Reads and validates the body into `request.model`; gives its bytes and its faults.

    Raises ProblemError 415, 413 or 400 where no faults can be told apart.
    """
    check_media_type(request.headers, media_types, request.method)
    body = parse_json(await read_bytes(request, limit))
    if any(fault.code == "too_deep" for fault in body.faults):
        return body.raw, body.faults
    try:
        request.model = model.model_validate_json(body.raw)
    except ValidationError as error:
        found = [e for e in error.errors(include_url=False) if e["type"] != "json_invalid"]
        return body.raw, (*body.faults, *from_pydantic(found, catalogue))
    return body.raw, body.faults


async def refuse_body(request: Request) -> None:
    """For a route that takes no body: raises 422 when there is one, because nobody would read it."""
    async for chunk in request.stream():
        if chunk.strip() not in (b"", b"{}"):
            raise ProblemError("validation_failed", errors=[Fault("", "unknown_field")])
