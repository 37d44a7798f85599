"""How many schools there are: by authority, sector and status, as of a day."""

from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import AuthorityCode, SchoolStatus, Sector
from registry.storage.schools import SchoolFilter, counted
from service_kit.call import Call
from service_kit.models import Page, View
from service_kit.paging import ascending
from service_kit.routing import Router

router = Router("school-counts", Text("Numbers of schools", "Niferoedd ysgolion"))


class SchoolCountView(View, data_class=DataClass.public):
    """How many schools of one sector and status an authority has."""

    authority: str
    sector: str
    """Sector of the school: a code of `sectors`."""
    status: str
    """Whether they are proposed, open or closed: a code of `school_status`."""
    schools: int


@router.page("/school-counts", operation="schools.read", response_model=Page[SchoolCountView])
async def count_schools(
    call: Call,
    authority: AuthorityCode | None = None,
    sector: Sector | None = None,
    status: SchoolStatus | None = None,
) -> Response:
    """Counts schools by authority, sector and status. `total` counts the lines, not the schools."""
    wanted = SchoolFilter(authority, sector, status)
    async with call.read() as uow:
        table = counted(call.rows(DataClass.public), call.valid_at, call.known_at, wanted)
        order = [ascending(table.c.authority), ascending(table.c.sector), ascending(table.c.status)]
        return await call.page(uow, SchoolCountView, table.select(), order)
