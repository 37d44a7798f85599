"""Commissions agreed support, extends and stops it: days against ceiling and capacity, under locks [D-14..16]."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from brokerage.domain.caller import Caller
from brokerage.domain.ceilings import Proposal, why_no_override
from brokerage.domain.commissions import Days
from brokerage.storage.conventions import support_types
from brokerage.storage.known import lock_school
from brokerage.storage.support_days import SchoolDays, days_of_school, overridden
from brokerage.storage.tables import commissions, offers
from brokerage.usecases.event_writes import commission_write
from brokerage.usecases.match_request import chosen_match, refuse_blocked
from brokerage.usecases.refusing import days_not_listed
from brokerage.usecases.request_support import move_request
from brokerage.usecases.reserve_capacity import release, reserve
from contracts.events.brokerage import SupportRequestCommissioned
from contracts.events.brokerage_commissions import (
    CommissionExtended,
    CommissionFacts,
    CommissionPlaced,
    CommissionStopped,
)
from contracts.identifiers import new_id
from contracts.school_year import school_year_of
from contracts.working_days import WORKING_DAYS, YearNotListedError
from service_kit.problems import Fault, ProblemError
from service_kit.reading import first, showing, values_of
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]
_DECIDED_BY_RESERVING = frozenset({"no_capacity"})


@dataclass(frozen=True, slots=True)
class Commissioning:
    """What whoever commissions adds to the offer: where the money comes from, and by what success is measured."""

    funding_stream: str
    success_measure: str


async def place_commission(uow: UnitOfWork, request: Row, caller: Caller, given: Commissioning) -> str:
    """Commissions the agreed offer of a request, reserves its days, and gives the commission's id.

    Raises 409: `match_blocked` (a conflict declared since), `ceiling_exceeded`, `needs_lead_officer`,
    `capacity_exceeded`, `working_days_unknown`.
    """
    today = uow.clock.today()
    query = showing(offers, today, None, offers.slices.c.id == request["offer_id"])
    offer = await first(uow.connection, query)
    if offer is None:
        raise ProblemError("not_found")
    chosen = await chosen_match(
        uow, request, request["matched_by"], days=offer["days"], from_day=offer["first_day"]
    )
    refuse_blocked(chosen, but=_DECIDED_BY_RESERVING)
    counts = support_types()[offer["support_type"]].counts_towards_ceiling
    held = await _within_ceiling(uow, request, offer, caller, offer["days"], counts=counts)
    id_ = new_id()
    capacity_id = await reserve(uow, offer, offer["days"], id_)
    values = {
        **_from_offer(offer, request),
        "capacity_id": capacity_id,
        "funding_stream": given.funding_stream,
        "success_measure": given.success_measure,
        "counts_towards_ceiling": counts,
        "ceiling_days": held.ledger.ceiling,
        "commissioned_on": today,
        "lead_working_days": _lead_time(request["requested_on"], today),
        "placed_by": caller.who,
    }
    write = commission_write(id_, CommissionPlaced, values, changed=("success_measure",), create=True)
    await uow.write(commissions, [write])
    await move_request(uow, request, SupportRequestCommissioned, state="commissioned", commission_id=id_)
    return id_


async def extend(
    uow: UnitOfWork, row: Row, request: Row, caller: Caller, days: int, last_day: date, cost_pence: int
) -> None:
    """Adds days, cost or a later end to a commission; its days are checked as if it were commissioned anew."""
    if last_day < row["last_day"]:
        raise ProblemError("validation_failed", errors=[Fault("/last_day", "earlier_than_before")])
    if school_year_of(last_day) != row["school_year"]:
        raise ProblemError("validation_failed", errors=[Fault("/last_day", "crosses_school_years")])
    counts = row["counts_towards_ceiling"]
    held = await _within_ceiling(uow, request, row, caller, days, counts=counts)
    # Also without further days: the later end must lie in the period whose days are reserved.
    await reserve(uow, row, days, row["id"], last_day)
    after = _days(row).extended(days)
    await move_commission(
        uow, row, CommissionExtended, days=after.committed, last_day=last_day,
        cost_pence=row["cost_pence"] + cost_pence, ceiling_days=held.ledger.ceiling,
    )  # fmt: skip


async def stop(uow: UnitOfWork, row: Row, reason: str) -> None:
    """Ends a commission before its time; unused days are free again."""
    await end(uow, row, CommissionStopped, state="stopped", reason=reason)


async def end(uow: UnitOfWork, row: Row, kind: type[CommissionFacts], **changed: Any) -> None:
    """Ends delivery: releases what was not used, for the provider and for the school's ceiling."""
    days = _days(row)
    await release(uow, row["capacity_id"], days.unused, row["id"])
    after = days.without_unused()
    await move_commission(uow, row, kind, days=after.committed, days_released=after.released, **changed)


async def move_commission(uow: UnitOfWork, row: Row, kind: type[CommissionFacts], **changed: Any) -> None:
    """Changes values of a commission and tells it as `kind`. A reason is that of this step alone."""
    values = values_of(commissions, row, **{"reason": None, **changed})
    names = tuple(n for n in changed if n not in ("state", "reason") and row[n] != values[n])
    await uow.write(commissions, [commission_write(row["id"], kind, values, changed=names)])


def _days(row: Row) -> Days:
    return Days(row["days"], row["days_used"], row["days_released"])


def _from_offer(offer: Row, request: Row) -> dict[str, Any]:
    carried = (
        "school_number", "authority", "provider_id", "provider_school", "provider_authority", "provider_person",
        "request_id", "menu_item_id", "support_type", "days", "cost_pence", "first_day", "last_day",
    )  # fmt: skip
    return (
        dict.fromkeys(commissions.own)
        | {name: offer[name] for name in carried}
        | {
            "offer_id": offer["id"],
            "finding_id": request["finding_id"],
            "specialism": request["specialism"],
            "requested_on": request["requested_on"],
            "school_year": school_year_of(offer["first_day"]),
            "days_used": 0,
            "days_released": 0,
            "state": "commissioned",
        }
    )


def _lead_time(requested_on: date, commissioned_on: date) -> int:
    try:
        return WORKING_DAYS.between(requested_on, commissioned_on)
    except YearNotListedError as error:
        raise days_not_listed(error) from error


async def _within_ceiling(
    uow: UnitOfWork, request: Row, terms: Row, caller: Caller, days: int, *, counts: bool
) -> SchoolDays:
    """The school's ledger, held for this transaction, into which the days fit. Raises 409 where they do not."""
    await lock_school(uow.connection, request["school_number"])
    year = school_year_of(terms["first_day"])
    held = await days_of_school(uow.connection, request["school_number"], year, uow.clock.today())
    if held.ledger.ceiling is None:
        await _refuse_without_lead_officer(uow, request, terms, caller)
    elif counts and (beyond := held.ledger.exceeded_by(days)):
        raise ProblemError(
            "ceiling_exceeded",
            {"days": days, "room": held.ledger.room or 0, "ceiling": held.ledger.ceiling},
            extra={"exceeded_by": beyond, "committed_days": held.ledger.committed},
        )
    return held


async def _refuse_without_lead_officer(uow: UnitOfWork, request: Row, terms: Row, caller: Caller) -> None:
    """No category: no ceiling, each commission needs the authority's lead officer [flows 2]."""
    proposal = proposal_of(request, terms)
    if "commissions.override" in caller.may and why_no_override(caller, proposal) is None:
        return
    if not await overridden(uow.connection, request["offer_id"]):
        raise ProblemError("needs_lead_officer", {"school": request["school_number"]})


def proposal_of(request: Row, terms: Row) -> Proposal:
    """Who had to do with an offer or commission, and who provides."""
    names = ("requested_by", "triaged_by", "matched_by")
    found = [*(request[name] for name in names), terms.get("made_by")]
    proposers: frozenset[str] = frozenset(who for who in found if who is not None)
    return Proposal(proposers, terms["provider_person"], terms["provider_school"])
