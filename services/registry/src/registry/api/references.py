"""A caller's own references to a record: set on the record, shown to nobody else, found by `external_reference`."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import Field, StringConstraints
from starlette.responses import Response

from registry.storage.showing import Row
from registry.storage.tables import shared
from service_kit import external_references
from service_kit.call import RequestCall
from service_kit.models import Model, View
from service_kit.problems import ProblemError
from service_kit.rendering import visible_classes
from service_kit.unit_of_work import UnitOfWork

Reference = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class References(Model):
    """The caller's own references to a record; they replace the ones that it had."""

    values: Annotated[list[Reference], Field(max_length=20)]


async def set_references(
    call: RequestCall,
    view: type[View],
    record_type: str,
    record_id: str,
    new: References,
    load: Callable[[UnitOfWork], Awaitable[Row | None]],
) -> Response:
    """Sets the references of a record that the caller may read; answers with the record.

    Raises 404 for a record that it may not know of, and 409 where a reference is its name for another record.
    """
    async with call.write() as uow:
        row = await load(uow)
        if row is None or not visible_classes(view, row, call.decision):
            raise ProblemError("not_found")
        await external_references.replace(
            uow.connection,
            shared.external_references,
            call.principal.client_id,
            record_type,
            record_id,
            new.values,
        )
        return call.record(view, await load(uow))
