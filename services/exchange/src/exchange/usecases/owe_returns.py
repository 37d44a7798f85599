"""Which returns are owed: the obligations that the register's events give, with what has become of each."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from exchange.domain.lifecycle import HANDED_IN
from exchange.domain.obligations import Obligation, obligations
from exchange.domain.projection import READS
from exchange.storage import change_log, returns, whole_log
from exchange.storage.definitions import current
from exchange.storage.returns import Version
from service_kit.policy.decide import Decision

_FRAME = {name: READS[name] for name in ("registry.regime", "registry.calendar", "registry.footprint")}


@dataclass(frozen=True, slots=True)
class Owed:
    """An obligation and the newest version of its return that was handed in, if any."""

    obligation: Obligation
    state: str
    """Code of `return_obligation_states`."""
    submitted: Version | None


async def owed_returns(
    connection: AsyncConnection, decision: Decision | None, until: int | None = None
) -> list[Obligation]:
    """Every obligation as known at a position of the change log (None: now)."""
    known = await change_log.head(connection) if until is None else until
    ledger = await whole_log.ledger(connection, decision, _FRAME, known)
    return obligations(ledger, known, current().due_after_days)


async def calendar_of_returns(connection: AsyncConnection, decision: Decision, today: date) -> list[Owed]:
    """Every obligation with its state on a day: what is missing and what is late."""
    owed = await owed_returns(connection, decision)
    async with whole_log.unrestricted(connection, decision):
        versions = await returns.all_versions(connection, [one.return_id for one in owed])
    by_return: dict[str, list[Version]] = defaultdict(list)
    for version in versions:
        if version["state"] in HANDED_IN - {"voided"}:
            by_return[version["return_id"]].append(version)
    return [_with_state(one, by_return[one.return_id], today) for one in owed]


def _with_state(one: Obligation, handed_in: list[Version], today: date) -> Owed:
    if handed_in:
        late = handed_in[0]["submitted_at"].date() > one.due_on
        return Owed(one, "submitted_late" if late else "submitted", handed_in[-1])
    if today < one.opens_on:
        return Owed(one, "not_due", None)
    return Owed(one, "late" if today > one.due_on else "open", None)
