"""Findings of a visit: an area, a judgement under the framework of the regime, and the evidence it rests on."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Select
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from service_kit.call import Call, RequestCall
from service_kit.merge_patch import Patch, unsent
from service_kit.models import ExternalReferences, Model, Page, View
from service_kit.own_references import takes_references
from service_kit.paging import ascending
from service_kit.problems import ProblemError
from service_kit.reading import Row, first, locked, showing
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork
from visits.api.asking import Asking
from visits.api.fields import (
    AuthorityCode,
    FindingArea,
    FindingState,
    Narrative,
    RecordId,
    SchoolNumber,
    StatedView,
    Value,
)
from visits.api.visit_steps import EvidenceIn
from visits.storage.tables import findings, visits
from visits.storage.visits import COLUMNS as VISIT_COLUMNS
from visits.storage.visits import listed
from visits.usecases.record_finding import change_finding, record_finding, withdraw_finding

router = Router("findings", Text("Findings", "Canfyddiadau"))
COLUMNS = findings.slices.c


class EvidenceView(View, data_class=DataClass.confidential):
    """What a judgement rests on."""

    kind: str
    """Kind of the evidence: a code of `evidence_kinds`."""
    reference: str
    dated: date


class FindingView(StatedView, data_class=DataClass.confidential):
    """A finding of a visit."""

    visit_id: str
    framework: str
    """Framework of the judgement: a code of `/v1/judgement-frameworks`, as of the judgement."""
    area: str
    judgement: str | None
    statement: str
    evidence: list[EvidenceView]
    state: str
    published_on: date | None
    external_references: ExternalReferences = Field(default_factory=list)


class NewFinding(Model):
    """A finding to be recorded. A judgement needs evidence."""

    area: FindingArea
    judgement: Value | None = None
    """Code of a judgement of the framework; left out for an observation without one."""
    statement: Narrative
    evidence: Annotated[list[EvidenceIn], Field(max_length=50)] = []


class FindingPatch(Patch):
    """What changes in a finding that is not published."""

    area: FindingArea = unsent()
    judgement: Value | None = unsent()
    statement: Narrative = unsent()
    evidence: Annotated[list[EvidenceIn], Field(max_length=50)] = unsent()


@router.page("/findings", operation="visits.read", response_model=Page[FindingView], referenced=True)
async def list_findings(
    call: Call,
    visit_id: RecordId | None = None,
    school_number: SchoolNumber | None = None,
    authority: AuthorityCode | None = None,
    area: FindingArea | None = None,
    state: FindingState | None = None,
) -> Response:
    """Lists findings of the visits that you may see."""
    async with call.read() as uow:
        query = _listed(call)
        for column, value in (
            (COLUMNS.visit_id, visit_id),
            (COLUMNS.school_number, school_number),
            (COLUMNS.authority, authority),
            (COLUMNS.area, area),
            (COLUMNS.state, state),
        ):
            query = query if value is None else query.where(column == value)
        return await call.page(uow, FindingView, query, [ascending(COLUMNS.id)])


@router.get("/findings/{id}", operation="visits.read", response_model=FindingView)
async def read_finding(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Reads one finding."""
    async with call.read() as uow:
        return call.record(FindingView, await _one(call, uow, id))


@router.post(
    "/visits/{id}/findings",
    operation="visits.write",
    response_model=FindingView,
    problems=["findings_closed"],
)
async def record_a_finding(id: RecordId, new: NewFinding, call: Call) -> Response:  # noqa: A002
    """Records a finding of a visit that took place and is not final."""

    async def do(uow: UnitOfWork) -> Row:
        visit = await _visit(call, uow, id)
        return await _shown(call, uow, await record_finding(uow, visit, new.model_dump(mode="json")))

    return await call.command(FindingView, do, location="/v1/findings/{id}")


@router.patch(
    "/findings/{id}", operation="visits.write", response_model=FindingView, problems=["findings_closed"]
)
async def change_a_finding(id: RecordId, patch: FindingPatch, call: Call) -> Response:  # noqa: A002
    """Changes a finding that is not published; a published one is amended with its visit."""

    async def load(uow: UnitOfWork) -> Row | None:
        return await _one(call, uow, id)

    async def do(uow: UnitOfWork, held: Row) -> None:
        visit = await _visit(call, uow, held["visit_id"])
        changes: dict[str, Any] = patch.changes()
        if "evidence" in changes:
            changes["evidence"] = [item.model_dump(mode="json") for item in patch.evidence]
        await change_finding(uow, visit, held, changes, call.expected_version)

    return await call.change(FindingView, load, do)


@router.post(
    "/findings/{id}/withdraw", operation="visits.write", response_model=FindingView, status=200,
    problems=["findings_closed"],
)  # fmt: skip
async def withdraw_a_finding(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Withdraws a finding that is not published."""

    async def do(uow: UnitOfWork) -> Row:
        held = await _shown(call, uow, id)
        await withdraw_finding(uow, await _visit(call, uow, held["visit_id"]), held)
        return await _shown(call, uow, id)

    return await call.command(FindingView, do, status=200)


async def _visit(call: RequestCall, uow: UnitOfWork, visit_id: str) -> Row:
    """The visit of a finding, locked: it does not become final while its findings change."""
    query = listed(call.clock.today(), None, Asking(call).stages).where(VISIT_COLUMNS.id == visit_id)
    row = await locked(uow.connection, visits, visit_id, query)
    if row is None:
        raise ProblemError("not_found")
    return row


def _listed(call: RequestCall) -> Select[Any]:
    query = showing(findings, call.valid_at, call.known_at, Asking(call).stages.visible_findings)
    return call.with_references(query, "finding", COLUMNS.id)


async def _one(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    return await first(uow.connection, _listed(call).where(COLUMNS.id == id_))


async def _shown(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    row = await _one(call, uow, id_)
    if row is None:
        raise ProblemError("not_found")
    return row


takes_references(router, "/findings/{id}", FindingView, "finding", "visits.read", _one)
