"""Proposes an action after a visit: it has an owner, a due date and a success criterion (D-09)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from contracts.events.visits import ActionFacts, ActionProposed
from contracts.identifiers import new_id
from service_kit.known_schools import KnownSchool
from service_kit.problems import Fault, ProblemError
from service_kit.reading import first, showing
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork
from visits.domain.visits import SEEN_BY_SCHOOL
from visits.storage.tables import actions, findings, visits

_CARRIED = (
    "authority", "owner_body", "owner_id", "visit_id", "finding_id", "state", "due_date", "proposed_on", "agreed_on",
    "claimed_on", "verified_on", "overdue_since",
)  # fmt: skip


def action_write(
    id_: str,
    kind: type[ActionFacts],
    values: Mapping[str, Any],
    *,
    changed: tuple[str, ...] = (),
    previous_due_date: date | None = None,
    create: bool = False,
) -> Write:
    """The write of one action with its event, which carries neither description nor criterion."""
    event = kind(
        action_id=id_,
        school=values["school_number"],
        changed=changed,
        previous_due_date=previous_due_date,
        **{name: values[name] for name in _CARRIED},
    )
    return Write(
        id=id_,
        subject=f"/actions/{id_}",
        values=values,
        event=event,
        create=create,
        reason=values["reason"],
    )


async def propose_action(uow: UnitOfWork, school: KnownSchool, given: Mapping[str, Any]) -> str:
    """Proposes an action and gives its id.

    `given`: visit_id, finding_id, owner_body, owner_id, description, success_criterion, due_date. Raises 422 for a due
    date that has passed, and for a visit or finding that is not of this school or that the school has not seen.
    """
    today = uow.clock.today()
    faults = await _faults(uow, school, given, today)
    if faults:
        raise ProblemError("validation_failed", errors=faults)
    values = dict.fromkeys(actions.own) | {
        **given,
        "school_number": school.number,
        "authority": school.authority,
        "state": "proposed",
        "proposed_on": today,
    }
    id_ = new_id()
    await uow.write(actions, [action_write(id_, ActionProposed, values, create=True)])
    return id_


async def _faults(uow: UnitOfWork, school: KnownSchool, given: Mapping[str, Any], today: date) -> list[Fault]:
    faults = []
    if given["due_date"] < today:
        faults.append(Fault("/due_date", "day_has_passed"))
    if given["visit_id"] is not None:
        held = await first(
            uow.connection, showing(visits, today, None, visits.slices.c.id == given["visit_id"])
        )
        if held is None or held["school_number"] != school.number or held["state"] not in SEEN_BY_SCHOOL:
            faults.append(Fault("/visit_id", "no_such_shared_visit"))
    if given["finding_id"] is not None:
        held = await first(
            uow.connection, showing(findings, today, None, findings.slices.c.id == given["finding_id"])
        )
        if held is None or held["school_number"] != school.number or held["state"] != "published":
            faults.append(Fault("/finding_id", "no_such_published_finding"))
    return faults
