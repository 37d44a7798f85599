"""`/openapi.json`, and `/docs`: the viewer of it, whose files lie in this package and come from us."""

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib import resources
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.text import Language, Text
from gateway.api.html import page
from gateway.domain.wording import in_welsh
from service_kit.language import language_of
from service_kit.problems import ProblemError

_TITLE: Final = Text("The API", "Yr API")
_FIRST: Final = (
    Text(
        "Get a token. In the sandbox, gwella token authority-673 prints one; elsewhere your identity provider"
        " gives it.",
        "Cewch docyn. Yn y blwch tywod, mae gwella token authority-673 yn argraffu un; fel arall eich darparwr"
        " hunaniaeth sy'n ei roi.",
    ),
    Text(
        "Choose Authorize below and paste it under bearer.",
        "Dewiswch Authorize isod a'i ludo o dan bearer.",
    ),
    Text(
        "Open an operation, choose Try it out, then Execute. With dry_run nothing is kept.",
        "Agorwch weithrediad, dewiswch Try it out, yna Execute. Gyda dry_run ni chedwir dim.",
    ),
)
_ASSETS: Final[Mapping[str, tuple[str, str]]] = {
    "swagger-ui-bundle.js": ("swagger-ui/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    "swagger-ui.css": ("swagger-ui/swagger-ui.css", "text/css; charset=utf-8"),
    "LICENSE": ("swagger-ui/LICENSE", "text/plain; charset=utf-8"),
    "docs.js": ("docs.js", "text/javascript; charset=utf-8"),
    "gwella.css": ("gwella.css", "text/css; charset=utf-8"),
}


def document_routes(document: Mapping[str, Any]) -> list[Route]:
    """The description of the whole API, its viewer, and the viewer's files."""
    bodies = {"en": orjson.dumps(document), "cy": orjson.dumps(in_welsh(document))}
    tags = {language: _tag(body) for language, body in bodies.items()}

    async def description(request: Request) -> Response:
        language = language_of(request.scope)
        answer = _conditional(request, bodies[language], tags[language], "application/json")
        answer.headers["Content-Language"] = language
        answer.headers["Vary"] = "Accept-Encoding, Accept-Language"
        return answer

    return [
        Route("/openapi.json", description, include_in_schema=False),
        Route("/docs", _viewer, include_in_schema=False),
        Route("/docs/assets/{name}", _asset, include_in_schema=False),
    ]


async def _viewer(request: Request) -> Response:
    language = language_of(request.scope)
    head = (
        '<link rel="stylesheet" href="/docs/assets/swagger-ui.css">\n'
        '<script src="/docs/assets/swagger-ui-bundle.js"></script>\n<script src="/docs/assets/docs.js"></script>\n'
    )
    return page(_TITLE.in_(language), _body(language), language, "/docs", wide=True, head=head)


def _body(language: Language) -> str:
    """What to do first, and the viewer's place with the address of the description in the reader's language."""
    steps = "".join(f"<li>{escape(step.in_(language))}</li>" for step in _FIRST)
    return f'<ol class="first">{steps}</ol><div id="docs" data-description="/openapi.json?lang={language}"></div>'


async def _asset(request: Request) -> Response:
    found = _ASSETS.get(request.path_params["name"])
    if found is None:
        raise ProblemError("route_not_found")
    path, media_type = found
    body, tag = _read(path)
    return _conditional(request, body, tag, media_type)


def _conditional(request: Request, body: bytes, tag: str, media_type: str) -> Response:
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(_packed(body), headers=headers | {"Content-Encoding": "gzip"}, media_type=media_type)
    return Response(body, headers=headers, media_type=media_type)


@cache
def _read(path: str) -> tuple[bytes, str]:
    body = resources.files("gateway").joinpath("pages", path).read_bytes()
    return body, _tag(body)


@cache
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=6)


def _tag(body: bytes) -> str:
    return f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'
