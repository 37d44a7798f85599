"""What the exchange does with events: everything goes into the change log; some facts feed the policy."""

from collections.abc import Sequence

from contracts.events.registry import (
    AdviserAllocated,
    AdviserAllocationEnded,
    AllocationFacts,
    FootprintMembershipChanged,
)
from eventing.envelope import Envelope
from eventing.reactions import Unit, hears_all, reacts_to
from exchange.storage import memberships
from exchange.storage.change_log import append_changes


@hears_all
async def keep_change(envelopes: Sequence[Envelope], unit: Unit) -> None:
    """Appends every event to the change log, in the order in which it was heard (E-01, X-01)."""
    await append_changes(unit.connection, envelopes)


@reacts_to(AdviserAllocated, AdviserAllocationEnded)
async def keep_lead_adviser(event: AllocationFacts, envelope: Envelope, unit: Unit) -> None:
    """Keeps who leads a school: an adviser's rights follow it."""
    await memberships.keep_lead_adviser(
        unit.connection, envelope.key, event.person_id, event.school_number, event.valid_from, event.valid_to
    )


@reacts_to(FootprintMembershipChanged)
async def keep_footprint_member(event: FootprintMembershipChanged, envelope: Envelope, unit: Unit) -> None:
    """Keeps which authorities a consortium has: its officers' rights follow it."""
    if event.authority is not None:
        await memberships.keep_footprint_member(
            unit.connection, envelope.key, event.footprint, event.authority, event.valid_from, event.valid_to
        )
