"""People of the region's school improvement. Their details are personal; nothing of them is in any event."""

from datetime import date
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import (
    OWN_PERSON,
    AuthorityCode,
    DatedView,
    Email,
    Employer,
    LanguageCode,
    Name,
    RecordId,
    SchoolNumber,
    Telephone,
)
from registry.storage.showing import Row, first, showing
from registry.storage.tables import people
from registry.usecases.register_person import DETAILS, change_person, register_person
from service_kit.call import Call, RequestCall
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Model, Page, classed
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("people", Text("People", "Pobl"))

_RECORD_TYPE = "person"

Personal = classed(DataClass.personal)


class PersonView(DatedView, data_class=DataClass.public):
    """A person. Whoever may not see the details sees the id alone."""

    SCOPED_BY = OWN_PERSON

    id: str
    authority: Annotated[str, Personal]
    """The authority that employs the person; for the staff of a consortium its host authority."""
    school_number: Annotated[str | None, Personal]
    employer: Annotated[str, Personal]
    """Code of the authority, or of the consortium."""
    name: Annotated[str, Personal]
    email: Annotated[str | None, Personal]
    telephone: Annotated[str | None, Personal]
    language: Annotated[str | None, Personal]
    """The language in which the person wishes to be written to; null: not recorded."""
    external_references: ExternalReferences = Field(default_factory=list)


class NewPerson(Model):
    """A person to register."""

    name: Name
    authority: AuthorityCode
    employer: Employer
    school_number: SchoolNumber | None = None
    email: Email | None = None
    telephone: Telephone | None = None
    language: LanguageCode | None = None


class PersonPatch(Patch):
    """Details of a person that change from a day on."""

    name: Name = unsent()
    authority: AuthorityCode = unsent()
    employer: Employer = unsent()
    school_number: SchoolNumber | None = unsent()
    email: Email | None = unsent()
    telephone: Telephone | None = unsent()
    language: LanguageCode | None = unsent()
    valid_from: date = unsent()
    """First day on which the new details hold; today when left out."""


@router.page("/people", operation="people.read", response_model=Page[PersonView], referenced=True)
async def list_people(
    call: Call, authority: AuthorityCode | None = None, school_number: SchoolNumber | None = None
) -> Response:
    """Lists the people whom the caller may know of, in the order of the Welsh alphabet."""
    columns = people.slices.c
    async with call.read() as uow:
        query = showing(people, call.valid_at, call.known_at, call.rows(DataClass.personal))
        for column, value in ((columns.authority, authority), (columns.school_number, school_number)):
            query = query if value is None else query.where(column == value)
        query = call.with_references(query, _RECORD_TYPE, columns.id)
        return await call.page(uow, PersonView, query, [ascending(columns.name_sort), ascending(columns.id)])


@router.get("/people/{id}", operation="people.read", response_model=PersonView)
async def read_person(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one person."""
    async with call.read() as uow:
        return call.record(PersonView, await _one(call, uow, id))


@router.post("/people", operation="people.write", response_model=PersonView)
async def register(new: NewPerson, call: Call) -> Response:
    """Registers a person."""

    async def do(uow: UnitOfWork) -> Row:
        demand(call, DataClass.personal, authority=new.authority, school=new.school_number)
        person_id = await register_person(uow, new.model_dump())
        row = await _one(call, uow, person_id)
        if row is None:
            raise ProblemError("not_found")
        return row

    return await call.command(PersonView, do, location="/v1/people/{id}")


@router.patch("/people/{id}", operation="people.write", response_model=PersonView)
async def change_person_details(id: RecordId, patch: PersonPatch, call: Call) -> Response:  # noqa: A002
    """Changes a person's details from a day on."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await _one(call, uow, id)

    async def do(uow: UnitOfWork, held: Row) -> None:
        changes = patch.changes()
        valid_from = changes.pop("valid_from", call.clock.today())
        details = {name: held[name] for name in DETAILS} | changes
        demand(call, DataClass.personal, authority=details["authority"], school=details["school_number"])
        await change_person(uow, held, details, valid_from, call.expected_version)

    return await call.change(PersonView, load, do)


async def _one(call: RequestCall, uow: UnitOfWork, person_id: str) -> Row | None:
    columns = people.slices.c
    query = showing(people, call.valid_at, call.known_at).where(columns.id == person_id)
    return await first(uow.connection, call.with_references(query, _RECORD_TYPE, columns.id))


takes_references(router, "/people/{id}", PersonView, _RECORD_TYPE, "people.read", _one)
