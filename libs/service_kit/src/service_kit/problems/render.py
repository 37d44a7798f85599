"""A problem as `application/problem+json` in the caller's language."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from contracts.text import Language, Text
from service_kit.problems.catalogue import Catalogue
from service_kit.problems.problem import Fault, ProblemError

PROBLEM_MEDIA_TYPE = "application/problem+json"


def as_document(
    problem: ProblemError, catalogue: Catalogue, language: Language, request_id: str | None = None
) -> dict[str, Any]:
    """The members of the problem document. Raises KeyError for a code or parameter that the catalogue lacks."""
    kind = catalogue.problems[problem.code]
    params = problem.params
    if problem.code == "validation_failed":
        params = {"count": len(problem.errors), **params}
    document: dict[str, Any] = {
        "type": kind.type,
        "code": kind.code,
        "title": kind.title.in_(language),
        "status": kind.status,
        "detail": _filled(kind.detail, params, language),
        "language": language,
    }
    if request_id is not None:
        document["request_id"] = request_id
    if problem.errors:
        document["errors"] = [_fault(fault, catalogue, language) for fault in problem.errors]
    return document | problem.extra


def as_response(
    problem: ProblemError, catalogue: Catalogue, language: Language, request_id: str | None = None
) -> Response:
    """The answer to a request that is refused."""
    document = as_document(problem, catalogue, language, request_id)
    headers = {
        "Content-Language": language,
        "Vary": "Accept-Language, Authorization",
        "Cache-Control": "no-store",
        **problem.headers,
    }
    return Response(orjson.dumps(document), document["status"], headers, PROBLEM_MEDIA_TYPE)


def _fault(fault: Fault, catalogue: Catalogue, language: Language) -> dict[str, Any]:
    detail = catalogue.faults[fault.code].detail
    return {
        "in": fault.part,
        "pointer": fault.pointer,
        "code": fault.code,
        "detail": _filled(detail, fault.params, language),
    }


def _filled(template: Text, params: Mapping[str, Any], language: Language) -> str:
    values = {
        name: value.in_(language) if isinstance(value, Text) else value for name, value in params.items()
    }
    return template.in_(language).format_map(values)
