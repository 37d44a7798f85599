"""Lead advisers of schools, and the schools that have none."""

from datetime import date, timedelta

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from registry.api.fields import (
    OWN_PERSON,
    OWN_SCHOOL,
    AuthorityCode,
    Dated,
    DatedView,
    RecordId,
    SchoolNumber,
    later_than,
)
from registry.domain.advisers import gaps, on_closed_schools
from registry.domain.day_range import DayRange
from registry.storage.advisers import closed_table, facts_for_gaps, gaps_table, regimes_within
from registry.storage.schools import authority_on
from registry.storage.showing import Row, first, showing, showing_current
from registry.storage.tables import adviser_allocations
from registry.usecases.allocate_adviser import allocate_adviser, end_allocation
from service_kit.call import Call, RequestCall
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.permitting import demand
from service_kit.policy.decide import decide
from service_kit.problems import Fault, ProblemError
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork

router = Router("adviser-allocations", Text("Lead advisers", "Prif ymgynghorwyr"))
_RECORD_TYPE = "adviser_allocation"


class AdviserAllocationView(DatedView, data_class=DataClass.internal):
    """A person is the lead adviser of a school for some days."""

    SCOPED_BY = OWN_PERSON

    id: str
    school_number: str
    authority: str
    person_id: str
    external_references: ExternalReferences = Field(default_factory=list)


class NewAdviserAllocation(Dated):
    """A lead adviser for a school."""

    school_number: SchoolNumber
    person_id: RecordId


class AdviserAllocationPatch(Patch):
    """When an allocation ends."""

    valid_to: date | None = unsent()


class GapView(View, data_class=DataClass.internal):
    """A school that must have a lead adviser has none on these days."""

    SCOPED_BY = OWN_SCHOOL

    school_number: str
    authority: str
    valid_from: date | None
    valid_to: date | None
    """First day on which the gap is over; null: open."""


class ClosedSchoolAllocationView(View, data_class=DataClass.internal):
    """Somebody is still the lead adviser of a school that is closed on these days: the allocation wants ending."""

    SCOPED_BY = OWN_PERSON

    id: str
    """Of the allocation."""
    school_number: str
    authority: str
    person_id: str
    valid_from: date | None
    valid_to: date | None
    """First day on which it no longer is so; null: open."""


@router.page(
    "/adviser-allocations", operation="allocations.read", response_model=Page[AdviserAllocationView], referenced=True
)  # fmt: skip
async def list_adviser_allocations(
    call: Call,
    school_number: SchoolNumber | None = None,
    person_id: RecordId | None = None,
    authority: AuthorityCode | None = None,
) -> Response:
    """Lists the lead advisers of the day."""
    columns = adviser_allocations.slices.c
    async with call.read() as uow:
        query = showing(adviser_allocations, call.valid_at, call.known_at, call.rows(DataClass.internal))
        for column, value in (
            (columns.school_number, school_number),
            (columns.person_id, person_id),
            (columns.authority, authority),
        ):
            query = query if value is None else query.where(column == value)
        query = call.with_references(query, _RECORD_TYPE, columns.id)
        order = [ascending(columns.school_number), ascending(columns.id)]
        return await call.page(uow, AdviserAllocationView, query, order)


@router.get(
    "/adviser-allocations/{id}", operation="allocations.read", response_model=AdviserAllocationView, dated=False
)  # fmt: skip
async def read_adviser_allocation(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one allocation, whether or not it holds today."""
    async with call.read() as uow:
        return call.record(AdviserAllocationView, await _one(call, uow, id))


@router.post(
    "/adviser-allocations", operation="allocations.write", response_model=AdviserAllocationView,
    problems=["lead_adviser_overlap", "school_needs_no_adviser"],
)  # fmt: skip
async def allocate(new: NewAdviserAllocation, call: Call) -> Response:
    """Makes a person the lead adviser of a school; at most one per school and day."""

    async def do(uow: UnitOfWork) -> Row:
        authority = await authority_on(uow.connection, new.school_number, new.valid_from)
        if authority is not None:
            demand(call, DataClass.internal, authority=authority, school=new.school_number)
        id_ = await allocate_adviser(uow, new.school_number, new.person_id, new.valid_from, new.valid_to)
        row = await _one(call, uow, id_)
        if row is None:
            raise ProblemError("not_found")
        return row

    return await call.command(AdviserAllocationView, do, location="/v1/adviser-allocations/{id}")


@router.patch(
    "/adviser-allocations/{id}", operation="allocations.write", response_model=AdviserAllocationView,
    problems=["lead_adviser_overlap"],
)  # fmt: skip
async def end_adviser_allocation(id: RecordId, patch: AdviserAllocationPatch, call: Call) -> Response:  # noqa: A002
    """Sets or moves the day from which an allocation no longer holds."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await _one(call, uow, id)

    async def do(uow: UnitOfWork, held: Row) -> None:
        valid_to = patch.changes().get("valid_to", held["valid_to"])
        later_than(held["valid_from"], valid_to)
        await end_allocation(uow, held, valid_to, call.expected_version)

    return await call.change(AdviserAllocationView, load, do)


@router.page(
    "/adviser-gaps", operation="allocations.read", response_model=Page[GapView], dated=False
)  # fmt: skip
async def list_adviser_gaps(
    call: Call, on: date | None = None, until: date | None = None, authority: AuthorityCode | None = None
) -> Response:
    """Lists the schools without a lead adviser on a day, or from `on` up to and including `until`.

    Open maintained schools and PRUs of an authority under a regime; never independent ones.
    """
    days = _days_asked(call, on, until)
    async with call.read() as uow:
        facts, allocations = await facts_for_gaps(
            uow.connection, call.rows(DataClass.internal), days, authority
        )
        # Regimes bind everyone, also who sees the allocations of one school only.
        binding = decide(call.principal, "regimes.read", call.memberships, call.serving.roles)
        await call.under(uow, binding)
        regimes = await regimes_within(uow.connection, days)
        found = gaps_table(gaps(facts, regimes, allocations, days))
        order = [ascending(found.c.school_number), ascending(found.c.valid_from)]
        return await call.page(uow, GapView, found.select(), order)


@router.page(
    "/closed-school-allocations", operation="allocations.read", response_model=Page[ClosedSchoolAllocationView],
    dated=False,
)  # fmt: skip
async def list_closed_school_allocations(
    call: Call, on: date | None = None, until: date | None = None, authority: AuthorityCode | None = None
) -> Response:
    """Lists allocations that outlive their school, with the days on which it is closed: as the gaps are asked for."""
    days = _days_asked(call, on, until)
    async with call.read() as uow:
        facts, allocations = await facts_for_gaps(
            uow.connection, call.rows(DataClass.internal), days, authority
        )
        authorities = {fact.school_number: fact.authority for fact in facts}
        found = closed_table(on_closed_schools(facts, allocations, days), authorities)
        order = [ascending(found.c.school_number), ascending(found.c.valid_from), ascending(found.c.id)]
        return await call.page(uow, ClosedSchoolAllocationView, found.select(), order)


def _days_asked(call: RequestCall, on: date | None, until: date | None) -> DayRange:
    first_day = on or call.clock.today()
    last_day = until or first_day
    if last_day < first_day:
        raise ProblemError(
            "validation_failed", errors=[Fault("until", "ends_before_it_begins", part="query")]
        )
    return DayRange(first_day, last_day + timedelta(days=1))


async def _one(call: RequestCall, uow: UnitOfWork, allocation_id: str) -> Row | None:
    columns = adviser_allocations.slices.c
    query = showing_current(adviser_allocations).where(columns.id == allocation_id)
    return await first(uow.connection, call.with_references(query, _RECORD_TYPE, columns.id))


takes_references(
    router, "/adviser-allocations/{id}", AdviserAllocationView, _RECORD_TYPE, "allocations.read", _one
)
