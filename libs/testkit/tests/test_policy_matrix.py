"""The matrix test bites: each way in which an application can be more open, or less, than the roles file is found."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from service_kit.auth.principal import Principal
from service_kit.policy.decide import decide
from service_kit.policy.memberships import NO_MEMBERSHIPS
from service_kit.policy.roles import roles
from service_kit.problems import ProblemError
from testkit.policy_matrix import UndeclaredRouteError, Violation, probes, violations
from testkit.tokens import TokenFactory

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/v1/contacts/{contact_id}": {
            "parameters": [{"$ref": "#/components/parameters/Contact"}],
            "get": {"x-gwella-operation": "contacts.read"},
            "patch": {
                "x-gwella-operation": "contacts.write",
                "requestBody": {"content": {"application/merge-patch+json": {}}},
            },
        }
    },
    "components": {
        "parameters": {
            "Contact": {"name": "contact_id", "in": "path", "required": True, "schema": {"type": "string"}}
        }
    },
}
Check = Callable[[Principal, str], Awaitable[int] | int]


def application(tokens: TokenFactory, check: Check) -> Starlette:
    """An application whose only rule is `check`: from caller and operation to the status."""
    bearer = tokens.bearer()

    async def answer(request: Request) -> Response:
        operation = "contacts.read" if request.method == "GET" else "contacts.write"
        try:
            principal = await bearer(request.headers.get("authorization"))
        except ProblemError:
            return JSONResponse({}, 401)
        return JSONResponse({}, check(principal, operation))

    return Starlette(routes=[Route("/v1/contacts/{contact_id}", answer, methods=["GET", "PATCH"])])


def as_decided(principal: Principal, operation: str) -> int:
    return 404 if decide(principal, operation, NO_MEMBERSHIPS, roles()).allowed else 403


async def found(tokens: TokenFactory, app: Starlette) -> list[Violation]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://matrix") as client:
        return await violations(client, DOCUMENT, tokens, roles())


async def test_an_application_that_asks_the_policy_passes() -> None:
    """Issue 3: a test tries every route with every role and with no token."""
    tokens = TokenFactory()
    assert await found(tokens, application(tokens, as_decided)) == []


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (lambda who, op: 200, {"403"}),
        (lambda who, op: 403, {"permitted"}),
        (lambda who, op: 500 if as_decided(who, op) == 404 else 403, {"permitted"}),
        (lambda who, op: as_decided(who, "schools.read"), {"403"}),
        (lambda who, op: as_decided(who, "audit.read"), {"403", "permitted"}),
        (lambda who, op: 404 if who.roles & {"head"} else as_decided(who, op), {"403"}),
    ],
)
async def test_an_application_with_other_rights_is_found(check: Any, expected: set[str]) -> None:
    tokens = TokenFactory()
    wrong = await found(tokens, application(tokens, check))
    assert {violation.expected for violation in wrong} == expected


async def test_scopes_that_are_not_asked_are_found() -> None:
    def unscoped(who: Principal, operation: str) -> int:
        return 404 if any(operation in roles().roles[name].operations for name in who.roles) else 403

    tokens = TokenFactory()
    wrong = await found(tokens, application(tokens, unscoped))
    assert wrong
    assert all(violation.caller.endswith("without the scope") for violation in wrong)


async def test_a_route_that_asks_for_no_token_is_found() -> None:
    async def answer(_: Request) -> Response:
        return JSONResponse({}, 403)

    app = Starlette(routes=[Route("/v1/contacts/{contact_id}", answer, methods=["GET", "PATCH"])])
    wrong = await found(TokenFactory(), app)
    assert {violation.caller for violation in wrong if violation.expected == "401"} == {
        *("no token", "an empty token", "another scheme", "rubbish", "a stranger's signature"),
        *("an expired token", "a token for others"),
    }


def test_a_route_without_an_operation_is_refused() -> None:
    with pytest.raises(UndeclaredRouteError, match="GET /v1/x"):
        probes({"paths": {"/v1/x": {"get": {}}}})


def test_probes_are_whole_requests() -> None:
    read, change = probes(DOCUMENT)
    assert "{" not in read.url
    assert (change.method, change.operation, change.media_type) == (
        *("patch", "contacts.write"),
        "application/merge-patch+json",
    )
