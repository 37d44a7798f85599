"""From rows to what the views want: each record with the steps that this caller may take."""

from typing import Any

from sqlalchemy import Select

from brokerage.api.asking import Asking, of_both_sides
from brokerage.storage.reading import with_school
from brokerage.storage.tables import commissions, offers, support_requests
from brokerage.usecases.machines import COMMISSION, REQUEST, commission_why_not, request_why_not
from brokerage.usecases.make_offer import sides_of
from contracts.data_class import DataClass
from contracts.text import Language
from service_kit.call import RequestCall
from service_kit.policy.predicates import row_predicate
from service_kit.problems import ProblemError
from service_kit.reading import Row, first, showing
from service_kit.transitions import allowed
from service_kit.unit_of_work import UnitOfWork


def requests_listed(call: RequestCall) -> Select[Any]:
    """Requests as the caller may see them under the operation that it asks for."""
    columns = support_requests.slices.c
    covered = row_predicate(
        call.rows(DataClass.confidential), authority=columns.authority, school=columns.school_number
    )
    query = with_school(support_requests, call.valid_at, call.known_at, call.clock.today()).where(covered)
    return call.with_references(query, "support_request", columns.id)


def offers_listed(call: RequestCall) -> Select[Any]:
    """Offers of which the caller may see either side."""
    covered = of_both_sides(call.rows(DataClass.internal), offers.slices.c)
    query = showing(offers, call.valid_at, call.known_at, covered)
    return call.with_references(query, "offer", offers.slices.c.id)


def commissions_listed(call: RequestCall) -> Select[Any]:
    """Commissions of which the caller may see either side."""
    columns = commissions.slices.c
    covered = of_both_sides(call.rows(DataClass.internal), columns)
    query = with_school(commissions, call.valid_at, call.known_at, call.clock.today()).where(covered)
    return call.with_references(query, "commission", columns.id)


def shaped_request(asking: Asking, row: Row, language: Language) -> Row:
    """A request with its steps."""
    steps = allowed(REQUEST, row["state"], request_why_not(row, asking.about(row)), language)
    return {**row, "allowed_transitions": [step.model_dump() for step in steps]}


def shaped_commission(asking: Asking, row: Row, language: Language) -> Row:
    """A commission with its steps."""
    steps = allowed(COMMISSION, row["state"], commission_why_not(row, asking.about(row)), language)
    return {**row, "allowed_transitions": [step.model_dump() for step in steps]}


def shaped_offer(asking: Asking, row: Row) -> Row:
    """An offer with the sides for which the caller may still answer."""
    sides = sides_of(row, asking.about(row)) if row["state"] == "made" else frozenset()
    return {**row, "you_answer_for": sorted(side for side in sides if row[side] == "awaited")}


async def one_request(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    """One request as the caller sees it. Raises 404."""
    row = await first(uow.connection, requests_listed(call).where(support_requests.slices.c.id == id_))
    if row is None:
        raise ProblemError("not_found")
    return shaped_request(Asking(call), row, call.language)


async def one_offer(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    """One offer as the caller sees it. Raises 404."""
    row = await first(uow.connection, offers_listed(call).where(offers.slices.c.id == id_))
    if row is None:
        raise ProblemError("not_found")
    return shaped_offer(Asking(call), row)


async def one_commission(call: RequestCall, uow: UnitOfWork, id_: str) -> Row:
    """One commission as the caller sees it. Raises 404."""
    row = await first(uow.connection, commissions_listed(call).where(commissions.slices.c.id == id_))
    if row is None:
        raise ProblemError("not_found")
    return shaped_commission(Asking(call), row, call.language)
