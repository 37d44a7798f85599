"""A caller's own references to a record: set on the record, shown to nobody else, found by `external_reference`.

    takes_references(router, "/people/{id}", PersonView, "person", "people.read", _one)

adds `PUT /people/{id}/external-references`, for whoever may read the record. The view has the member
`external_references`; the list names `referenced=True`; list and load ask `call.with_references` with the record type.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

from fastapi import Depends
from pydantic import Field, StringConstraints
from starlette.responses import Response

from contracts.identifiers import RecordId
from service_kit import external_references
from service_kit.call import Call, RequestCall
from service_kit.models import Model, View
from service_kit.problems import ProblemError
from service_kit.rendering import Row, visible_classes
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

Reference = Annotated[str, StringConstraints(min_length=1, max_length=200)]

Load = Callable[[RequestCall, UnitOfWork, str], Awaitable[Row | None]]
"""Loads one record as the caller may see it, with the caller's references; None or 404 where it may not."""

LoadById = Callable[[UnitOfWork, str], Awaitable[Row | None]]
"""The same for one request."""

Identify = Callable[..., Awaitable[str]]
"""Gives a record's id; its parameters are those of the path."""


class References(Model):
    """The caller's own references to a record; they replace the ones that it had."""

    values: Annotated[list[Reference], Field(max_length=20, json_schema_extra={"uniqueItems": True})]


async def by_id(id: RecordId) -> str:  # noqa: A002  the path's own word
    """The id of a record whose path names it."""
    return id


def takes_references(
    router: Router,
    path: str,
    view: type[View],
    record_type: str,
    operation: str,
    load: Load,
    *,
    identified_by: Identify = by_id,
) -> None:
    """Lets clients put their own references on the record at `path`: whoever may read it (`operation`) may.

    `identified_by` gives the record's id from a path that does not name it as `{id}`.
    """

    async def put(call: Call, new: References, record_id: Annotated[str, Depends(identified_by)]) -> Response:
        return await set_references(call, view, record_type, record_id, new, partial(load, call))

    put.__name__ = f"set_{record_type}_references"
    put.__doc__ = "Sets your own references to this record; nobody else sees them."
    router.put(
        f"{path}/external-references", operation=operation, response_model=view,
        problems=["external_reference_taken"],
        welsh="Yn gosod eich cyfeirnodau eich hun i'r cofnod hwn; nid oes neb arall yn eu gweld.",
    )(put)  # fmt: skip


async def set_references(
    call: RequestCall, view: type[View], record_type: str, record_id: str, new: References, load: LoadById
) -> Response:
    """Sets the references of a record that the caller may read; answers with the record.

    Raises 404 for a record that it may not know of, and 409 where a reference is its name for another record:
    `existing` names those of the others that it may still see, since rights may have moved since it set them.
    """
    if call.serving.foundation is None:
        raise RuntimeError(f"{call.serving.service} has no database")
    table, client = call.serving.foundation.external_references, call.principal.client_id
    async with call.write() as uow:
        if not await _seen(call, view, load, uow, record_id):
            raise ProblemError("not_found")
        try:
            await external_references.replace(
                uow.connection, table, client, record_type, record_id, new.values
            )
        except ProblemError as problem:
            if problem.code != "external_reference_taken":
                raise
            held = await external_references.holders(uow.connection, table, client, record_type, new.values)
            existing = [
                {"value": value, "id": other_id}
                for value, other_id in held.items()
                if other_id != record_id and await _seen(call, view, load, uow, other_id)
            ]
            raise ProblemError(problem.code, errors=problem.errors, extra={"existing": existing}) from problem
        return call.record(view, await load(uow, record_id))


async def _seen(call: RequestCall, view: type[View], load: LoadById, uow: UnitOfWork, id_: str) -> bool:
    try:
        row = await load(uow, id_)
    except ProblemError as problem:
        if problem.code != "not_found":
            raise
        return False
    return row is not None and bool(visible_classes(view, row, call.decision))
