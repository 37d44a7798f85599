"""The state machines of the domain on the contract of `allowed_transitions`: one function decides both."""

from collections.abc import Mapping
from typing import Any

from service_kit.transitions import WhyNot, asked, machine_of
from visits.domain import actions, categories, visits
from visits.domain.actions import ACTION_STEPS, ActionNow
from visits.domain.caller import Caller
from visits.domain.categories import CATEGORY_STEPS
from visits.domain.schemes import Scheme
from visits.domain.visits import VISIT_STEPS, VisitNow

Row = Mapping[str, Any]


VISIT = machine_of(VISIT_STEPS)
ACTION = machine_of(ACTION_STEPS)
CATEGORY = machine_of(CATEGORY_STEPS)


def visit_why_not(row: Row, caller: Caller, *, school_closed: bool) -> WhyNot:
    """What bars the steps of a visit for a caller."""
    unanswered = sum(1 for correction in row["corrections"] if correction["answer"] is None)
    now = VisitNow(row["author"], school_closed, unanswered)
    return asked(VISIT_STEPS, row["state"], lambda step: visits.why_not(step, now, caller))


def action_why_not(row: Row, caller: Caller) -> WhyNot:
    """What bars the steps of an action for a caller."""
    now = ActionNow(row["owner_body"], row["owner_id"], row["claimed_by"])
    return asked(ACTION_STEPS, row["state"], lambda step: actions.why_not(step, now, caller))


def category_why_not(row: Row, scheme: Scheme, caller: Caller) -> WhyNot:
    """What bars the steps of a category for a caller."""
    state = row["state"]
    return asked(CATEGORY_STEPS, state, lambda step: categories.why_not(step, state, scheme, caller))
