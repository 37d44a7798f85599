"""Visits to schools: planned, read, changed. The steps between their states are in `visit_steps`."""

from datetime import date
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from service_kit import caseload
from service_kit.call import Call
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Model, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending, descending
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.reading import Row, versions
from service_kit.routing import Router
from service_kit.transitions import TransitionView
from service_kit.unit_of_work import UnitOfWork
from visits.api.asking import Asking
from visits.api.fields import (
    AuthorityCode,
    Narrative,
    PersonMet,
    RecordId,
    SchoolNumber,
    SchoolYear,
    StatedView,
    VisitState,
    VisitTypeCode,
)
from visits.api.shaping import one_visit, shaped_visit
from visits.storage.tables import RIGHTS, visits
from visits.storage.visits import COLUMNS, listed
from visits.usecases.hold_visit import change_text
from visits.usecases.plan_visit import WantedVisit, plan_visit
from visits.usecases.refusing import announced

router = Router("visits", Text("Visits", "Ymweliadau"))


class CorrectionView(View, data_class=DataClass.confidential):
    """A correction of fact that the school asked for, and the adviser's answer."""

    text: str
    answer: str | None
    accepted: bool | None


class VisitVersionView(StatedView, data_class=DataClass.confidential):
    """A visit to a school as of one version."""

    visit_type: str
    """Type of the visit: a code of `/v1/visit-types`."""
    component: str
    """Component of the universal service: a code of `cmi_components`."""
    regime: str
    school_year: str
    state: str
    """State of the visit: a code of `visit_states`."""
    adviser_id: str
    planned_for: date
    purpose: str | None
    held_on: date | None
    met: list[str]
    """Whom the adviser met at the school: codes of `people_met`."""
    summary: str | None
    draft_due: date | None
    shared_on: date | None
    draft_in_time: bool | None
    reply_due: date | None
    replied_on: date | None
    reply: str | None
    dispute: str | None
    """The school's dispute, annexed to the report in its own words."""
    corrections: list[CorrectionView]
    final_due: date | None
    final_on: date | None
    final_in_time: bool | None
    reason: str | None
    """Why the last step was taken: of a cancellation, another day, an amendment."""


class VisitView(VisitVersionView, data_class=DataClass.confidential):
    """A visit to a school."""

    external_references: ExternalReferences = Field(default_factory=list)
    allowed_transitions: list[TransitionView]


class NewVisit(Model):
    """A visit to be planned."""

    school_number: SchoolNumber
    visit_type: VisitTypeCode
    planned_for: date
    adviser_id: RecordId | None = None
    """Who visits; the caller when left out."""
    purpose: Narrative | None = None


class VisitPatch(Patch):
    """The text of a visit that is not final."""

    purpose: Narrative | None = unsent()
    summary: Narrative = unsent()
    met: Annotated[list[PersonMet], Field(max_length=20)] = unsent()


@router.page("/visits", operation="visits.read", response_model=Page[VisitView], referenced=True)
async def list_visits(
    call: Call,
    school_number: SchoolNumber | None = None,
    authority: AuthorityCode | None = None,
    visit_type: VisitTypeCode | None = None,
    school_year: SchoolYear | None = None,
    state: VisitState | None = None,
    adviser_id: RecordId | None = None,
    lead_adviser_id: RecordId | None = None,
) -> Response:
    """Lists visits that you may see, the latest first. A school sees them from the sharing of the draft on."""
    async with call.read(operations=[caseload.OPERATION]) as uow:
        asking = Asking(call)
        query = listed(call.valid_at, call.known_at, asking.stages)
        for column, value in (
            (COLUMNS.school_number, school_number),
            (COLUMNS.authority, authority),
            (COLUMNS.visit_type, visit_type),
            (COLUMNS.school_year, school_year),
            (COLUMNS.state, state),
            (COLUMNS.adviser_id, adviser_id),
        ):
            query = query if value is None else query.where(column == value)
        if lead_adviser_id is not None:
            led = await caseload.schools_led(call, uow, RIGHTS, lead_adviser_id)
            query = query.where(COLUMNS.school_number.in_(led))
        query = call.with_references(query, "visit", COLUMNS.id)
        order = [descending(COLUMNS.planned_for), descending(COLUMNS.id)]
        return await call.page(
            uow, VisitView, query, order, shape=lambda row: shaped_visit(asking, row, call.language)
        )


@router.get("/visits/{id}", operation="visits.read", response_model=VisitView)
async def read_visit(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one visit, with the steps that may follow."""
    async with call.read() as uow:
        return call.record(VisitView, await one_visit(call, uow, id))


@router.page(
    "/visits/{id}/versions", operation="visits.read", response_model=Page[VisitVersionView], dated=False
)
async def list_visit_versions(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Lists every version of a visit that you may see, the first one first."""
    async with call.read() as uow:
        query = versions(visits, id, Asking(call).stages.visible)
        return await call.page(uow, VisitVersionView, query, [ascending(COLUMNS.version)])


@router.post(
    "/visits", operation="visits.write", response_model=VisitView,
    problems=["visit_to_closed_school", "school_not_in_scope", "no_regime"],
)  # fmt: skip
async def plan(new: NewVisit, call: Call) -> Response:
    """Plans a visit of a type that the regime of the school's authority has."""

    async def do(uow: UnitOfWork) -> Row:
        school = await announced(uow, new.school_number)
        demand(call, DataClass.confidential, authority=school.authority, school=school.number)
        wanted = WantedVisit(
            new.visit_type, new.planned_for, new.adviser_id or call.principal.person_id, new.purpose
        )
        row = await one_visit(call, uow, await plan_visit(uow, school, wanted))
        if row is None:
            raise ProblemError("not_found")
        return row

    return await call.command(VisitView, do, location="/v1/visits/{id}")


@router.patch(
    "/visits/{id}", operation="visits.write", response_model=VisitView, problems=["visit_not_editable"]
)
async def change_visit(id: RecordId, patch: VisitPatch, call: Call) -> Response:  # noqa: A002  the path's own word
    """Changes the text of a visit while its state allows it; a final report is amended instead."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await one_visit(call, uow, id)

    async def do(uow: UnitOfWork, held: Row) -> None:
        await change_text(uow, held, patch.changes(), call.expected_version)

    return await call.change(VisitView, load, do)


takes_references(router, "/visits/{id}", VisitView, "visit", "visits.read", one_visit)
