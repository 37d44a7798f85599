"""Writes under the contract: commands that are done once, changes of the version that was read."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

from service_kit import idempotency
from service_kit.models import View
from service_kit.problems import ProblemError
from service_kit.rendering import Row, rendered, version_of, visible_classes
from service_kit.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from service_kit.call import RequestCall

Load = Callable[[UnitOfWork], Awaitable[Row | None]]
Do = Callable[[UnitOfWork, Row], Awaitable[object]]
Command = Callable[[UnitOfWork], Awaitable[Row]]


async def run_command(
    call: "RequestCall",
    view: type[View],
    do: Command,
    *,
    status: int,
    location: str | None,
    shown_under: str | None,
) -> Response:
    """`RequestCall.command`."""
    foundation = call.serving.foundation
    if foundation is None:
        raise RuntimeError(f"{call.serving.service} has no database")
    command, now = command_of(call), call.clock.system_now()
    async with call.write() as uow:
        if not call.dry_run:
            first = await idempotency.begin(uow.connection, foundation.answers, command, now)
            if first is not None:
                return first
        row = await do(uow)
        answer = call.record(view, row, status=status, location=location, shown_under=shown_under)
        if not call.dry_run:
            key = row.get("id")
            await idempotency.keep(uow.connection, foundation.answers, command, now, answer, key)
    return answer


def command_of(call: "RequestCall") -> idempotency.Command:
    """What the request asks, under which key. Raises 400 `idempotency_key_required`."""
    request = call.request
    asked = request.scope["query_string"].decode("latin-1")
    return idempotency.Command(
        call.principal.client_id,
        call.principal.subject,
        f"{request.method} {request.scope['route'].path_format}",
        idempotency.checked_key(request.headers.get("idempotency-key")),
        idempotency.fingerprint(request.method, request.url.path, asked, call.body_digest),
    )


async def run_change(call: "RequestCall", view: type[View], load: Load, do: Do) -> Response:
    """`RequestCall.change`."""
    expected = call.expected_version
    try:
        async with call.write() as uow:
            held = await load(uow)
            if held is None or not visible_classes(view, held, call.decision):
                raise ProblemError("not_found")
            if version_of(held) != expected:
                raise ProblemError("precondition_failed")
            await do(uow, held)
            after = await load(uow)
            return _rendered_after(call, view, after)
    except ProblemError as problem:
        if problem.code not in ("not_found", "precondition_failed"):
            raise
        raise await _explained(call, problem, view, load) from problem


def _rendered_after(call: "RequestCall", view: type[View], after: Row | None) -> Response:
    if after is None:
        raise RuntimeError("a change made its own record unknown to the caller")
    return call.record(view, after)


async def _explained(
    call: "RequestCall", problem: ProblemError, view: type[View], load: Load
) -> ProblemError:
    """The refusal with what the caller may know: the current record of a stale version, 403 for a known record."""
    async with call.read_only_view() as uow:
        current = await load(uow)
    visible = visible_classes(view, current, call.reading) if current is not None else frozenset()
    if current is None or not visible:
        return ProblemError("not_found")
    if problem.code == "not_found":
        writable = visible_classes(view, current, call.decision)
        return (
            problem
            if writable
            else ProblemError("operation_not_permitted", {"operation": call.decision.operation})
        )
    shown = orjson.Fragment(rendered(view, current, visible, call.language))
    return ProblemError(
        "precondition_failed", headers={"ETag": call.etag(view, current, visible)}, extra={"current": shown}
    )
