"""One page of a list: rows, links, and the total under the same filter and policy."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import orjson
from sqlalchemy import Select, func, select
from starlette.responses import Response

from contracts.media_types import JSON
from service_kit.exports import Export, Listed
from service_kit.models import View
from service_kit.paging import Sort, binding, paged
from service_kit.parameters import DEFAULT_LIMIT
from service_kit.policy.decide import Decision
from service_kit.rendering import Row, rendered, visible_classes
from service_kit.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from service_kit.call import RequestCall

_NOT_FILTER = frozenset({"cursor", "limit", "total", "lang", "headings", "fields"})


async def list_page(
    call: "RequestCall",
    uow: UnitOfWork,
    view: type[View],
    query: Select[Any],
    sort: Sequence[Sort],
    shape: Callable[[Row], Row] | None = None,
) -> Response:
    """`RequestCall.page`; the whole list where `Accept` wishes an export.

    The query holds the filter and the policy's condition; order and limit are added here.
    """
    if call.media_type != JSON:
        return Export(call, Listed(view, query, sort, shape), call.media_type)
    asked = parse_qsl(call.request.scope["query_string"].decode("ascii"), keep_blank_values=True)
    bound = _binding(call, asked, sort)
    cursor = call.wishes.get("cursor")
    after = call.serving.cursors.read(cursor, bound) if cursor is not None else None
    limit = call.wishes.get("limit", DEFAULT_LIMIT)
    rows = (await uow.connection.execute(paged(query, sort, after, limit))).mappings().all()
    shown, last = rows[:limit], rows[limit - 1] if len(rows) > limit else None
    items = []
    for row in map(shape, shown) if shape is not None else shown:
        visible = visible_classes(view, row, call.decision)
        if visible:
            items.append(orjson.Fragment(rendered(view, row, visible, call.language, call.selected)))
            call.note_read(view, row, visible)
    path = call.request.url.path
    links = {"self": _address(path, asked)}
    headers = call.list_headers()
    if last is not None:
        written = call.serving.cursors.write([last[item.name] for item in sort], bound)
        links["next"] = _address(path, [*((n, v) for n, v in asked if n != "cursor"), ("cursor", written)])
        headers["Link"] = f'<{links["next"]}>; rel="next"'
    body: dict[str, Any] = {"items": items, "links": links}
    if call.wishes.get("total"):
        body["total"] = await uow.connection.scalar(
            select(func.count()).select_from(query.order_by(None).subquery())
        )
    return Response(orjson.dumps(body), 200, headers, "application/json")


def _binding(call: "RequestCall", asked: Sequence[tuple[str, str]], sort: Sequence[Sort]) -> bytes:
    filters = sorted(f"{name}={value}" for name, value in asked if name not in _NOT_FILTER)
    order = [f"{item.name} {'desc' if item.descending else 'asc'}" for item in sort]
    return binding(call.request.url.path, *filters, "\x00", *order, "\x00", *_scope(call.decision))


def _scope(decision: Decision) -> list[str]:
    """The rows that the caller may see, in a fixed order; the caller itself, since references are its own."""
    parts = [decision.principal.client_id, decision.principal.subject]
    for data_class, scope in sorted(decision.by_class.items()):
        held = (scope.authorities, scope.schools, scope.persons, scope.subjects, scope.bodies)
        parts += [data_class, str(scope.everything), *(",".join(sorted(values)) for values in held)]
    return parts


def _address(path: str, asked: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(asked)}" if asked else path
