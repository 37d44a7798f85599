"""What the exchange does with events: everything goes into the change log; some feed the chain and the policy."""

from collections.abc import Sequence

from contracts.events.governance import MemberAppointed, MemberEnded, MemberFacts
from contracts.text import Text
from eventing.envelope import Envelope
from eventing.reactions import Unit, hears_all, reactions_of, reacts_to
from exchange.storage.body_seats import body_seats, keep_seat
from exchange.storage.chain_tables import chain_records
from exchange.storage.change_log import append_changes
from exchange.storage.tables import RIGHTS, moved_schools
from exchange.usecases.keep_chain import keep_records
from service_kit.moving import following, moves_projection
from service_kit.projections import Projection

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


PROJECTIONS = (
    moves_projection(moved_schools),
    Projection(
        "chain_records",
        Text("Records of which chains are made", "Cofnodion y gwneir cadwyni ohonynt"),
        [chain_records],
        reactions_of(keep_chain),
    ),
    Projection(
        "body_seats",
        Text("Who sits in which body", "Pwy sy'n eistedd ym mha gorff"),
        [body_seats],
        reactions_of(keep_body_seat),
    ),
    RIGHTS.projection(),
)
"""What can be rebuilt. The change log cannot: it is a log itself, and its positions are promised to clients."""
