"""What governance does with events of the registry: it keeps which schools there are, for their governing bodies."""

from contracts.events.registry import SchoolDetailsChanged, SchoolFacts, SchoolRegistered
from eventing.envelope import Envelope
from eventing.reactions import Unit, reacts_to
from governance.storage.known import keep_school


@reacts_to(SchoolRegistered, SchoolDetailsChanged)
async def keep_known_school(event: SchoolFacts, envelope: Envelope, unit: Unit) -> None:
    """Keeps a school's authority and whether it is open."""
    authority = event.authority or event.school_number[:3]
    await keep_school(unit.connection, envelope.version, event.school_number, authority, event.status)
