"""`GET /v1/me`: who the caller is and what it may do. Answered here: it needs the token and the roles only."""

from fastapi import Response

from contracts.text import Text
from service_kit.call import Call
from service_kit.me import Me, describe
from service_kit.routing import Router

router = Router("me", Text("Me", "Fi"))


@router.get("/me", operation="me.read", response_model=Me, dated=False)
async def read_me(call: Call) -> Response:
    """The caller's roles and the operations that they allow, in both languages, and the day of the suite's clock."""
    serving = call.serving
    said = describe(call.principal, serving.roles, call.clock, sandbox=serving.settings.sandbox)
    return call.answer(said)
