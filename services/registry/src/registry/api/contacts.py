"""A school's contacts: who holds a post and how to reach them, for those who work with the school."""

from datetime import date
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import OWN_SCHOOL, DatedView, Email, Name, Post, SchoolNumber, Telephone
from registry.storage.schools import authority_on
from registry.storage.showing import Row, first, showing
from registry.storage.tables import contacts
from registry.usecases.change_contact import PERSONAL, change_contact, contact_id, record_contact
from service_kit.call import Call, RequestCall
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Model, Page, classed
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("contacts", Text("Schools' contacts", "Cysylltiadau ysgolion"))
_RECORD_TYPE = "contact"

Personal = classed(DataClass.personal)


class ContactView(DatedView, data_class=DataClass.public):
    """Who holds a post at a school. The person's details are seen by the school, its authority and its consortium."""

    SCOPED_BY = OWN_SCHOOL

    school_number: str
    authority: str
    post: str
    """Post at the school: a code of `roles_of_people`."""
    name: Annotated[str | None, Personal]
    email: Annotated[str | None, Personal]
    telephone: Annotated[str | None, Personal]
    external_references: ExternalReferences = Field(default_factory=list)


class NewContact(Model):
    """A contact that the register does not have yet."""

    post: Post
    name: Name | None = None
    email: Email | None = None
    telephone: Telephone | None = None
    valid_from: date | None = None
    """First day on which this holds; left out: unknown."""


class ContactPatch(Patch):
    """Details of a contact that change from a day on."""

    name: Name | None = unsent()
    email: Email | None = unsent()
    telephone: Telephone | None = unsent()
    valid_from: date = unsent()
    """First day on which the new details hold; today when left out."""


@router.page(
    "/schools/{school_number}/contacts", operation="contacts.read", response_model=Page[ContactView], referenced=True
)  # fmt: skip
async def list_school_contacts(school_number: SchoolNumber, call: Call) -> Response:
    """Lists a school's contacts, to those who may know of them."""
    columns = contacts.slices.c
    async with call.read() as uow:
        await _known_school(call, uow, school_number)
        scope = call.rows(DataClass.personal)
        query = showing(contacts, call.valid_at, call.known_at, scope).where(
            columns.school_number == school_number
        )
        query = call.with_references(query, _RECORD_TYPE, columns.id)
        return await call.page(uow, ContactView, query, [ascending(columns.post), ascending(columns.id)])


@router.get("/schools/{school_number}/contacts/{post}", operation="contacts.read", response_model=ContactView)
async def read_school_contact(school_number: SchoolNumber, post: Post, call: Call) -> Response:
    """Reads one contact of a school."""
    async with call.read() as uow:
        return call.record(ContactView, await _one(call, uow, contact_id(school_number, post)))


@router.post(
    "/schools/{school_number}/contacts", operation="contacts.write", response_model=ContactView,
    problems=["already_exists"],
)  # fmt: skip
async def record_school_contact(school_number: SchoolNumber, new: NewContact, call: Call) -> Response:
    """Records a contact for the first time; later changes are made to the contact itself."""

    async def do(uow: UnitOfWork) -> Row:
        day = new.valid_from or call.clock.today()
        authority = await authority_on(uow.connection, school_number, day)
        demand(call, DataClass.personal, authority=authority, school=school_number)
        details = {name: getattr(new, name) for name in PERSONAL}
        id_ = await record_contact(uow, school_number, new.post, details, new.valid_from)
        row = await _one(call, uow, id_, max(day, call.clock.today()))
        if row is None:
            raise ProblemError("not_found")
        return row

    return await call.command(ContactView, do, location="/v1/schools/{school_number}/contacts/{post}")


@router.patch(
    "/schools/{school_number}/contacts/{post}", operation="contacts.write", response_model=ContactView
)
async def change_school_contact(
    school_number: SchoolNumber, post: Post, patch: ContactPatch, call: Call
) -> Response:
    """Changes a contact from a day on."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await _one(call, uow, contact_id(school_number, post))

    async def do(uow: UnitOfWork, held: Row) -> None:
        changes = patch.changes()
        valid_from = changes.pop("valid_from", call.clock.today())
        await change_contact(uow, held, {**held, **changes}, valid_from, call.expected_version)

    return await call.change(ContactView, load, do)


async def _one(call: RequestCall, uow: UnitOfWork, id_: str, day: date | None = None) -> Row | None:
    columns = contacts.slices.c
    query = showing(contacts, day or call.valid_at, call.known_at).where(columns.id == id_)
    return await first(uow.connection, call.with_references(query, _RECORD_TYPE, columns.id))


async def _known_school(call: RequestCall, uow: UnitOfWork, school_number: str) -> None:
    """Raises 404 where the caller may not know of the school's contacts."""
    authority = await authority_on(uow.connection, school_number, call.valid_at)
    if authority is None or not call.rows(DataClass.personal).covers(authority, school_number):
        raise ProblemError("not_found")


async def _id_of(school_number: SchoolNumber, post: Post) -> str:
    return contact_id(school_number, post)


takes_references(
    router,
    "/schools/{school_number}/contacts/{post}",
    ContactView,
    _RECORD_TYPE,
    "contacts.read",
    _one,
    identified_by=_id_of,
)
