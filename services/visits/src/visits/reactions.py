"""What visits does with events of the registry: it keeps what its own rules and rights turn on."""

from collections.abc import Sequence

from contracts.events.registry import (
    AdviserAllocated,
    AdviserAllocationEnded,
    AllocationFacts,
    CalendarPublished,
    FootprintMembershipChanged,
    RegimeAdopted,
    SchoolDetailsChanged,
    SchoolFacts,
    SchoolRegistered,
)
from eventing.envelope import Envelope
from eventing.reactions import Unit, WaitFor, reacts_to
from visits.storage import known, memberships


@reacts_to(SchoolRegistered, SchoolDetailsChanged)
async def keep_school(event: SchoolFacts, envelope: Envelope, unit: Unit) -> None:
    """Keeps a school's public identity and whether it is closed."""
    values = {
        "number": event.school_number,
        "of_authority": event.authority or event.school_number[:3],
        "name": event.name,
        "status": event.status,
        "sector": event.sector,
        "language_category": event.language_category,
        "closed_from": event.valid_from if event.status == "closed" else None,
    }
    await known.keep_school(unit.connection, envelope.version, values)


@reacts_to(RegimeAdopted)
async def keep_regime(event: RegimeAdopted, envelope: Envelope, unit: Unit) -> None:
    """Keeps under which regime an authority works: visit types and cycle hang off it."""
    if event.authority is not None and event.valid_from is not None:
        await known.keep_regime(
            unit.connection, event.authority, event.regime_code, event.valid_from, event.valid_to
        )


@reacts_to(CalendarPublished)
async def keep_calendar(event: CalendarPublished, envelope: Envelope, unit: Unit) -> None:
    """Keeps an authority's half-term periods: monitoring falls due by them."""
    if event.authority is not None:
        periods: Sequence[dict[str, object]] = [period.model_dump() for period in event.periods]
        await known.keep_calendar(unit.connection, event.authority, event.school_year, periods)


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
