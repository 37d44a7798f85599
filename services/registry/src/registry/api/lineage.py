"""Who came before a school and who followed it."""

from datetime import date

from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import SchoolNumber
from registry.domain.lifecycle import direct_lineage, survivors
from registry.storage.lineage import line_of
from registry.storage.tables import schools
from registry.usecases.refusing import exists
from service_kit.call import Call
from service_kit.models import View
from service_kit.problems import ProblemError
from service_kit.routing import Router

router = Router("school-lineage", Text("Lineage of schools", "Llinach ysgolion"))


class SuccessionView(View, data_class=DataClass.public):
    """One school was amalgamated into another."""

    predecessor: SchoolNumber
    successor: SchoolNumber
    valid_from: date
    """First day on which the successor stood in the predecessor's place."""


class LineageView(View, data_class=DataClass.public):
    """The line of a school as of a day."""

    school_number: SchoolNumber
    predecessors: list[SchoolNumber]
    """Schools that were amalgamated into it."""
    successors: list[SchoolNumber]
    """Schools into which it was amalgamated."""
    survivors: list[SchoolNumber]
    """Where its line ends: schools that follow it, directly or through others, and that none has followed."""
    successions: list[SuccessionView]
    """Every succession in its line, by day: also those of its predecessors' other successors."""


@router.get("/schools/{school_number}/lineage", operation="schools.read", response_model=LineageView)
async def read_school_lineage(school_number: SchoolNumber, call: Call) -> Response:
    """Reads the line of a school. A school that took part in no amalgamation has an empty one."""
    async with call.read() as uow:
        if not await exists(uow, schools, school_number):
            raise ProblemError("not_found")
        line = await line_of(uow.connection, [school_number], call.valid_at, call.known_at)
    steps = sorted((day, before, after) for (before, after), day in line.items())
    direct = direct_lineage(line, school_number)
    return call.answer(
        LineageView(
            school_number=school_number,
            predecessors=list(direct["predecessors"]),
            successors=list(direct["successors"]),
            survivors=sorted(survivors(line, school_number)),
            successions=[
                SuccessionView(predecessor=before, successor=after, valid_from=day)
                for day, before, after in steps
            ],
        )
    )
