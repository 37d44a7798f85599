"""The consumer loop: batches from a transport, each handled exactly once in effect, in order per key.

One transaction a batch when all goes well. When that fails each event gets its own, tried again in place a few times,
then parked with its key: later events of the key queue behind it, other keys flow. A database that is away parks
nothing: the batch is held and tried again. Offsets are committed after the transaction; they only save work.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Final

import structlog
from opentelemetry import trace as otel

from eventing import metrics, stopping, trace
from eventing.consumer_store import ConsumerStore, Parking
from eventing.delivery import Delivery, may_concern
from eventing.failures import is_transient
from eventing.handling import Work
from eventing.intake import Intake, Taken
from eventing.loop import Backoff, Health, Loop, describe, heed_cancellation
from eventing.parking_limit import ConsumerStoppedError, ParkingLimit, ParkingRecord
from eventing.reactions import Dispatch, OpenUnit, Reaction
from eventing.tables import ConsumerTables
from eventing.transports.port import Place, SubscriptionClosedError, Transport

_log = structlog.get_logger(__name__)

BATCH_ROWS: Final = 1_000
"""Events a transaction at most: of a backlog, batches of 500 cost a fifth more for what is asked once a batch."""
MEASURE_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 1.0
"""How often a stopped consumer looks whether somebody started it again."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often an event is tried alone before it is parked, and how long to wait between."""

    attempts: int = 4
    backoff: Backoff = field(default_factory=lambda: Backoff(first=0.2, factor=5.0, most=5.0))


class Consumer:
    """One consumer of some topics. Run several processes of the same name and they share the partitions.

    `now` is the clock for the lag metric (aware datetimes). `run` raises ConsumerStoppedError when the parking limit
    is passed, here or by another member; `health.stopped` then says why, and `stand_by` waits for the repair.
    """

    def __init__(
        self,
        name: str,
        *,
        transport: Transport,
        topics: Sequence[str],
        reactions: Sequence[Reaction],
        open_unit: OpenUnit,
        tables: ConsumerTables,
        limit: int = BATCH_ROWS,
        retries: Retries | None = None,
        parking: ParkingLimit | None = None,
        now: Callable[[], datetime] | None = None,
        tracer: otel.Tracer | None = None,
    ) -> None:
        self.name = name
        self.store = ConsumerStore(tables, name)
        self.dispatch = Dispatch.of(reactions)
        self.loop = Loop(f"consumer:{name}", self._round, fatal=(ConsumerStoppedError,))
        self._transport = transport
        self._topics = sorted(topics)
        self._open_unit = open_unit
        self._limit = limit
        self._retries = retries or Retries()
        self._parking = parking or ParkingLimit()
        self._record = ParkingRecord(self._parking)
        self._now = now
        self._tracer = tracer or otel.get_tracer("eventing")
        self._intake: Intake | None = None
        self._awaited: set[str] | None = None
        self._measured_at = 0.0
        self._stop_because: str | None = None
        self._oldest: datetime | None = None
        """When the oldest event of the batch in hand was recorded; None: all that was received is applied."""
        self._aside_since: float | None = None
        """Since when (monotonic) the oldest event is parked or pending."""
        self._places: Mapping[Place, int] = {}
        self._labels = {"consumer": name}

    async def run(self) -> None:
        """Runs until `stop`; a batch under way is finished first. Raises ConsumerStoppedError."""
        self._record = ParkingRecord(self._parking)
        self._awaited = self._stop_because = None
        self._measured_at = 0.0
        metrics.gauge(metrics.STOPPED, 0, self._labels)
        metrics.report(self, self._live)
        try:
            await self.loop.run()
        except ConsumerStoppedError:
            metrics.gauge(metrics.STOPPED, 1, self._labels)
            raise
        finally:
            await self._leave()

    async def stand_by(self) -> bool:
        """After a stop: waits until somebody started the consumer again (True) or it is to end (False)."""
        while not self.loop.stopping:
            await self.loop.rest(LOOK_SECONDS)
            try:
                because = await self._look()
            except Exception as error:
                heed_cancellation()
                if not is_transient(error):
                    raise
                _log.warning("a stopped consumer cannot look", consumer=self.name, error=type(error).__name__)
                continue
            if because is None:
                return not self.loop.stopping
        return False

    def stop(self) -> None:
        """Ends after the batch under way."""
        self.loop.stop()

    @property
    def health(self) -> Health:
        """How it is."""
        return self.loop.health

    async def _leave(self) -> None:
        self._places = {}
        if self._intake is not None:
            intake, self._intake = self._intake, None
            await intake.close()

    async def _round(self) -> bool:
        if self._stop_because is not None:
            await self._stop_every_member(self._stop_because)
        if self._intake is None:
            concerns = partial(may_concern, dispatch=self.dispatch)
            subscription = await self._transport.subscribe(self.name, self._topics, concerns)
            self._intake = Intake(subscription, self.dispatch, self._limit)
        await self._release_awaited()
        await self._measure()
        taken = await self._next(self._intake)
        if taken is not None:
            async with self._intake.handling(taken) as ours:
                if ours and not await self._handle(taken):
                    return True
                await self._intake.done(commit=ours)
        return True

    async def _next(self, intake: Intake) -> Taken | None:
        try:
            return await intake.next()
        except SubscriptionClosedError:
            # Closed by somebody else: the transport, or a newer member of a bus that knows one.
            await self._leave()
            if not self.loop.stopping:
                raise
            return None
        except Exception:
            await self._leave()
            raise

    async def _handle(self, taken: Taken) -> bool:
        """Handles a batch; False when it was broken off because the consumer is to stop."""
        concerning = taken.deliveries
        outcomes = Counter(ignored=taken.ignored)
        if concerning:
            self._oldest = min((d.envelope.recorded_time for d in concerning if d.envelope), default=None)
            with self._traced(concerning):
                verdicts = await self._together_or_alone(concerning, outcomes)
            if verdicts is None:
                return False
            self._lag()
            try:
                self._record.note(verdicts)
            except ConsumerStoppedError as stop:
                self._count(outcomes)
                self._stop_because = str(stop)
                await self._stop_every_member(self._stop_because)
        self._count(outcomes)
        self._oldest = None
        return True

    @contextmanager
    def _traced(self, deliveries: Sequence[Delivery]) -> Iterator[None]:
        """The batch's span, linked to what wrote its events; and one in each of their traces that is kept."""
        writers = trace.writers(d.envelope.traceparent for d in deliveries if d.envelope is not None)
        with (
            self._tracer.start_as_current_span(
                f"consume {self.name}",
                kind=otel.SpanKind.CONSUMER,
                links=[otel.Link(writer) for writer in writers],
                attributes={"messaging.batch.message_count": len(deliveries)},
            ) as batch,
            trace.followed(
                self._tracer, f"process {self.name}", writers, otel.SpanKind.CONSUMER, beside=batch,
                attributes={"messaging.consumer.group.name": self.name},
            ),
        ):  # fmt: skip
            yield

    async def _stop_every_member(self, because: str) -> None:
        """Written down first: were only this process to know, its neighbours would go on parking."""
        async with self._open_unit() as unit:
            await stopping.note_stop(unit.connection, self.store.tables.stops, self.name, because)
        raise ConsumerStoppedError(because)

    async def _together_or_alone(
        self, deliveries: Sequence[Delivery], outcomes: Counter[str]
    ) -> list[bool] | None:
        try:
            return await self._take(deliveries, outcomes, alone=False)
        except Exception as error:
            heed_cancellation()
            if is_transient(error):
                raise
            metrics.count(metrics.BATCH_FELL_BACK, 1, self._labels)
            _log.info("a batch falls back to single events", consumer=self.name, error=type(error).__name__)
        verdicts: list[bool] = []
        for delivery in deliveries:
            taken = await self._persist(delivery, outcomes)
            if taken is None:
                return None
            verdicts += taken
        return verdicts

    async def _take(
        self, deliveries: Sequence[Delivery], outcomes: Counter[str], *, alone: bool
    ) -> list[bool]:
        async with self._open_unit() as unit:
            work = Work(self.store, self.dispatch, unit, alone=alone)
            await work.take(deliveries)
        outcomes.update(work.outcomes)
        if work.awaited:
            self._awaited = (self._awaited or set()) | work.awaited
            await self._release_awaited()
        return work.verdicts

    async def _persist(self, delivery: Delivery, outcomes: Counter[str]) -> list[bool] | None:
        """Tries one event alone until it is handled or parked; None when the consumer is to stop meanwhile."""
        for attempt in range(1, self._retries.attempts + 1):
            try:
                return await self._take([delivery], outcomes, alone=True)
            except Exception as error:
                heed_cancellation()
                if is_transient(error):
                    raise
                if attempt == self._retries.attempts:
                    await self._park(delivery, error, attempt)
                    outcomes["failed"] += 1
                    return [False]
            await self.loop.rest(self._retries.backoff.delay(attempt))
            if self.loop.stopping:
                return None
        return None

    async def _park(self, delivery: Delivery, error: Exception, attempts: int) -> None:
        _log.error(
            "an event is parked with its key",
            consumer=self.name,
            event_id=delivery.event_id,
            event_type=delivery.type,
            error=type(error).__name__,
            exc_info=error,
        )
        async with self._open_unit() as unit:
            if await self.store.take(unit.connection, [delivery.event_id]):
                parking = Parking(delivery, "failed", describe(error), attempts)
                await self.store.park(unit.connection, [parking])

    async def _release_awaited(self) -> None:
        """Looks again at what was kept pending while the awaited key may have been handled elsewhere."""
        if self._awaited is None:
            async with self._open_unit() as unit:
                self._awaited = set(await self.store.awaited_keys(unit.connection))
        if not self._awaited:
            return
        async with self._open_unit() as unit:
            work = Work(self.store, self.dispatch, unit, alone=True)
            await work.release(sorted(self._awaited))
        # Whatever waits again was looked at behind the lock just now: nothing can have been missed.
        self._awaited = set()
        self._count(work.outcomes)

    async def _measure(self) -> None:
        """Measures now and then. Raises ConsumerStoppedError where a member of this consumer has stopped."""
        now = monotonic()
        if now - self._measured_at < MEASURE_SECONDS:
            return
        self._measured_at = now
        if self._intake is not None:
            self._places = await self._intake.subscription.behind()
        because = await self._look()
        if because is not None:
            raise ConsumerStoppedError(because)

    async def _look(self) -> str | None:
        """Measures what is put aside; gives why the consumer is stopped, or None."""
        async with self._open_unit() as unit:
            backlog = await self.store.backlog(unit.connection)
        self._aside_since = monotonic() - backlog.oldest_seconds if backlog.oldest_seconds > 0 else None
        metrics.gauge(metrics.PARKED, backlog.parked, self._labels)
        metrics.gauge(metrics.PARKED_KEYS, backlog.parked_keys, self._labels)
        metrics.gauge(metrics.PENDING, backlog.pending, self._labels)
        return backlog.stopped_because

    def _live(self) -> Iterator[metrics.Reading]:
        """Read whenever metrics are collected, so that a loop that hangs shows and a lost place does not."""
        for place, records in self._places.items():
            labels = {**self._labels, "topic": place.topic, "partition": str(place.partition)}
            yield metrics.Reading(metrics.PARTITION_LAG, records, labels)
        if self._now is None:
            return
        oldest = self._oldest
        behind = 0.0 if oldest is None else max(0.0, (self._now() - oldest).total_seconds())
        aside = 0.0 if self._aside_since is None else monotonic() - self._aside_since
        yield metrics.Reading(metrics.CONSUMER_BEHIND, behind, self._labels)
        yield metrics.Reading(metrics.STALENESS, max(behind, aside), self._labels)

    def _count(self, outcomes: Counter[str]) -> None:
        for outcome, number in outcomes.items():
            if number:
                metrics.count(metrics.CONSUMED, number, {**self._labels, "outcome": outcome})

    def _lag(self) -> None:
        if self._now is not None and self._oldest is not None:
            metrics.observe(metrics.CONSUMER_LAG, (self._now() - self._oldest).total_seconds(), self._labels)
