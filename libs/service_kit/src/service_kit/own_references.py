"""A caller's own references to a record: set on the record, shown to nobody else, found by `external_reference`.

    @router.put("/people/{id}/external-references", operation="people.read", response_model=PersonView,
                problems=["external_reference_taken"])
    async def set_person_references(id: RecordId, new: References, call: Call) -> Response:
        return await set_references(call, PersonView, "person", id, new, partial(_one, call))

The list names `referenced=True` and asks `call.with_references(query, "person", columns.id)`, as the load does.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import Field, StringConstraints
from starlette.responses import Response

from service_kit import external_references
from service_kit.call import RequestCall
from service_kit.models import Model, View
from service_kit.problems import ProblemError
from service_kit.rendering import Row, visible_classes
from service_kit.unit_of_work import UnitOfWork

Reference = Annotated[str, StringConstraints(min_length=1, max_length=200)]

LoadById = Callable[[UnitOfWork, str], Awaitable[Row | None]]
"""Loads one record by its id, with the caller's references; None where there is none."""


class References(Model):
    """The caller's own references to a record; they replace the ones that it had."""

    values: Annotated[list[Reference], Field(max_length=20)]


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
        row = await load(uow, record_id)
        if not _seen(call, view, row):
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
                if other_id != record_id and _seen(call, view, await load(uow, other_id))
            ]
            raise ProblemError(problem.code, errors=problem.errors, extra={"existing": existing}) from problem
        return call.record(view, await load(uow, record_id))


def _seen(call: RequestCall, view: type[View], row: Row | None) -> bool:
    return row is not None and bool(visible_classes(view, row, call.decision))
