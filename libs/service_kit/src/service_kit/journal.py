"""What every write leaves behind in its own transaction: the event in the outbox and the entry in the audit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.event import Event, UnregisteredEventError, ensure_publishable
from contracts.identifiers import new_id
from eventing import outbox
from eventing.envelope import envelope_of
from service_kit import audit
from service_kit.auth.principal import Principal
from service_kit.foundation import Foundation
from service_kit.records import Record, Write, Written


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, through which client, in which request. A worker acts as the service itself.

    `reason` is why, where the caller says so; the audit keeps it.
    """

    subject: str
    client_id: str
    request_id: str
    principal: Principal | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided on a thing of the house that is no record: `on` and `on_id` name it (a parked event, 7)."""

    on: str
    on_id: str
    version: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str | None = None


@dataclass(frozen=True)
class Journal:
    """The two writers behind `UnitOfWork.write`: one outbox statement and one audit statement per call.

    Raises UnregisteredEventError when made for an event without a contract, or of another publisher.
    """

    service: str
    publishes: frozenset[type[Event]]
    foundation: Foundation

    def __post_init__(self) -> None:
        """The index of a service is checked once, before anything runs."""
        for cls in self.publishes:
            ensure_publishable(cls, self.service)

    def ensure_published(self, writes: Iterable[Write]) -> None:
        """Before anything is written. Raises UnregisteredEventError for an event that the index does not name.

        By the very class: an instance of a subclass is refused too, because nobody could know its schema.
        """
        for write in writes:
            cls = type(write.event)
            if cls not in self.publishes:
                ensure_publishable(cls, self.service)
                raise UnregisteredEventError(f"{self.service} does not publish {cls.__qualname__}")

    async def decided(
        self, connection: AsyncConnection, actor: Actor, now: datetime, decisions: Sequence[Decision]
    ) -> None:
        """Appends the audit entries of decisions on what is no record of the service: no event tells of them."""
        entries = [
            audit.change(
                actor=actor,
                at=now,
                record=decision.on,
                record_id=decision.on_id,
                version=decision.version,
                before=decision.before,
                after=decision.after,
                reason=decision.reason or actor.reason,
            )
            for decision in decisions
        ]
        await audit.append(connection, self.foundation.audit, entries)

    async def note(
        self,
        connection: AsyncConnection,
        actor: Actor,
        now: datetime,
        record: Record,
        pairs: Sequence[tuple[Write, Written]],
    ) -> None:
        """Appends the events and the audit entries of writes, in their order."""
        rows = []
        entries = []
        for write, written in pairs:
            envelope = envelope_of(
                write.event,
                event_id=new_id(),
                key=write.id,
                version=written.version,
                subject=write.subject,
                time=written.known_at,
                recorded_time=now,
            )
            rows.append(outbox.OutboxRow.of(envelope))
            entries.append(
                audit.change(
                    actor=actor,
                    at=now,
                    record=record.kind,
                    record_id=write.id,
                    version=written.version,
                    before={name: (written.before or {}).get(name) for name in record.own},
                    after={name: write.values.get(name) for name in record.own},
                    reason=write.reason or actor.reason,
                )
            )
        await outbox.append(connection, self.foundation.published.outbox, rows)
        await audit.append(connection, self.foundation.audit, entries)
