"""The steps of a visit: each is a command, refused with the reason and the steps that are possible."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from contracts.text import Text
from service_kit.call import Call, RequestCall
from service_kit.known_schools import KnownSchool
from service_kit.models import Model
from service_kit.problems import ProblemError
from service_kit.reading import Row, locked
from service_kit.routing import Router
from service_kit.transitions import demanded
from service_kit.unit_of_work import UnitOfWork
from visits.api.asking import Asking
from visits.api.fields import EvidenceKind, FindingArea, Narrative, PersonMet, Reasoned, RecordId, Value
from visits.api.shaping import closed_when_planned, one_visit
from visits.api.visits import VisitView
from visits.storage.tables import visits
from visits.storage.visits import COLUMNS, listed
from visits.usecases import finish_visit, hold_visit
from visits.usecases.machines import VISIT, visit_why_not
from visits.usecases.record_finding import ChangedFinding
from visits.usecases.refusing import announced

router = Router("visit-steps", Text("Steps of a visit", "Camau ymweliad"))

Take = Callable[[UnitOfWork, Row, KnownSchool], Awaitable[None]]


class NewDay(Reasoned):
    """Another day for a planned visit."""

    planned_for: date


class Held(Model):
    """When a visit took place, and whom the adviser met."""

    held_on: date
    met: Annotated[list[PersonMet], Field(max_length=20)] = []


class Draft(Model):
    """The report, where it was not written before."""

    summary: Narrative | None = None


class Reply(Model):
    """What the school says to the draft."""

    reply: Narrative | None = None
    corrections: Annotated[list[Narrative], Field(max_length=50)] = []
    """Corrections of fact, each answered before the report becomes final."""
    dispute: Narrative | None = None
    """Annexed to the report in these words."""


class Answer(Model):
    """The answer to one correction."""

    position: Annotated[int, Field(ge=1, le=50)]
    """Which of the corrections, counted from 1."""
    accepted: bool
    answer: Narrative


class EvidenceIn(Model):
    """What a judgement rests on. The document itself is kept elsewhere; this says where it is found."""

    kind: EvidenceKind
    reference: Annotated[str, Field(min_length=1, max_length=200)]
    dated: date


class AmendedFinding(Model):
    """New values of a published finding; what is left out stays."""

    finding_id: RecordId
    area: FindingArea | None = None
    judgement: Value | None = None
    statement: Narrative | None = None
    evidence: Annotated[list[EvidenceIn], Field(max_length=50)] | None = None


class Amendment(Reasoned):
    """What changes in a final report, and why."""

    summary: Narrative | None = None
    findings: Annotated[list[AmendedFinding], Field(max_length=50)] = []


async def _step(call: RequestCall, id_: str, name: str, take: Take) -> Response:
    async def do(uow: UnitOfWork) -> Row:
        asking = Asking(call)
        query = listed(call.clock.today(), None, asking.stages).where(COLUMNS.id == id_)
        row = await locked(uow.connection, visits, id_, query)
        if row is None:
            raise ProblemError("not_found")
        why_not = visit_why_not(row, asking.about(row), school_closed=closed_when_planned(row))
        demanded(VISIT, row["state"], name, why_not)
        await take(uow, row, await announced(uow, row["school_number"]))
        after = await one_visit(call, uow, id_)
        if after is None:
            raise ProblemError("not_found")
        return after

    return await call.command(VisitView, do, status=200)


def _who(call: RequestCall) -> str:
    return call.principal.person_id or call.principal.subject


@router.post(
    "/visits/{id}/reschedule", operation="visits.write", response_model=VisitView, status=200,
    problems=["transition_not_allowed", "visit_to_closed_school"],
)  # fmt: skip
async def reschedule_visit(id: RecordId, new: NewDay, call: Call) -> Response:  # noqa: A002  the path's own word
    """Gives a planned visit another day."""
    return await _step(
        call,
        id,
        "reschedule",
        lambda uow, row, school: hold_visit.reschedule(uow, row, school, new.planned_for, new.reason),
    )


@router.post(
    "/visits/{id}/cancel", operation="visits.write", response_model=VisitView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def cancel_visit(id: RecordId, why: Reasoned, call: Call) -> Response:  # noqa: A002  the path's own word
    """Cancels a planned visit."""
    return await _step(call, id, "cancel", lambda uow, row, _: hold_visit.cancel(uow, row, why.reason))


@router.post(
    "/visits/{id}/hold", operation="visits.write", response_model=VisitView, status=200,
    problems=["transition_not_allowed", "visit_to_closed_school", "working_days_unknown"],
)  # fmt: skip
async def hold_a_visit(id: RecordId, held: Held, call: Call) -> Response:  # noqa: A002  the path's own word
    """Records that a visit took place; the draft and the final report are due from that day on."""
    return await _step(
        call,
        id,
        "hold",
        lambda uow, row, school: hold_visit.hold(uow, row, school, held.held_on, held.met),
    )


@router.post(
    "/visits/{id}/draft", operation="visits.write", response_model=VisitView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def complete_draft(id: RecordId, given: Draft, call: Call) -> Response:  # noqa: A002  the path's own word
    """Completes the draft of the report."""
    return await _step(
        call, id, "draft", lambda uow, row, _: hold_visit.draft(uow, row, _who(call), given.summary)
    )


@router.post(
    "/visits/{id}/assure", operation="visits.assure", response_model=VisitView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def assure_quality(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Assures the quality of a draft that somebody else wrote."""
    return await _step(call, id, "assure", lambda uow, row, _: hold_visit.assure(uow, row, _who(call)))


@router.post(
    "/visits/{id}/share", operation="visits.write", response_model=VisitView, status=200,
    problems=["transition_not_allowed", "working_days_unknown"],
)  # fmt: skip
async def share_draft(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Shows the assured draft to the school; its silence lapses after the days of the regime."""
    return await _step(call, id, "share", lambda uow, row, _: hold_visit.share(uow, row))


@router.post(
    "/visits/{id}/reply", operation="visits.reply", response_model=VisitView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def reply_to_draft(id: RecordId, given: Reply, call: Call) -> Response:  # noqa: A002  the path's own word
    """Takes the school's reply: agreement, corrections, or a dispute that is annexed."""
    said = finish_visit.SchoolsReply(given.reply, given.corrections, given.dispute)
    return await _step(call, id, "reply", lambda uow, row, _: finish_visit.reply(uow, row, said))


@router.post(
    "/visits/{id}/answer", operation="visits.write", response_model=VisitView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def answer_correction(id: RecordId, given: Answer, call: Call) -> Response:  # noqa: A002  the path's own word
    """Answers one of the corrections that the school asked for."""
    return await _step(
        call,
        id,
        "answer",
        lambda uow, row, _: finish_visit.answer(uow, row, given.position, given.accepted, given.answer),
    )


@router.post(
    "/visits/{id}/finalise", operation="visits.write", response_model=VisitView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def finalise_visit(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Makes the report final and publishes its findings."""
    return await _step(call, id, "finalise", lambda uow, row, _: finish_visit.finalise(uow, row))


@router.post(
    "/visits/{id}/amend", operation="visits.write", response_model=VisitView, status=200,
    problems=["transition_not_allowed"],
)  # fmt: skip
async def amend_visit(id: RecordId, given: Amendment, call: Call) -> Response:  # noqa: A002  the path's own word
    """Amends a final report as a new version; the earlier one stays readable."""
    amended = [
        ChangedFinding(
            finding.finding_id,
            finding.model_dump(mode="json", exclude={"finding_id"}, exclude_none=True),
        )
        for finding in given.findings
    ]
    return await _step(
        call,
        id,
        "amend",
        lambda uow, row, _: finish_visit.amend(uow, row, given.summary, given.reason, amended),
    )
