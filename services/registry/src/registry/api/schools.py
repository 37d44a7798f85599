"""Schools: the public identity of every school of Wales that the register knows."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl, urlencode

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
from registry.domain.lifecycle import survivors
from registry.storage.lineage import life_columns, line_of, standing_of, statuses_on
from registry.storage.schools import COLUMNS, SchoolFilter, listed
from registry.storage.showing import Row, first, showing
from registry.storage.tables import schools
from registry.usecases.change_school import FACTS, change_school
from registry.usecases.school_states import SCHOOL, reasons_against
from service_kit.call import Call, RequestCall
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.policy.decide import decide
from service_kit.problems import ProblemError
from service_kit.routing import Router
from service_kit.transitions import TransitionView, allowed
from service_kit.unit_of_work import UnitOfWork

router = Router("schools", Text("Schools", "Ysgolion"))
_RECORD_TYPE = "school"
_DAY: Final = timedelta(days=1)


class SuccessorView(View, data_class=DataClass.public):
    """A school that took the place of one that closed."""

    school_number: SchoolNumber
    valid_from: date
    """First day on which it stood in the other's place."""
    href: str
    """Where it is read."""


class SchoolView(DatedView, data_class=DataClass.public):
    """A school as of a day. Codes are explained by `/v1/code-lists`."""

    SCOPED_BY = OWN_SCHOOL

    school_number: SchoolNumber
    authority: AuthorityCode
    name: str
    """The one official name; it may be Welsh, English or both, and is never translated."""
    status: str
    """Whether it is proposed, open or closed: a code of `school_status`."""
    sector: str
    """Sector of the school: a code of `sectors`."""
    governance: str | None
    """Governance: a code of `governance`; null where the source gives none."""
    school_type: str | None
    """Type of the school: a code of `school_types`."""
    language_category: str | None
    """Welsh-medium type: a code of `language_category_2007`; `NA` means not applicable."""
    religious_character: str | None
    """Religious character: a code of `religious_character`."""
    address: list[str]
    postcode: str | None
    phone: str | None
    pupils: int | None
    """Number on roll as published; null: not given."""
    successors: list[SuccessorView]
    """The schools that took its place, as of the day; empty for a school that none has followed."""
    allowed_transitions: list[TransitionView]
    """The steps that follow from its status, for a day after the one shown."""
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
        query = query.add_columns(*life_columns(call.valid_at, call.known_at))
        query = call.with_references(query, _RECORD_TYPE, COLUMNS.id)
        order = by_name if sort == "name" else by_name[1:]
        return await call.page(uow, SchoolView, query, order, shape=_shaping(call, call.valid_at))


@router.get(
    "/schools/{school_number}", operation="schools.read", response_model=SchoolView,
    problems=["school_without_survivor"],
)  # fmt: skip
async def read_school(school_number: SchoolNumber, call: Call, resolve: bool = False) -> Response:
    """Reads one school; a closed one is answered like any other, with its successors.

    With `resolve=true` a closed school answers 308 to the one open school in which its line ends, or 410 where it ends
    in none; where it ends in several, the closed school itself with its successors.
    """
    async with call.read() as uow:
        row = await _one(call, uow, school_number)
        if resolve and row is not None and row["status"] == "closed":
            target = await _survivor(call, uow, school_number)
            if target is not None:
                return Response(status_code=308, headers={**call.headers(), "Location": target})
        return call.record(SchoolView, row)


async def _survivor(call: RequestCall, uow: UnitOfWork, school_number: str) -> str | None:
    """The address of the one open school in which a line ends; None where it ends in several. Raises 410 for none."""
    line = await line_of(uow.connection, [school_number], call.valid_at, call.known_at)
    statuses = await statuses_on(uow.connection, survivors(line, school_number), call.valid_at)
    ends = [number for number, status in statuses.items() if status == "open"]
    if not ends:
        raise ProblemError("school_without_survivor", {"school": school_number})
    if len(ends) > 1:
        return None
    asked = parse_qsl(call.request.scope["query_string"].decode("ascii"))
    kept = urlencode([(name, value) for name, value in asked if name != "resolve"])
    return f"/v1/schools/{ends[0]}" + (f"?{kept}" if kept else "")


@router.patch(
    "/schools/{school_number}", operation="schools.write", response_model=SchoolView,
    problems=["valid_from_without_school", "school_is_closed"],
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
        if base["status"] == "closed":
            raise ProblemError("school_is_closed", {"school": school_number, "day": valid_from.isoformat()})
        facts: dict[str, Any] = {name: base[name] for name in FACTS} | changes
        await change_school(uow, base, facts, valid_from, call.expected_version)

    return await call.change(SchoolView, load, do)


async def shown_school(call: RequestCall, uow: UnitOfWork, school_number: str, day: date) -> Row | None:
    """One school as of a day, as `SchoolView` shows it to the caller; None where the register has none then."""
    query = showing(schools, day, call.known_at).where(COLUMNS.id == school_number)
    query = query.add_columns(*life_columns(day, call.known_at))
    row = await first(uow.connection, call.with_references(query, _RECORD_TYPE, COLUMNS.id))
    return _shaping(call, day)(row) if row is not None else None


async def _one(call: RequestCall, uow: UnitOfWork, school_number: str) -> Row | None:
    return await shown_school(call, uow, school_number, call.valid_at)


def _shaping(call: RequestCall, day: date) -> Callable[[Row], Row]:
    """What makes the shown row of a stored one: links to successors, and the steps that the caller may take."""
    writing = decide(call.principal, "schools.write", call.memberships, call.serving.roles)
    writable = writing.rows(DataClass.public)
    known: dict[tuple[str, ...], list[dict[str, Any]]] = {}

    def shape(row: Row) -> Row:
        number, status = row["school_number"], row["status"]
        reasons = reasons_against(
            standing_of(number, row["since"]),
            status,
            day + _DAY,
            may_write=writing.allowed and writable.covers(row["authority"], number),
        )
        # Most schools of a page may take the same steps: they are described once.
        key = (status, *(reason.code if reason else "" for reason in reasons.values()))
        if key not in known:
            steps = allowed(SCHOOL, status, lambda step: reasons[step], call.language)
            known[key] = [step.model_dump() for step in steps]
        followed = sorted(row["successors"] or (), key=lambda one: str(one["school_number"]))
        links = [{**one, "href": f"/v1/schools/{one['school_number']}"} for one in followed]
        return {**row, "successors": links, "allowed_transitions": known[key]}

    return shape


async def _id_of(school_number: SchoolNumber) -> str:
    return school_number


takes_references(
    router, "/schools/{school_number}", SchoolView, _RECORD_TYPE, "schools.read", _one, identified_by=_id_of
)
