"""Schools come and go: proposed, opened, closed, amalgamated. Each is a command that is dated and never undone here."""

from datetime import date
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import (
    Governance,
    LanguageCategory,
    Line,
    Name,
    Postcode,
    ReligiousCharacter,
    SchoolNumber,
    SchoolType,
    Sector,
    Telephone,
)
from registry.api.schools import SchoolView, shown_school
from registry.domain.school_number import authority_of
from registry.storage.showing import Row
from registry.usecases.amalgamate_schools import NewAmalgamation, amalgamate_schools
from registry.usecases.close_school import close_school
from registry.usecases.open_school import open_school, propose_school
from service_kit.call import Call, RequestCall
from service_kit.models import Model, View
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("school-lifecycle", Text("Opening and closing of schools", "Agor a chau ysgolion"))


class SchoolDetails(Model):
    """Details of a school that the register does not have yet."""

    name: Name
    sector: Sector
    governance: Governance | None = None
    school_type: SchoolType | None = None
    language_category: LanguageCategory | None = None
    religious_character: ReligiousCharacter | None = None
    address: Annotated[list[Line], Field(max_length=4)] = Field(default_factory=list)
    postcode: Postcode | None = None
    phone: Telephone | None = None
    pupils: Annotated[int, Field(ge=0, le=99_999)] | None = None


class NewSchool(SchoolDetails):
    """A school that is proposed."""

    school_number: SchoolNumber
    valid_from: date
    """First day on which it is proposed."""


class SchoolStep(Model):
    """A school opens or closes."""

    school_number: SchoolNumber
    valid_from: date
    """First day on which it is open, or closed; it may lie ahead."""


class AmalgamationIn(Model):
    """One or more schools close, and another takes their place."""

    valid_from: date
    """First day on which the predecessors are closed and the successor is open."""
    predecessors: Annotated[list[SchoolNumber], Field(min_length=1, max_length=20)]
    successor: SchoolNumber
    new_school: SchoolDetails | None = None
    """The successor's details, where the register does not have it yet; left out for one that it has."""


class NewAmalgamations(Model):
    """Amalgamations that are recorded together in their order, or not at all."""

    amalgamations: Annotated[list[AmalgamationIn], Field(min_length=1, max_length=200)]


class AmalgamationView(View, data_class=DataClass.public):
    """Schools that closed for a successor."""

    valid_from: date
    predecessors: list[SchoolNumber]
    successor: SchoolNumber


class AmalgamationsView(View, data_class=DataClass.public):
    """The amalgamations that were recorded."""

    version: int
    items: list[AmalgamationView]


@router.post("/schools", operation="schools.write", response_model=SchoolView, problems=["already_exists"])
async def register_proposed_school(new: NewSchool, call: Call) -> Response:
    """Registers a proposed school under the number that it will have; `/v1/school-openings` opens it."""

    async def do(uow: UnitOfWork) -> Row:
        _may_write(call, new.school_number)
        await propose_school(uow, new.model_dump(exclude={"valid_from"}), new.valid_from)
        return await _shown(call, uow, new.school_number, new.valid_from)

    return await call.command(SchoolView, do, location="/v1/schools/{school_number}")


@router.post(
    "/school-openings", operation="schools.write", response_model=SchoolView,
    problems=["transition_not_allowed", "conflict"],
)  # fmt: skip
async def open_proposed_school(new: SchoolStep, call: Call) -> Response:
    """Opens a proposed school from a day on; answers with the school as of that day."""

    async def do(uow: UnitOfWork) -> Row:
        _may_write(call, new.school_number)
        await open_school(uow, new.school_number, new.valid_from)
        return await _shown(call, uow, new.school_number, new.valid_from)

    return await call.command(SchoolView, do, location="/v1/schools/{school_number}")


@router.post(
    "/school-closures", operation="schools.write", response_model=SchoolView,
    problems=["transition_not_allowed", "conflict"],
)  # fmt: skip
async def close_open_school(new: SchoolStep, call: Call) -> Response:
    """Closes a school from a day on, without a successor; answers with the school as of that day."""

    async def do(uow: UnitOfWork) -> Row:
        _may_write(call, new.school_number)
        await close_school(uow, new.school_number, new.valid_from)
        return await _shown(call, uow, new.school_number, new.valid_from)

    return await call.command(SchoolView, do, location="/v1/schools/{school_number}")


@router.post(
    "/amalgamations", operation="schools.write", response_model=AmalgamationsView,
    problems=["amalgamation_refused", "conflict"],
)  # fmt: skip
async def amalgamate(new: NewAmalgamations, call: Call) -> Response:
    """Amalgamates schools: one case or many, all of them or none, with every reason against them."""

    async def do(uow: UnitOfWork) -> Row:
        for one in new.amalgamations:
            for number in (*one.predecessors, one.successor):
                _may_write(call, number)
        wanted = [
            NewAmalgamation(
                one.valid_from,
                tuple(one.predecessors),
                one.successor,
                one.new_school.model_dump() if one.new_school is not None else None,
            )
            for one in new.amalgamations
        ]
        await amalgamate_schools(uow, wanted)
        return {"version": 1, "items": [one.model_dump(exclude={"new_school"}) for one in new.amalgamations]}

    return await call.command(AmalgamationsView, do)


def _may_write(call: RequestCall, school_number: str) -> None:
    """A school's authority is the one in its number, also of a school that is not registered yet."""
    demand(call, DataClass.public, authority=authority_of(school_number), school=school_number)


async def _shown(call: RequestCall, uow: UnitOfWork, school_number: str, day: date) -> Row:
    row = await shown_school(call, uow, school_number, day)
    if row is None:
        raise ProblemError("not_found")
    return row
