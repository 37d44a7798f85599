"""From a shared draft to the final report: the school's reply, answers to its corrections, final, amended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.events.visits import (
    FindingPublished,
    VisitAmended,
    VisitCorrectionAnswered,
    VisitFinalised,
    VisitReplyReceived,
)
from service_kit.problems import Fault, ProblemError
from service_kit.reading import values_of
from service_kit.unit_of_work import UnitOfWork
from visits.storage.findings import findings_of
from visits.storage.tables import findings
from visits.usecases.record_finding import ChangedFinding, finding_write, refuse_objections
from visits.usecases.visit_writes import move

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SchoolsReply:
    """What the school says to the draft. A dispute is annexed to the report: the head's right of reply [5.3.4]."""

    text: str | None
    corrections: Sequence[str]
    dispute: str | None


async def reply(uow: UnitOfWork, row: Row, given: SchoolsReply) -> None:
    """Takes the school's reply to a draft."""
    corrections = [{"text": text, "answer": None, "accepted": None} for text in given.corrections]
    await move(
        uow, row, VisitReplyReceived, state="replied", replied_on=uow.clock.today(), reply=given.text,
        corrections=corrections, dispute=given.dispute,
    )  # fmt: skip


async def answer(uow: UnitOfWork, row: Row, position: int, accepted: bool, text: str) -> None:
    """Answers one correction, counted from 1. Raises 422 for one that the school did not ask for."""
    corrections = list(row["corrections"])
    if position > len(corrections):
        raise ProblemError(
            "validation_failed",
            errors=[Fault("/position", "no_such_correction", {"count": len(corrections)})],
        )
    corrections[position - 1] = {**corrections[position - 1], "answer": text, "accepted": accepted}
    await move(uow, row, VisitCorrectionAnswered, corrections=corrections)


async def finalise(uow: UnitOfWork, row: Row) -> None:
    """Makes the report final and publishes its findings, in one transaction."""
    today = uow.clock.today()
    await move(
        uow, row, VisitFinalised, state="final", final_on=today, final_in_time=today <= row["final_due"]
    )
    recorded = await findings_of(uow.connection, row["id"], "recorded")
    writes = [
        finding_write(
            held["id"], FindingPublished, values_of(findings, held, state="published", published_on=today)
        )
        for held in recorded
    ]
    await uow.write(findings, writes)


async def amend(
    uow: UnitOfWork, row: Row, summary: str | None, reason: str, amended: Sequence[ChangedFinding]
) -> None:
    """Amends a final report as a new version; the earlier one stays readable (D-08).

    Findings are amended with it and published again. Raises 422 for a finding that is not of this visit.
    """
    published = {held["id"]: held for held in await findings_of(uow.connection, row["id"], "published")}
    unknown = [
        Fault(f"/findings/{at}/finding_id", "no_such_finding")
        for at, change in enumerate(amended)
        if change.finding_id not in published
    ]
    if unknown:
        raise ProblemError("validation_failed", errors=unknown)
    writes = []
    for at, change in enumerate(amended):
        held = published[change.finding_id]
        values = values_of(findings, held, **change.values)
        refuse_objections(values, uow.clock.today(), f"/findings/{at}")
        changed = tuple(name for name in change.values if held[name] != values[name])
        writes.append(finding_write(held["id"], FindingPublished, values, changed=changed))
    await move(uow, row, VisitAmended, state="amended", summary=summary or row["summary"], reason=reason)
    await uow.write(findings, writes)
