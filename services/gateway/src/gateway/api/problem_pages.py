"""`/problems` and `/problems/{code}`: what every problem type means, as JSON for programs and as a page for people.

The `type` of each problem document leads here (RFC 9457: it should resolve to documentation).
"""

from html import escape
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.text import Language, Text
from gateway.api.html import link, page, table
from service_kit.language import language_of
from service_kit.problems import (
    Catalogue,
    ProblemError,
    ProblemKind,
    explained_fault,
    explained_problem,
)

_TITLE: Final = Text("Problems", "Problemau")
_STATUS: Final = Text("Status", "Statws")
_CODE: Final = Text("Code", "Cod")
_MEANING: Final = Text("Meaning", "Ystyr")
_CAUSE: Final = Text("What leads to it", "Beth sy'n arwain ato")
_REMEDY: Final = Text("What to do", "Beth i'w wneud")
_FAULTS: Final = Text("Faults in a problem's errors", "Gwallau yn errors problem")
_ALL: Final = Text("All problems", "Pob problem")


def problem_routes(catalogue: Catalogue) -> list[Route]:
    """The two addresses over every problem of the suite."""

    async def index(request: Request) -> Response:
        if _wants_html(request):
            return _index_page(catalogue, language_of(request.scope))
        kinds = sorted(catalogue.problems.values(), key=lambda kind: (kind.status, kind.code))
        faults = sorted(catalogue.faults.values(), key=lambda fault: fault.code)
        listed = {
            "problems": [explained_problem(kind) for kind in kinds],
            "faults": [explained_fault(fault) for fault in faults],
        }
        return _json(listed, language_of(request.scope))

    async def one(request: Request) -> Response:
        kind = catalogue.problems.get(request.path_params["code"])
        if kind is None:
            raise ProblemError("route_not_found")
        if _wants_html(request):
            return _problem_page(kind, language_of(request.scope))
        return _json(explained_problem(kind), language_of(request.scope))

    return [
        Route("/problems", index, include_in_schema=False),
        Route("/problems/{code}", one, include_in_schema=False),
    ]


def _wants_html(request: Request) -> bool:
    """A browser names text/html before anything that JSON would satisfy."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and "json" not in accepted.partition("text/html")[0]


def _json(content: dict[str, Any], language: Language) -> Response:
    """Both languages are in it; which of them was asked for is said all the same, as on every answer."""
    headers = {
        "Content-Language": language,
        "Vary": "Accept-Language, Accept",
        "Cache-Control": "max-age=3600",
    }
    return JSONResponse(content, headers=headers)


def _index_page(catalogue: Catalogue, language: Language) -> Response:
    problems = (
        (str(kind.status), link(kind.type, kind.code), escape(kind.title.in_(language)))
        for kind in sorted(catalogue.problems.values(), key=lambda kind: (kind.status, kind.code))
    )
    faults = (
        (
            f"<code>{escape(fault.code)}</code>",
            escape(fault.detail.in_(language)),
            escape(fault.remedy.in_(language)),
        )
        for fault in sorted(catalogue.faults.values(), key=lambda fault: fault.code)
    )
    body = (
        table((_STATUS, _CODE, _MEANING), problems, language)
        + f'<h2 id="faults">{escape(_FAULTS.in_(language))}</h2>'
        + table((_CODE, _MEANING, _REMEDY), faults, language)
    )
    return page(_TITLE.in_(language), body, language, "/problems")


def _problem_page(kind: ProblemKind, language: Language) -> Response:
    body = (
        f"<p>{escape(kind.detail.in_(language))}</p>"
        f"<h2>{escape(_CAUSE.in_(language))}</h2><p>{escape(kind.cause.in_(language))}</p>"
        f"<h2>{escape(_REMEDY.in_(language))}</h2><p>{escape(kind.remedy.in_(language))}</p>"
        f"<p>{escape(_STATUS.in_(language))}: {kind.status} · {escape(_CODE.in_(language))}: "
        f"<code>{escape(kind.code)}</code></p><p>{link('/problems', _ALL.in_(language))}</p>"
    )
    return page(kind.title.in_(language), body, language, kind.type)
