"""Roles of people, dated: by id of the person, never by name."""

from datetime import date

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import (
    OWN_PERSON,
    AuthorityCode,
    Dated,
    DatedView,
    Employer,
    RecordId,
    RoleOfPerson,
    SchoolNumber,
    later_than,
)
from registry.storage.showing import Row, first, showing, showing_current
from registry.storage.tables import role_assignments
from registry.usecases.assign_role import assign_role, end_role
from service_kit.call import Call, RequestCall
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Page
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("roles", Text("Roles of people", "Rolau pobl"))
_RECORD_TYPE = "role_assignment"


class RoleAssignmentView(DatedView, data_class=DataClass.internal):
    """A person holds a role for some days."""

    SCOPED_BY = OWN_PERSON

    id: str
    person_id: str
    role: str
    """Role: a code of `roles_of_people`; what it is called depends on the regime."""
    authority: str
    school_number: str | None
    employer: str
    external_references: ExternalReferences = Field(default_factory=list)


class NewRoleAssignment(Dated):
    """A role that a person takes up."""

    person_id: RecordId
    role: RoleOfPerson
    authority: AuthorityCode
    school_number: SchoolNumber | None = None
    employer: Employer


class RoleAssignmentPatch(Patch):
    """When a role ends."""

    valid_to: date | None = unsent()


@router.page(
    "/role-assignments", operation="roles.read", response_model=Page[RoleAssignmentView], referenced=True
)
async def list_role_assignments(
    call: Call,
    person_id: RecordId | None = None,
    role: RoleOfPerson | None = None,
    authority: AuthorityCode | None = None,
    school_number: SchoolNumber | None = None,
) -> Response:
    """Lists the roles that are held on the day."""
    columns = role_assignments.slices.c
    async with call.read() as uow:
        query = showing(role_assignments, call.valid_at, call.known_at, call.rows(DataClass.internal))
        for column, value in (
            (columns.person_id, person_id),
            (columns.role, role),
            (columns.authority, authority),
            (columns.school_number, school_number),
        ):
            query = query if value is None else query.where(column == value)
        query = call.with_references(query, _RECORD_TYPE, columns.id)
        return await call.page(uow, RoleAssignmentView, query, [ascending(columns.id)])


@router.get("/role-assignments/{id}", operation="roles.read", response_model=RoleAssignmentView, dated=False)
async def read_role_assignment(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one assignment, whether or not it holds today."""
    async with call.read() as uow:
        return call.record(RoleAssignmentView, await _one(call, uow, id))


@router.post("/role-assignments", operation="roles.write", response_model=RoleAssignmentView)
async def assign(new: NewRoleAssignment, call: Call) -> Response:
    """Assigns a role to a person."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.internal, authority=new.authority, school=new.school_number)
        facts = new.model_dump(exclude={"valid_from", "valid_to"})
        id_ = await assign_role(uow, facts, new.valid_from, new.valid_to)
        row = await _one(call, uow, id_)
        if row is None:
            raise ProblemError("not_found")
        return row

    return await call.command(RoleAssignmentView, do, location="/v1/role-assignments/{id}")


@router.patch("/role-assignments/{id}", operation="roles.write", response_model=RoleAssignmentView)
async def end_role_assignment(id: RecordId, patch: RoleAssignmentPatch, call: Call) -> Response:  # noqa: A002
    """Sets or moves the day from which a role is no longer held."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await _one(call, uow, id)

    async def do(uow: UnitOfWork, held: Row) -> None:
        valid_to = patch.changes().get("valid_to", held["valid_to"])
        later_than(held["valid_from"], valid_to)
        await end_role(uow, held, valid_to, call.expected_version)

    return await call.change(RoleAssignmentView, load, do)


async def _one(call: RequestCall, uow: UnitOfWork, assignment_id: str) -> Row | None:
    columns = role_assignments.slices.c
    query = showing_current(role_assignments).where(columns.id == assignment_id)
    return await first(uow.connection, call.with_references(query, _RECORD_TYPE, columns.id))


takes_references(router, "/role-assignments/{id}", RoleAssignmentView, _RECORD_TYPE, "roles.read", _one)
