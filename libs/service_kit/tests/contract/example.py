"""The example service of the contract tests: schools with a head teacher's name, lists as uploads, one job."""

import asyncio
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from sqlalchemy import Column, Integer, String, func, select, text
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.events.registry import SchoolDetailsChanged, SchoolRegistered
from contracts.identifiers import AuthorityCode, SchoolNumber
from contracts.text import Text
from service_kit import external_references, transitions
from service_kit.auth.principal import Principal
from service_kit.call import Call
from service_kit.database import new_metadata
from service_kit.foundation import foundation
from service_kit.jobs import JobKind, Work
from service_kit.jobs.api import JobView, begin_job
from service_kit.merge_patch import Patch, unsent
from service_kit.migrations.heads import FOUNDATION, heads_of
from service_kit.models import ExternalReferences, Model, Page, View, classed
from service_kit.paging import ascending, descending
from service_kit.policy.memberships import Memberships
from service_kit.policy.predicates import row_predicate
from service_kit.policy.rls import protect
from service_kit.problems import ProblemError, fault
from service_kit.records import Record, Write, shown
from service_kit.rendering import Row
from service_kit.routing import Router
from service_kit.service import Service
from service_kit.unit_of_work import UnitOfWork
from service_kit.uploads import Upload

metadata = new_metadata()
shared = foundation(metadata)
schools = Record(
    "school",
    "schools",
    metadata,
    [
        Column("school", String, nullable=False),
        Column("authority", String, nullable=False),
        Column("name", String, nullable=False),
        Column("head_teacher", String),
        Column("pupils", Integer),
        Column("status", String, nullable=False),
    ],
)
protect(schools.slices, DataClass.public, authority="authority", school="school")


def heads() -> frozenset[str]:
    """Where the example's migrations end: it has none of its own."""
    return heads_of([FOUNDATION])


# --- models ---------------------------------------------------------------------------------------------------------


class Address(Model):
    street: str
    postcode: str | None = None


class NewSchool(Model):
    number: SchoolNumber
    authority: AuthorityCode
    name: Annotated[str, Field(min_length=1, max_length=100)]
    head_teacher: str | None = None
    pupils: Annotated[int | None, Field(ge=0, le=5000)] = None
    opened_on: date | None = None
    addresses: Annotated[list[Address], Field(max_length=3, default_factory=list)]

    @field_validator("name")
    @classmethod
    def not_a_number(cls, value: str) -> str:
        if value.isdigit():
            raise fault("invalid_value")
        return value


class SchoolPatch(Patch):
    name: Annotated[str, Field(min_length=1)] = unsent()
    head_teacher: str | None = unsent()
    pupils: int | None = unsent()


class References(Model):
    values: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=20)]


class SchoolView(View, data_class=DataClass.public):
    id: str
    school: str
    authority: str
    name: str
    pupils: int | None
    status: str
    version: int
    head_teacher: Annotated[str | None, classed(DataClass.personal)]
    external_references: ExternalReferences = Field(default_factory=list)
    allowed_transitions: list[transitions.TransitionView] = Field(default_factory=list)


class ReferencesView(View, data_class=DataClass.public):
    values: list[str]


class ListView(View, data_class=DataClass.public):
    size: int
    media_type: str


# --- rules ----------------------------------------------------------------------------------------------------------

CLOSE = transitions.Transition("close", "closed", Text("Close the school", "Cau'r ysgol"))
SCHOOL = transitions.StateMachine({"open": (CLOSE,), "closed": ()})


def why_not(row: Row, step: transitions.Transition) -> transitions.Reason | None:
    if step is CLOSE and row["pupils"]:
        return transitions.Reason(
            "has_pupils", Text("The school still has pupils.", "Mae gan yr ysgol ddisgyblion o hyd.")
        )
    return None


def _write(row: Mapping[str, Any], *, create: bool, expected: int | None = None) -> Write:
    facts = {
        "school_number": row["school"],
        "name": row["name"],
        "status": row["status"],
        "sector": "primary",
    }
    kind = SchoolRegistered if create else SchoolDetailsChanged
    told = kind(authority=row["authority"], school=row["school"], pupils=row["pupils"], **facts)
    values = {name: row[name] for name in schools.own}
    subject = f"/schools/{row['school']}"
    return Write(row["school"], subject, values, told, create=create, expected_version=expected)


async def one(uow: UnitOfWork, call: Call, number: str) -> dict[str, Any] | None:
    query = shown(schools, call.valid_at, call.known_at).where(schools.slices.c.id == number)
    query = call.with_references(query, "school", schools.slices.c.id)
    row = (await uow.connection.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    steps = transitions.allowed(SCHOOL, row["status"], partial(why_not, row), call.language)
    return {**row, "allowed_transitions": steps}


# --- endpoints ------------------------------------------------------------------------------------------------------

router = Router("schools", Text("Schools", "Ysgolion"))


@router.get("/schools/{number}", operation="schools.read", response_model=SchoolView)
async def read_school(number: SchoolNumber, call: Call) -> Response:
    """Reads one school."""
    async with call.read() as uow:
        return call.record(SchoolView, await one(uow, call, number))


@router.page("/schools", operation="schools.read", response_model=Page[SchoolView], referenced=True)
async def list_schools(call: Call, name: str | None = None, largest_first: bool = False) -> Response:
    """Lists schools."""
    columns = schools.slices.c
    async with call.read() as uow:
        query = shown(schools, call.valid_at, call.known_at)
        query = query.where(
            row_predicate(call.rows(DataClass.public), authority=columns.authority, school=columns.school)
        )
        query = query.where(columns.name.contains(name)) if name is not None else query
        query = call.with_references(query, "school", columns.id)
        size = func.coalesce(columns.pupils, 0)
        query = query.add_columns(size.label("size"))
        first = descending(size, "size") if largest_first else ascending(columns.name)
        return await call.page(uow, SchoolView, query, [first, ascending(columns.id)])


@router.post("/schools", operation="schools.write", response_model=SchoolView, problems=["already_exists"])
async def open_school(new: NewSchool, call: Call) -> Response:
    """Opens a school."""

    async def do(uow: UnitOfWork) -> Row:
        row = {**new.model_dump(), "school": new.number, "status": "open"}
        await uow.write(schools, [_write(row, create=True)])
        if new.name == "Slow":
            await asyncio.sleep(0.5)
        if new.name == "Broken":
            raise RuntimeError("the name of a person")
        return await one(uow, call, new.number) or {}

    return await call.command(SchoolView, do, location="/v1/schools/{school}")


@router.patch("/schools/{number}", operation="schools.write", response_model=SchoolView)
async def change_school(number: SchoolNumber, patch: SchoolPatch, call: Call) -> Response:
    """Changes a school."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await one(uow, call, number)

    async def do(uow: UnitOfWork, held: Row) -> None:
        after = patch.applied_to(held)
        await uow.write(schools, [_write(after, create=False, expected=call.expected_version)])

    return await call.change(SchoolView, load, do)


@router.post(
    "/schools/{number}/closure", operation="schools.write", response_model=SchoolView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def close_school(number: SchoolNumber, call: Call) -> Response:
    """Closes a school."""

    async def do(uow: UnitOfWork) -> Row:
        held = await one(uow, call, number)
        if held is None:
            raise ProblemError("not_found")
        step = transitions.demanded(SCHOOL, held["status"], "close", partial(why_not, held))
        await uow.write(schools, [_write({**held, "status": step.to}, create=False)])
        return await one(uow, call, number) or {}

    return await call.command(SchoolView, do, status=200)


@router.put("/schools/{number}/external_references", operation="schools.read", response_model=ReferencesView,
            problems=["external_reference_taken"])  # fmt: skip
async def set_references(number: SchoolNumber, body: References, call: Call) -> Response:
    """Sets the caller's own references."""
    async with call.write() as uow:
        if await one(uow, call, number) is None:
            raise ProblemError("not_found")
        table, client = shared.external_references, call.principal.client_id
        await external_references.replace(uow.connection, table, client, "school", number, body.values)
    return call.answer(ReferencesView(values=sorted(body.values)))


CSV = Upload(("text/csv", "application/vnd.oasis.opendocument.spreadsheet"))


async def count_lines(work: Work) -> Mapping[str, Any]:
    lines = work.params["lines"]
    await work.progress(0, lines)
    await work.uow.connection.execute(
        text("update school_slices set pupils = coalesce(pupils, 0) + :lines"), {"lines": lines}
    )
    if lines == 13:
        raise ProblemError(
            "transition_not_allowed", {"reason": Text("Thirteen is unlucky.", "Mae tri ar ddeg yn anlwcus.")}
        )
    if lines == 14:
        raise ValueError("a fault of ours")
    await work.progress(lines, lines)
    return {"lines": lines}


COUNT = JobKind("line_count", Text("Counting lines", "Cyfrif llinellau"), count_lines, attempts=2)


@router.post("/lists", operation="lists.write", response_model=JobView, status=202, upload=CSV)
async def upload_list(call: Call) -> Response:
    """Takes a list and counts its lines as a job."""
    received = call.upload
    if received is None:
        raise RuntimeError("an uploading route without an upload")
    lines = sum(1 for _ in received.file)

    async def do(uow: UnitOfWork) -> Row:
        return await begin_job(call, uow, COUNT, {"lines": lines})

    return await call.command(JobView, do, status=202, location="/v1/jobs/{id}", shown_under="jobs.read")


async def memberships(connection: Any, principal: Principal, on: date) -> Memberships:
    """The consortium's authorities are those that have schools whose number begins with 67."""
    column = schools.slices.c.authority
    found = await connection.execute(select(column).where(column.like("67%")).distinct())
    return Memberships(authorities={"csc": frozenset(found.scalars())})


service = Service(
    # It publishes the register's events, and nobody else may.
    name="registry",
    title=Text("Example", "Enghraifft"),
    package=Path(__file__).parent / "example_package",
    metadata=metadata,
    foundation=shared,
    routers=(router,),
    publishes=(SchoolRegistered, SchoolDetailsChanged),
    jobs=(COUNT,),
    memberships=memberships,
)
