"""Every refusal of the framework as a problem of ours, so that no client meets two kinds of errors."""

import re
from collections.abc import Iterable

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from service_kit.call import CALL
from service_kit.language import language_of
from service_kit.problems import Catalogue, ProblemError, as_response
from service_kit.problems.faults import from_pydantic
from service_kit.request_ids import request_id_of
from service_kit.routing import Router


def handle_problems(app: FastAPI, catalogue: Catalogue, routers: Iterable[Router]) -> None:
    """Registers the handlers. What none of them takes ends in `request_ids.RequestIds` as `internal_error`."""
    paths = [(route.path_regex, route.methods or set()) for router in routers for route in router.routes]

    async def on_problem(request: Request, problem: Exception) -> Response:
        if not isinstance(problem, ProblemError):
            raise TypeError("registered for ProblemError")
        call = request.scope.get(CALL)
        language = call.language if call is not None else language_of(request.scope)
        return as_response(problem, catalogue, language, request_id_of(request.scope))

    async def on_validation(request: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError) else []
        problem = ProblemError("validation_failed", errors=from_pydantic(found, catalogue, part=None))
        return await on_problem(request, problem)

    async def on_http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return await on_problem(request, _framework_problem(status, request, paths))

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)


def _framework_problem(
    status: int, request: Request, paths: Iterable[tuple[re.Pattern[str], set[str]]]
) -> ProblemError:
    match status:
        case 404:
            return ProblemError("route_not_found")
        case 405:
            # The framework names the methods of one route; RFC 9110 wants those of the resource.
            path = request.scope["path"]
            methods = {method for pattern, own in paths if pattern.match(path) for method in own} or {"GET"}
            allowed = ", ".join(sorted(methods))
            return ProblemError("method_not_allowed", {"allowed": allowed}, headers={"Allow": allowed})
        case _ if status < 500:
            return ProblemError("malformed_request")
        case _:
            return ProblemError("internal_error")
