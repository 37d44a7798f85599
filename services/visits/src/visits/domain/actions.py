"""An action's states and what bars a step between them [flows 2; D-09]."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from contracts.steps import NOT_PERMITTED, Barred, Step, Steps, step
from contracts.text import Text
from visits.domain.caller import Caller

_AGREE = step("agree", "agreed", "actions.own", "Agree to it", "Cytuno iddo")
_START = step("start", "in_progress", "actions.own", "Begin", "Dechrau")
_CLAIM = step(
    "claim", "claimed_complete", "actions.own", "Say that it is complete", "Datgan ei fod wedi'i gwblhau"
)
_VERIFY = step("verify", "verified", "actions.verify", "Verify", "Gwirio")
_REOPEN = step("reopen", "in_progress", "actions.verify", "Reopen", "Ailagor")
_CANCEL = step("cancel", "cancelled", "actions.write", "Cancel", "Canslo")


def _change(state: str) -> Step:
    return step("change_due_date", state, "actions.write", "Change the due date", "Newid y dyddiad cwblhau")


ACTION_STEPS: Final[Steps] = {
    "proposed": (_AGREE, _change("proposed"), _CANCEL),
    "agreed": (_START, _change("agreed"), _CANCEL),
    "in_progress": (_CLAIM, _change("in_progress"), _CANCEL),
    "claimed_complete": (_VERIFY, _REOPEN),
    "verified": (_REOPEN,),
    "cancelled": (),
}

OWNER_ROLES: Final[Mapping[str, frozenset[str]]] = {
    "school": frozenset({"head"}),
    "consortium": frozenset({"adviser", "senior_adviser", "consortium_officer"}),
    "authority": frozenset({"lead_officer", "director"}),
}
"""Which roles act for the body that owns an action (convention)."""

CAN_BE_OVERDUE: Final = frozenset({"proposed", "agreed", "in_progress"})

NOT_THE_OWNER: Final = Barred(
    "not_the_owner",
    Text(
        "Only the owner of the action takes this step.", "Dim ond perchennog y cam gweithredu all wneud hyn."
    ),
)
NOT_ONES_OWN: Final = Barred(
    "own_action_not_verified",
    Text(
        "Whoever owns an action or said that it is complete does not verify it.",
        "Nid yw perchennog y cam gweithredu, na'r sawl a ddywedodd ei fod wedi'i gwblhau, yn ei wirio.",
    ),
)


@dataclass(frozen=True, slots=True)
class ActionNow:
    """What decides a step: the body and person that own it, and who said that it is complete."""

    owner_body: str
    owner_id: str | None = None
    claimed_by: str | None = None


def why_not(asked: Step, action: ActionNow, caller: Caller) -> Barred | None:
    """Why a step that follows from the state is barred for this caller; None where it may be taken."""
    if asked.operation not in caller.may:
        return NOT_PERMITTED
    if asked.operation == "actions.own" and not _owns(action, caller):
        return NOT_THE_OWNER
    if asked.name == "verify" and caller.who in (action.owner_id, action.claimed_by):
        return NOT_ONES_OWN
    return None


def _owns(action: ActionNow, caller: Caller) -> bool:
    return bool(OWNER_ROLES[action.owner_body] & caller.roles) and action.owner_id in (None, caller.who)


def overdue_since(state: str, due: date, told_for: date | None, today: date) -> date | None:
    """The first day on which an action is overdue, if it is and was not told for this due date; else None."""
    late = state in CAN_BE_OVERDUE and due < today and told_for != due
    return due + timedelta(days=1) if late else None
