"""`/`: where everything is, in both languages."""

from collections.abc import Mapping
from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.text import Language, Text
from gateway.api.html import link, page, table
from service_kit.language import language_of

_NAME: Final = Text("School improvement", "Gwella ysgolion")
_ABOUT: Final = Text(
    "One authenticated API for the improvement of schools across a region.",
    "Un API dilysedig ar gyfer gwella ysgolion ar draws rhanbarth.",
)
_ADDRESS: Final = Text("Address", "Cyfeiriad")
_WHAT: Final = Text("What is there", "Beth sydd yno")
ADDRESSES: Final[Mapping[str, Text]] = {
    "/docs": Text("The API to read and to try", "Yr API i'w ddarllen a'i roi ar brawf"),
    "/openapi.json": Text("The API for programs (OpenAPI 3.1)", "Yr API ar gyfer rhaglenni (OpenAPI 3.1)"),
    "/v1/me": Text(
        "Who you are and what you may do (needs a token)",
        "Pwy ydych chi a beth y cewch ei wneud (mae angen tocyn)",
    ),
    "/problems": Text("Every problem and what it means", "Pob problem a'i hystyr"),
    "/readyz": Text("Whether the gateway is ready", "A yw'r porth yn barod"),
}


def index_routes() -> list[Route]:
    """The one address."""
    return [Route("/", _index, include_in_schema=False)]


async def _index(request: Request) -> Response:
    language: Language = language_of(request.scope)
    if "text/html" in request.headers.get("accept", ""):
        rows = ((link(path, path), escape(text.in_(language))) for path, text in ADDRESSES.items())
        body = f"<p>{escape(_ABOUT.in_(language))}</p>" + table((_ADDRESS, _WHAT), rows, language)
        return page(_NAME.in_(language), body, language, "/")
    content = {
        "name": {"en": _NAME.en, "cy": _NAME.cy},
        "about": {"en": _ABOUT.en, "cy": _ABOUT.cy},
        "links": {path: {"en": text.en, "cy": text.cy} for path, text in ADDRESSES.items()},
    }
    # Both languages are in it; which of them was asked for is said all the same, as on every answer.
    return JSONResponse(content, headers={"Content-Language": language, "Vary": "Accept, Accept-Language"})
