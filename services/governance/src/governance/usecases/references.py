"""A recommendation referred to another body and tracked to its outcome [S0-20 to S0-24; domain 6.1.10]."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.events import governance_decisions as events
from contracts.identifiers import new_id
from governance.domain.meetings import meets_on
from governance.domain.references import REFERENCE_STEPS
from governance.storage.tables import references
from governance.usecases.agenda import NewItem, add_item
from governance.usecases.writes import move, write_of
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row
from service_kit.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewReference:
    """Where a recommendation is to go, to the meeting of which day, why, and with what."""

    to_body: str
    due_on: date
    reason: str
    appendices: tuple[Mapping[str, Any], ...]
    referred_from: str | None


async def make(uow: UnitOfWork, resolution: Row, new: NewReference) -> str:
    """Refers a carried recommendation to a meeting of another body.

    Raises 409 `not_a_recommendation` for any other resolution; 422 for a meeting before the referral or its own body.
    """
    if resolution["kind"] != "recommended" or resolution["state"] != "carried":
        raise ProblemError("not_a_recommendation")
    faults = []
    if new.due_on <= resolution["decided_on"]:
        faults.append(Fault("/due_on", "meeting_before_referral"))
    if new.to_body == resolution["body_id"]:
        faults.append(Fault("/to_body", "own_body"))
    if faults:
        raise ProblemError("validation_failed", errors=faults)
    exempt = resolution["data_class"] == "confidential"
    values = dict.fromkeys(references.own) | {
        **{name: resolution[name] for name in ("authority", "municipal_year", "number")},
        "from_body": resolution["body_id"],
        "to_body": new.to_body,
        "resolution_id": resolution["id"],
        "made_on": uow.clock.today(),
        "due_on": new.due_on,
        "state": "made",
        # What was recommended on an exempt item is read under that body's own rights only.
        "minute_en": None if exempt else resolution["text_en"],
        "minute_cy": None if exempt else resolution["text_cy"],
        "reason": new.reason,
        "appendices": [{"id": new_id(), **appendix} for appendix in new.appendices],
        "referred_from": new.referred_from,
    }
    id_ = new_id()
    await uow.write(references, [write_of(references, events.ReferenceMade, id_, values, create=True)])
    return id_


async def receive(uow: UnitOfWork, row: Row) -> None:
    """The other body's clerk takes it."""
    await move(uow, references, events.ReferenceReceived, row, state="received")


async def put_on_agenda(
    uow: UnitOfWork,
    row: Row,
    meeting: Row,
    *,
    exempt: tuple[int, str | None] | None,
    urgency_reason: str | None,
) -> None:
    """Makes it an agenda item that quotes the minute, with its appendices as papers (S0-22, S0-23)."""
    if meeting["body_id"] != row["to_body"]:
        raise ProblemError("validation_failed", errors=[Fault("/meeting_id", "meeting_of_other_body")])
    if row["minute_en"] is None and exempt is None:
        raise ProblemError("validation_failed", errors=[Fault("/exempt_paragraph", "missing")])
    quoted = None
    if row["minute_en"] is not None:
        head = f"({row['number']}, {row['municipal_year']})"
        quoted = f"{head} {row['minute_en']}\n\n{head} {row['minute_cy']}\n\n{row['reason']}"
    item = NewItem(
        matter="reference",
        title_en="Reference from another body",
        title_cy="Atgyfeiriad gan gorff arall",
        urgency_reason=urgency_reason,
        exempt_paragraph=exempt[0] if exempt else None,
        exclusion_resolution=exempt[1] if exempt else None,
        reference_id=row["id"],
        quoted_minute=quoted,
        papers=tuple(row["appendices"]),
    )
    item_id = await add_item(uow, meeting, item)
    await move(
        uow, references, events.ReferenceListed, row,
        state="listed", meeting_id=meeting["id"], agenda_item_id=item_id,
    )  # fmt: skip


async def consider(uow: UnitOfWork, row: Row, meeting: Row) -> None:
    """The meeting on whose agenda it is considered it. Raises 409 before it was opened."""
    if meeting["opened_at"] is None:
        raise ProblemError("meeting_not_in_session")
    await move(
        uow, references, events.ReferenceConsidered, row,
        state="considered", considered_on=meets_on(meeting["starts_at"]), overdue_since=None,
    )  # fmt: skip


async def record_outcome(
    uow: UnitOfWork, row: Row, outcome: str, resolution: Row | None, note: str | None, due_on: date | None
) -> None:
    """What the other body made of it, by one of its resolutions. A deferred one has another day.

    Raises 422 where the resolution is not a decided one of that body and item, or a deferral names no later day.
    """
    if resolution is not None and (
        resolution["body_id"] != row["to_body"]
        or resolution["number"] is None
        or resolution["agenda_item_id"] != row["agenda_item_id"]
    ):
        raise ProblemError("validation_failed", errors=[Fault("/resolution_id", "not_its_resolution")])
    if outcome == "deferred" and (due_on is None or due_on <= row["due_on"]):
        raise ProblemError("validation_failed", errors=[Fault("/due_on", "meeting_before_referral")])
    if outcome not in REFERENCE_STEPS:
        raise ValueError(outcome)
    kind = events.ReferenceReferredOn if outcome == "referred_on" else events.ReferenceOutcomeRecorded
    await move(
        uow, references, kind, row, state=outcome, outcome=outcome, outcome_note=note,
        outcome_resolution_id=None if resolution is None else resolution["id"],
        due_on=due_on if outcome == "deferred" and due_on is not None else row["due_on"],
    )  # fmt: skip


async def report(uow: UnitOfWork, row: Row) -> None:
    """The outcome is reported to the body that made it."""
    await move(uow, references, events.ReferenceOutcomeRecorded, row, state="outcome_reported")


async def close(uow: UnitOfWork, row: Row) -> None:
    """The body that made it has taken note of the outcome."""
    await move(uow, references, events.ReferenceClosed, row, state="closed")
