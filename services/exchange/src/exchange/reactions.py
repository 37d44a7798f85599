"""What the exchange does with events: everything goes into the change log."""

from collections.abc import Sequence

from eventing.envelope import Envelope
from eventing.reactions import Unit, hears_all
from exchange.storage.change_log import append_changes


@hears_all
async def keep_change(envelopes: Sequence[Envelope], unit: Unit) -> None:
    """Appends every event to the change log, in the order in which it was heard (E-01, X-01)."""
    await append_changes(unit.connection, envelopes)
