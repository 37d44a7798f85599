"""Handling events in one transaction: inbox, order per key, reactions, pending events, last versions.

`Work` is one such transaction. Several events share it when all goes well; on trouble each gets one of its own
(`alone`), where a savepoint around the reactions lets a single event be put aside without undoing the others.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from eventing import trace
from eventing.consumer_store import ConsumerStore, Known, Parking, Waiting
from eventing.delivery import Delivery, redelivered
from eventing.envelope import Envelope
from eventing.failures import is_transient
from eventing.loop import describe, heed_cancellation
from eventing.reactions import Dispatch, Unit, WaitFor


class MustBeAloneError(RuntimeError):
    """A reaction asked to wait after another one of the same event had run: the event needs its own transaction."""


class Work:
    """One transaction's handling of some events of one consumer."""

    def __init__(self, store: ConsumerStore, dispatch: Dispatch, unit: Unit, *, alone: bool) -> None:
        self._store = store
        self._dispatch = dispatch
        self._unit = unit
        self._connection = unit.connection
        self._alone = alone
        self._blocked: dict[str, str | None] = {}  # the key that a pending key awaits; None: parked
        self._versions: dict[tuple[str, str], int] = {}
        self._waited_for: set[str] = set()
        self._parkings: list[Parking] = []
        self._waiting: list[Waiting] = []
        self.handled: list[Delivery] = []
        self.outcomes: Counter[str] = Counter()
        self.verdicts: list[bool] = []
        """For each event judged, in order: False when it was parked by its own fault."""
        self.awaited: set[str] = set()
        """Keys under which events were kept pending, to be looked at again after the commit."""

    async def take(self, deliveries: Sequence[Delivery]) -> None:
        """Handles received events in their order; what was taken before is left out."""
        await self._store.share(self._connection)
        fresh = await self._store.take(self._connection, (delivery.event_id for delivery in deliveries))
        new: list[Delivery] = []
        for delivery in deliveries:
            if delivery.event_id in fresh:
                fresh.remove(delivery.event_id)  # the same event twice in one batch
                new.append(delivery)
            else:
                self.outcomes["duplicate"] += 1
        if new:
            await self._look_up(sorted({delivery.key for delivery in new}))
            for delivery in new:
                await self._handle(delivery, released=False)
        await self._finish()

    async def release(self, keys: Sequence[str]) -> None:
        """Handles again what waited for keys that were handled meanwhile."""
        await self._store.exclude(self._connection)
        await self._release(await self._store.handled_among(self._connection, keys))
        await self._finish()

    async def redrive(
        self, delivery: Delivery, followers: Callable[[], Awaitable[Sequence[Delivery]]]
    ) -> str | None:
        """Handles one event that was parked; the caller holds the store's share and the event's own parked row.

        None: done. Otherwise it now waits for the key returned, and `followers`, the rest of its key's parked
        events, queue behind it there; their parked rows are then to be resolved as well.
        """
        self._learn(await self._store.known(self._connection, [delivery.key]))
        await self._handle(delivery, released=False)
        awaited = self._blocked.get(delivery.key)
        if awaited is not None:
            for follower in await followers():
                self._queue_behind(follower)
        await self._finish()
        return awaited

    async def _look_up(self, keys: list[str]) -> None:
        # Parked keys first: that may wait for a redrive, whose outcome the other look must see.
        parked = await self._store.parked_keys(self._connection, keys)
        self._learn(await self._store.known(self._connection, keys))
        self._blocked.update(dict.fromkeys(parked))

    def _learn(self, known: Known) -> None:
        self._blocked.update(known.awaited)
        self._waited_for |= known.waited_for
        for place, version in known.versions.items():
            self._versions[place] = max(version, self._versions.get(place, 0))

    async def _handle(self, delivery: Delivery, *, released: bool) -> None:
        if delivery.key in self._blocked:
            self._queue_behind(delivery)
            return
        if delivery.error is not None:
            self._park(delivery, "undecodable", delivery.error)
            return
        place = (delivery.key, delivery.aggregate)
        if 0 < delivery.version <= self._versions.get(place, 0):
            self.outcomes["stale"] += 1
            return
        waits = None
        if delivery.type in self._dispatch.functions:
            waits = await (self._react_alone(delivery, released) if self._alone else self._react(delivery))
        if waits is not None:
            self._blocked[delivery.key] = waits.key
            self._waiting.append(Waiting(delivery, waits.key, behind=False))
            self.outcomes["pending"] += 1
        elif delivery.key not in self._blocked:
            self.handled.append(delivery)
            self._versions[place] = delivery.version
            self.outcomes["handled"] += 1
            self.verdicts.append(True)

    def _queue_behind(self, delivery: Delivery) -> None:
        self.outcomes["behind"] += 1
        awaited = self._blocked[delivery.key]
        if awaited is None:
            self._parkings.append(Parking(delivery, "behind", "an earlier event of this key is parked", 0))
        else:
            self._waiting.append(Waiting(delivery, awaited, behind=True))

    def _park(self, delivery: Delivery, reason: str, error: str) -> None:
        self._blocked[delivery.key] = None
        self._parkings.append(Parking(delivery, reason, error, 1))
        self.outcomes[reason] += 1
        self.verdicts.append(False)

    async def _react(self, delivery: Delivery) -> WaitFor | None:
        """Calls the reactions; the first that asks to wait ends it."""
        envelope = delivery.envelope
        if envelope is None:
            raise TypeError("an unreadable event cannot be handled")
        with trace.caused_by(envelope.correlation_id, envelope.id):
            for place, function in enumerate(self._dispatch.functions[delivery.type]):
                waits = await function(delivery.event, envelope, self._unit)
                if waits is not None:
                    if place > 0 and not self._alone:
                        raise MustBeAloneError(delivery.event_id)
                    return waits
        return None

    async def _react_alone(self, delivery: Delivery, released: bool) -> WaitFor | None:
        savepoint = await self._connection.begin_nested()
        try:
            waits = await self._react(delivery)
        except Exception as error:
            # A received event that fails is the caller's to try again; a released one must not take with it the
            # event that released it.
            heed_cancellation()
            if not released or is_transient(error):
                raise
            await savepoint.rollback()
            self._park(delivery, "failed", describe(error))
            return None
        if waits is None:
            await savepoint.commit()
        else:
            await savepoint.rollback()
        return waits

    async def _finish(self) -> None:
        """Writes down what was put aside, releases what waited for what was handled, then the bulk reactions."""
        await self._put_aside()
        await self._release(self._wanted(self.handled))
        if not self.handled:
            return
        envelopes: list[Envelope] = [d.envelope for d in self.handled if d.envelope is not None]
        for bulk in self._dispatch.bulk:
            await bulk(envelopes, self._unit)
        for types, together in self._dispatch.together:
            told = [(d.event, d.envelope) for d in self.handled if d.type in types and d.envelope is not None]
            if told:
                await together(told, self._unit)
        await self._store.remember(self._connection, self.handled)

    async def _put_aside(self) -> None:
        await self._store.park(self._connection, self._parkings)
        await self._store.pend(self._connection, self._waiting)
        self.awaited |= {waiting.awaited_key for waiting in self._waiting}
        self._parkings, self._waiting = [], []

    async def _release(self, keys: Sequence[str]) -> None:
        """Handles what waited for these keys, and what waited for that, and so on; each round takes rows out."""
        while keys:
            rows = await self._store.release(self._connection, keys)
            released = [redelivered(row, self._dispatch) for row in rows]
            if not released:
                return
            waiting_keys = sorted({delivery.key for delivery in released})
            for key in waiting_keys:
                self._blocked.pop(key, None)
            await self._look_up(waiting_keys)
            before = len(self.handled)
            for delivery in released:
                self.outcomes["released"] += 1
                await self._handle(delivery, released=True)
            await self._put_aside()
            keys = self._wanted(self.handled[before:])

    def _wanted(self, handled: Sequence[Delivery]) -> list[str]:
        """The keys just handled for which something waits, as of when they were looked up.

        What another batch keeps pending after that look is no loss: whoever keeps an event pending looks again
        behind the lock that this batch shares.
        """
        return sorted({delivery.key for delivery in handled} & (self._waited_for | self.awaited))
