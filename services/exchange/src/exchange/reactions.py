"""What the exchange does with events: everything goes into the change log; some feed the chain and the policy."""

from collections.abc import Sequence

from contracts.events.governance import MemberAppointed, MemberEnded, MemberFacts
from eventing.envelope import Envelope
from eventing.reactions import Unit, hears_all, reacts_to
from exchange.storage.body_seats import keep_seat
from exchange.storage.change_log import append_changes
from exchange.storage.tables import moved_schools
from exchange.usecases.keep_chain import keep_records
from service_kit.moving import following

keep_move = following(moved_schools, ())


@hears_all
async def keep_change(envelopes: Sequence[Envelope], unit: Unit) -> None:
    """Appends every event to the change log, in the order in which it was heard (E-01, X-01)."""
    await append_changes(unit.connection, envelopes)


@hears_all
async def keep_chain(envelopes: Sequence[Envelope], unit: Unit) -> None:
    """Keeps the records of which the chain from a finding is made (X-06)."""
    await keep_records(unit.connection, envelopes)


@reacts_to(MemberAppointed, MemberEnded)
async def keep_body_seat(event: MemberFacts, envelope: Envelope, unit: Unit) -> None:
    """Keeps who sits in which body: rights by body follow it."""
    await keep_seat(unit.connection, envelope.key, event)
