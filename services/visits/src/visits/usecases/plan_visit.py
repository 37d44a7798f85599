"""Plans a visit: a type of the regime's cycle, to a school that is open on the day."""

from dataclasses import dataclass
from datetime import date

from contracts.events.visits import VisitPlanned
from contracts.identifiers import new_id
from contracts.school_year import school_year_of
from service_kit.known_schools import KnownSchool
from service_kit.problems import Fault, ProblemError
from service_kit.unit_of_work import UnitOfWork
from visits.domain.visit_types import IN_SCOPE
from visits.storage.tables import visits
from visits.usecases.refusing import cycle_on, refuse_closed
from visits.usecases.visit_writes import visit_write


@dataclass(frozen=True, slots=True)
class WantedVisit:
    """What is planned: the type, the day, who visits, and why."""

    visit_type: str
    planned_for: date
    adviser_id: str | None
    purpose: str | None


async def plan_visit(uow: UnitOfWork, school: KnownSchool, wanted: WantedVisit) -> str:
    """Plans a visit and gives its id.

    Raises 409 for a closed school, one that is not in scope, or an authority without a regime; 422 for a type that
    its regime does not have, or without a person who visits.
    """
    refuse_closed(school, wanted.planned_for)
    if school.sector not in IN_SCOPE:
        raise ProblemError("school_not_in_scope", {"school": school.number})
    cycle = await cycle_on(uow, school.authority, wanted.planned_for)
    entry = cycle.cycle.get(wanted.visit_type)
    faults = []
    if entry is None:
        faults.append(Fault("/visit_type", "not_in_list", {"expected": ", ".join(cycle.cycle)}))
    if wanted.adviser_id is None:
        faults.append(Fault("/adviser_id", "missing"))
    if entry is None or wanted.adviser_id is None:
        raise ProblemError("validation_failed", errors=faults)
    values = dict.fromkeys(visits.own) | {
        "school_number": school.number,
        "authority": school.authority,
        "visit_type": wanted.visit_type,
        "component": entry.visit_type.component,
        "regime": cycle.regime,
        "school_year": school_year_of(wanted.planned_for),
        "state": "planned",
        "adviser_id": wanted.adviser_id,
        "planned_for": wanted.planned_for,
        "purpose": wanted.purpose,
        "met": [],
        "corrections": [],
    }
    id_ = new_id()
    await uow.write(visits, [visit_write(id_, VisitPlanned, values, create=True)])
    return id_
