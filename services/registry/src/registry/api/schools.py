"""Schools: the public identity of every school of Wales that the register knows."""

from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import (
    OWN_SCHOOL,
    AuthorityCode,
    DatedView,
    Governance,
    LanguageCategory,
    Line,
    Name,
    Postcode,
    ReligiousCharacter,
    SchoolNumber,
    SchoolStatus,
    SchoolType,
    Sector,
    Telephone,
)
from registry.storage.schools import COLUMNS, SchoolFilter, listed
from registry.storage.showing import Row, first, showing
from registry.storage.tables import schools
from registry.usecases.change_school import FACTS, change_school
from service_kit.call import Call, RequestCall
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Page
from service_kit.own_references import References, set_references
from service_kit.paging import ascending
from service_kit.problems import ProblemError
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("schools", Text("Schools", "Ysgolion"))
_RECORD_TYPE = "school"


class SchoolView(DatedView, data_class=DataClass.public):
    """A school as of a day. Codes are explained by `/v1/code-lists`."""

    SCOPED_BY = OWN_SCHOOL

    school_number: SchoolNumber
    authority: AuthorityCode
    name: str
    """The one official name; it may be Welsh, English or both, and is never translated."""
    status: str
    """Code of `school_status`."""
    sector: str
    """Code of `sectors`."""
    governance: str | None
    """Code of `governance`; null where the source gives none."""
    school_type: str | None
    """Code of `school_types`."""
    language_category: str | None
    """Code of `language_category_2007`; `NA` means not applicable."""
    religious_character: str | None
    """Code of `religious_character`."""
    address: list[str]
    postcode: str | None
    phone: str | None
    pupils: int | None
    """Number on roll as published; null: not given."""
    external_references: ExternalReferences = Field(default_factory=list)


class SchoolPatch(Patch):
    """Details of a school that change from a day on."""

    name: Name = unsent()
    governance: Governance | None = unsent()
    school_type: SchoolType | None = unsent()
    language_category: LanguageCategory | None = unsent()
    religious_character: ReligiousCharacter | None = unsent()
    address: Annotated[list[Line], Field(max_length=4)] = unsent()
    postcode: Postcode | None = unsent()
    phone: Telephone | None = unsent()
    pupils: Annotated[int, Field(ge=0, le=99_999)] | None = unsent()
    valid_from: date = unsent()
    """First day on which the new details hold; today when left out."""


@router.page("/schools", operation="schools.read", response_model=Page[SchoolView], referenced=True)
async def list_schools(
    call: Call,
    authority: AuthorityCode | None = None,
    sector: Sector | None = None,
    status: SchoolStatus | None = None,
    language: LanguageCategory | None = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
    sort: Literal["name", "school_number"] = "name",
) -> Response:
    """Lists schools in the order of the Welsh alphabet.

    `q` finds words in name, address and postcode; accents and apostrophes do not matter. `language` is a code of
    `language_category_2007`.
    """
    wanted = SchoolFilter(authority, sector, status, language, q)
    by_name = [ascending(COLUMNS.name_sort), ascending(COLUMNS.id)]
    async with call.read() as uow:
        query = listed(call.rows(DataClass.public), call.valid_at, call.known_at, wanted)
        query = call.with_references(query, _RECORD_TYPE, COLUMNS.id)
        return await call.page(uow, SchoolView, query, by_name if sort == "name" else by_name[1:])


@router.get("/schools/{school_number}", operation="schools.read", response_model=SchoolView)
async def read_school(school_number: SchoolNumber, call: Call) -> Response:
    """Reads one school."""
    async with call.read() as uow:
        return call.record(SchoolView, await _one(call, uow, school_number))


@router.patch(
    "/schools/{school_number}", operation="schools.write", response_model=SchoolView,
    problems=["valid_from_without_school"],
)  # fmt: skip
async def change_school_details(school_number: SchoolNumber, patch: SchoolPatch, call: Call) -> Response:
    """Changes details of a school from a day on; what is known of later days stays as it is."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await _one(call, uow, school_number)

    async def do(uow: UnitOfWork, held: Row) -> None:
        changes = patch.changes()
        valid_from = changes.pop("valid_from", call.clock.today())
        base = await first(
            uow.connection, showing(schools, valid_from, None).where(COLUMNS.id == school_number)
        )
        if base is None:
            raise ProblemError("valid_from_without_school", {"day": valid_from.isoformat()})
        facts: dict[str, Any] = {name: base[name] for name in FACTS} | changes
        await change_school(uow, base, facts, valid_from, call.expected_version)

    return await call.change(SchoolView, load, do)


@router.put(
    "/schools/{school_number}/external-references", operation="schools.read", response_model=SchoolView,
    problems=["external_reference_taken"],
)  # fmt: skip
async def set_school_references(school_number: SchoolNumber, new: References, call: Call) -> Response:
    """Sets the caller's own references to a school; nobody else sees them."""
    return await set_references(call, SchoolView, _RECORD_TYPE, school_number, new, partial(_one, call))


async def _one(call: RequestCall, uow: UnitOfWork, school_number: str) -> Row | None:
    query = showing(schools, call.valid_at, call.known_at).where(COLUMNS.id == school_number)
    return await first(uow.connection, call.with_references(query, _RECORD_TYPE, COLUMNS.id))
