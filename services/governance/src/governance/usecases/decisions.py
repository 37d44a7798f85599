"""Executive decisions: published, called in by scrutiny, in effect, implemented [flows 2; domain 6.1.9]."""

from dataclasses import dataclass
from typing import Any

from contracts.events import governance_decisions as events
from contracts.identifiers import new_id
from contracts.working_days import WORKING_DAYS, YearNotListedError
from governance.domain.decisions import call_in_ends
from governance.storage.tables import decisions
from governance.usecases.writes import move, write_of
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row
from service_kit.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision to publish, in both languages."""

    text_en: str
    text_cy: str
    key_decision: bool
    subject_to_call_in: bool
    scrutiny_body: str | None


async def publish(uow: UnitOfWork, resolution: Row, body: Row, scrutiny: Row | None, new: NewDecision) -> str:
    """Publishes what a cabinet resolved.

    Raises 409 `not_a_decision` for what was not carried or not by a cabinet; 422 where it may be called in and no
    scrutiny committee of the authority is named.
    """
    if body["body_type"] != "cabinet" or resolution["state"] != "carried" or resolution["kind"] == "noted":
        raise ProblemError("not_a_decision")
    callable_ = new.subject_to_call_in and body["call_in_days"] > 0
    if callable_ and (
        scrutiny is None
        or scrutiny["body_type"] != "scrutiny_committee"
        or scrutiny["authority"] != body["authority"]
    ):
        raise ProblemError("validation_failed", errors=[Fault("/scrutiny_body", "not_its_scrutiny")])
    today = uow.clock.today()
    values = dict.fromkeys(decisions.own) | {
        **{name: resolution[name] for name in ("body_id", "municipal_year", "number", "decided_on")},
        **{name: resolution[name] for name in ("authority", "about_kind", "about_id")},
        "scrutiny_body": new.scrutiny_body,
        "resolution_id": resolution["id"],
        "state": "published",
        "text_en": new.text_en,
        "text_cy": new.text_cy,
        "key_decision": new.key_decision,
        "subject_to_call_in": callable_,
        "published_on": today,
    }
    if callable_:
        try:
            values["call_in_ends"] = call_in_ends(today, body["call_in_days"], WORKING_DAYS)
        except YearNotListedError as error:
            raise ProblemError("working_days_unknown", {"year": error.year}) from error
    id_ = new_id()
    await uow.write(decisions, [write_of(decisions, events.DecisionPublished, id_, values, create=True)])
    return id_


async def call_in(uow: UnitOfWork, row: Row, reason: str) -> None:
    """Scrutiny calls it in: it waits."""
    await move(uow, decisions, events.DecisionCalledIn, row, state="called_in", reason=reason)


async def end_call_in(uow: UnitOfWork, row: Row, state: str, reason: str) -> None:
    """What scrutiny made of it: upheld, referred back with reasons, or put before the council."""
    kinds: dict[str, type[events.DecisionFacts]] = {
        "upheld": events.DecisionUpheld,
        "referred_back": events.DecisionReferredBack,
        "to_council": events.DecisionSentToCouncil,
    }
    new: dict[str, Any] = {"effective_on": uow.clock.today()} if state == "upheld" else {}
    await move(uow, decisions, kinds[state], row, state=state, reason=reason, **new)


async def implement(uow: UnitOfWork, row: Row) -> None:
    """It was carried out."""
    await move(
        uow, decisions, events.DecisionImplemented, row, state="implemented", implemented_on=uow.clock.today()
    )
