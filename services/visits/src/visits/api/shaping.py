"""From rows to what the views want: each record with the steps that this caller may take."""

from typing import Any

from contracts.text import Language
from service_kit.call import RequestCall
from service_kit.reading import Row, first
from service_kit.transitions import allowed
from service_kit.unit_of_work import UnitOfWork
from visits.api.asking import Asking
from visits.storage.conventions import schemes
from visits.storage.visits import COLUMNS, listed
from visits.usecases.machines import (
    ACTION,
    CATEGORY,
    VISIT,
    action_why_not,
    category_why_not,
    visit_why_not,
)


def closed_when_planned(row: Row) -> bool:
    """Whether the school of a visit is closed on the day for which it is planned."""
    closed_from = row["closed_from"]
    return row["school_status"] == "closed" and (closed_from is None or closed_from <= row["planned_for"])


def shaped_visit(asking: Asking, row: Row, language: Language) -> Row:
    """A visit with its steps."""
    why_not = visit_why_not(row, asking.about(row), school_closed=closed_when_planned(row))
    return {**row, "allowed_transitions": _dumped(allowed(VISIT, row["state"], why_not, language))}


def shaped_action(asking: Asking, row: Row, language: Language) -> Row:
    """An action with its steps."""
    why_not = action_why_not(row, asking.about(row))
    return {**row, "allowed_transitions": _dumped(allowed(ACTION, row["state"], why_not, language))}


def shaped_category(asking: Asking, row: Row, language: Language) -> Row:
    """A category with its steps."""
    why_not = category_why_not(row, schemes()[row["scheme"]], asking.about(row))
    return {**row, "allowed_transitions": _dumped(allowed(CATEGORY, row["state"], why_not, language))}


def _dumped(steps: list[Any]) -> list[dict[str, Any]]:
    return [step.model_dump() for step in steps]


async def one_visit(call: RequestCall, uow: UnitOfWork, id_: str) -> Row | None:
    """One visit as the caller may see it; None where it may not."""
    asking = Asking(call)
    query = listed(call.valid_at, call.known_at, asking.stages).where(COLUMNS.id == id_)
    row = await first(uow.connection, call.with_references(query, "visit", COLUMNS.id))
    return None if row is None else shaped_visit(asking, row, call.language)
