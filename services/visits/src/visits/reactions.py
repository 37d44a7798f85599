"""What visits does with events of the registry: it keeps what its own rules and rights turn on."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import Range

from contracts.event import EVENTS, Event
from contracts.events.registry import (
    AdviserAllocated,
    AdviserAllocationEnded,
    AllocationFacts,
    CalendarPublished,
    FootprintMembershipChanged,
    RegimeAdopted,
    RoleAssigned,
    RoleEnded,
    RoleFacts,
    SchoolFacts,
)
from eventing.envelope import Envelope
from eventing.reactions import Unit, WaitFor, reacts_to
from visits.storage import known, memberships

_OF_SCHOOLS = tuple(cls for cls in EVENTS.values() if issubclass(cls, SchoolFacts))
"""Registered, changed, opened, closed, amalgamated: each carries all public facts as of the event."""


@reacts_to(*_OF_SCHOOLS)
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
    return await _keep_post(event, envelope, unit, "adviser", event.person_id)


@reacts_to(RoleAssigned, RoleEnded)
async def keep_post_at_school(event: RoleFacts, envelope: Envelope, unit: Unit) -> WaitFor | None:
    """Keeps who is head or chair of governors of a school; it waits for the school as an allocation does."""
    if event.school is None or event.role not in memberships.ROLE_OF_POST:
        return None
    return await _keep_post(event, envelope, unit, event.role, event.person_id)


async def _keep_post(
    event: Event, envelope: Envelope, unit: Unit, post: str, person_id: str
) -> WaitFor | None:
    if event.school is None or event.school not in await known.schools_of(unit.connection, [event.school]):
        return WaitFor(event.school or envelope.key)
    days = Range(event.valid_from, event.valid_to)
    await memberships.keep_post(unit.connection, envelope.key, post, person_id, event.school, days)
    return None


@reacts_to(FootprintMembershipChanged)
async def keep_footprint_member(event: FootprintMembershipChanged, envelope: Envelope, unit: Unit) -> None:
    """Keeps which authorities a consortium has: its officers' rights follow it."""
    if event.authority is not None:
        await memberships.keep_footprint_member(
            unit.connection, envelope.key, event.footprint, event.authority, event.valid_from, event.valid_to
        )
