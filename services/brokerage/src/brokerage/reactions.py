"""What brokerage does with events of the registry and of visits: it keeps what its own rules and rights turn on."""

from brokerage.storage import known, memberships
from contracts.event import EVENTS
from contracts.events.registry import (
    AdviserAllocated,
    AdviserAllocationEnded,
    AllocationFacts,
    FootprintMembershipChanged,
    SchoolFacts,
)
from contracts.events.visits import FindingPublished, VisitAmended, VisitFacts, VisitFinalised
from contracts.events.visits_categories import (
    CategoryChangedInYear,
    CategoryHeld,
    CategoryPublished,
    CategorySuperseded,
)
from eventing.envelope import Envelope
from eventing.reactions import Unit, WaitFor, reacts_to

_TELL_SCHOOLS = sorted(
    (cls for cls in EVENTS.values() if issubclass(cls, SchoolFacts)), key=lambda cls: cls.TYPE
)
"""Every event that carries a school's facts: registered, changed, opened, closed and what else the registry tells."""


@reacts_to(*_TELL_SCHOOLS)
async def keep_school(event: SchoolFacts, envelope: Envelope, unit: Unit) -> None:
    """Keeps a school's public identity and whether it is closed.

    What holds for days that end is a correction of the past; what holds from then on was told by another event.
    """
    if event.valid_to is not None:
        return
    values = {
        "number": event.school_number,
        "of_authority": event.authority or event.school_number[:3],
        "name": event.name,
        "status": event.status,
        "sector": event.sector,
        "language_category": event.language_category,
        "postcode": event.postcode,
        "closed_from": event.valid_from if event.status == "closed" else None,
    }
    await known.keep_school(unit.connection, envelope.version, values)


@reacts_to(FindingPublished)
async def keep_finding(event: FindingPublished, envelope: Envelope, unit: Unit) -> WaitFor | None:
    """Keeps a published finding. One of a school that was not announced yet waits for the school."""
    if event.school is None or event.authority is None or event.published_on is None:
        raise ValueError("a published finding names its school, its authority and its day")
    if event.school not in await known.schools_of(unit.connection, [event.school]):
        return WaitFor(event.school)
    values = {
        "finding_id": event.finding_id,
        "visit_id": event.visit_id,
        "school": event.school,
        "authority": event.authority,
        "area": event.area,
        "published_on": event.published_on,
    }
    await known.keep_finding(unit.connection, envelope.version, values)
    return None


@reacts_to(VisitFinalised, VisitAmended)
async def keep_visit(event: VisitFacts, envelope: Envelope, unit: Unit) -> None:
    """Keeps who held a visit: whoever wrote a finding has an interest in what answers it."""
    if event.school is None or event.authority is None:
        raise ValueError("a visit names its school and authority")
    values = {
        "visit_id": event.visit_id,
        "school": event.school,
        "authority": event.authority,
        "adviser_id": event.adviser_id,
    }
    await known.keep_visit(unit.connection, envelope.version, values)


@reacts_to(CategoryPublished, CategoryChangedInYear)
async def keep_category(event: CategoryHeld, envelope: Envelope, unit: Unit) -> None:
    """Keeps which category a school has from a day on, and the days of support that it allows."""
    if event.school is None:
        raise ValueError("a category names its school")
    values = {
        "category_id": event.category_id,
        "dated": event.dated,
        "number": event.school,
        "scheme": event.scheme,
        "value": event.value,
        "ceiling_days": event.ceiling_days,
        "ended": event.valid_to,
    }
    await known.keep_category(unit.connection, envelope.version, values)


@reacts_to(CategorySuperseded)
async def end_category(event: CategorySuperseded, envelope: Envelope, unit: Unit) -> None:
    """Keeps until when a category holds."""
    if event.valid_to is not None:
        await known.end_category(unit.connection, event.category_id, event.valid_to)


@reacts_to(AdviserAllocated, AdviserAllocationEnded)
async def keep_lead_adviser(event: AllocationFacts, envelope: Envelope, unit: Unit) -> WaitFor | None:
    """Keeps who leads a school. An allocation to a school that was not announced yet waits for the school."""
    if event.school_number not in await known.schools_of(unit.connection, [event.school_number]):
        return WaitFor(event.school_number)
    await memberships.keep_lead_adviser(
        unit.connection, envelope.key, event.person_id, event.school_number, event.valid_from, event.valid_to
    )
    return None


@reacts_to(FootprintMembershipChanged)
async def keep_footprint_member(event: FootprintMembershipChanged, envelope: Envelope, unit: Unit) -> None:
    """Keeps which authorities a consortium has: its officers' rights follow it."""
    if event.authority is not None:
        await memberships.keep_footprint_member(
            unit.connection, envelope.key, event.footprint, event.authority, event.valid_from, event.valid_to
        )
