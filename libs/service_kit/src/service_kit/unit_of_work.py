"""One transaction of business: the only way to change an aggregate, and the only way to emit an event.

`write` locks the aggregates first and takes the outbox numbers afterwards, in the same transaction. That order is what
makes the order of events equal the order of commits per aggregate; nothing else may insert into the outbox.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit import slices
from service_kit.clock import Clock
from service_kit.journal import Actor, Decision, Journal
from service_kit.problems import ProblemError
from service_kit.records import Record, Write, Written


class UnitOfWork:
    """A transaction with everything that a use case needs: connection, clock, actor and `write`."""

    def __init__(self, connection: AsyncConnection, clock: Clock, actor: Actor, journal: Journal) -> None:
        self.connection = connection
        self.clock = clock
        self.actor = actor
        self._journal = journal

    async def write(self, record: Record, writes: Sequence[Write]) -> list[Written]:
        """Changes aggregates of one kind and emits their events; all of it or, by the transaction, nothing.

        Every write raises its aggregate's version by one, so events of one aggregate have strictly rising versions.
        Raises ProblemError `not_found`, `already_exists` or `precondition_failed`, and lets the violation of an
        exclusion constraint pass as IntegrityError for the use case to name. Raises UnregisteredEventError, before
        anything is asked of the database, for an event that the service does not publish.
        """
        if not writes:
            return []
        _refuse_doubles(writes)
        self._journal.ensure_published(writes)
        known = await slices.lock_heads(self.connection, record, [write.id for write in writes])
        _check(record, writes, known)
        now = self.clock.now()
        versions = {w.id: known[w.id][0] + 1 if w.id in known else 1 for w in writes}
        known_at = {w.id: _later_than(known.get(w.id), now) for w in writes}
        created = [w.id for w in writes if w.create]
        changed = [w.id for w in writes if not w.create]
        closed: list[Mapping[str, Any]] = []
        if created:
            rows = [{"id": i, "version": 1, "known_at": known_at[i]} for i in created]
            await self.connection.execute(insert(record.heads), rows)
        if changed:
            await slices.raise_heads(self.connection, record, changed, versions, known_at)
            updates = [w for w in writes if not w.create]
            closed = await slices.close_covered(self.connection, record, updates, known_at)
        rows = slices.rows_to_insert(record, writes, closed, versions, known_at)
        await slices.insert_slices(self.connection, record, rows)
        before = _before(writes, closed)
        written = [Written(w.id, versions[w.id], known_at[w.id], before.get(w.id)) for w in writes]
        await self._journal.note(
            self.connection, self.actor, now, record, list(zip(writes, written, strict=True))
        )
        return written

    async def decide(self, decisions: Sequence[Decision], actor: Actor | None = None) -> None:
        """Leaves the audit entries of decisions on things that are no records, in this transaction.

        `actor`: who decided, where that is not who acts here (a worker does what a caller asked for).
        """
        await self._journal.decided(self.connection, actor or self.actor, self.clock.now(), decisions)


def _refuse_doubles(writes: Sequence[Write]) -> None:
    doubled = [i for i, count in Counter(write.id for write in writes).items() if count > 1]
    if doubled:
        raise ValueError(f"one write per aggregate and call; doubled: {doubled[:3]}")


def _check(record: Record, writes: Sequence[Write], known: Mapping[str, tuple[int, datetime]]) -> None:
    for write in writes:
        held = known.get(write.id)
        if write.create and held is not None:
            raise ProblemError("already_exists", {"id": write.id})
        if not write.create and held is None:
            raise ProblemError("not_found")
        if held is not None and write.expected_version not in (None, held[0]):
            raise ProblemError("precondition_failed")


def _later_than(held: tuple[int, datetime] | None, now: datetime) -> datetime:
    """Known time is read after the lock and rises strictly per aggregate, whatever the clock does."""
    return now if held is None else max(now, held[1] + timedelta(microseconds=1))


def _before(writes: Sequence[Write], closed: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The values that held on a write's first day; where none did, the earliest that it replaced."""
    starts = {write.id: write.valid_from for write in writes}
    before: dict[str, Mapping[str, Any]] = {}
    for old in closed:
        start = starts[old["id"]]
        if old["id"] not in before or (start is not None and start in old["valid"]):
            before[old["id"]] = old
    return before
