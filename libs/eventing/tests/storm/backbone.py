"""What the storm blows through: the backbone as it is. A mutant overrides what it takes away."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from eventing.consuming import Consumer, Retries
from eventing.envelope import Envelope
from eventing.loop import Backoff, Pace
from eventing.outbox import OutboxRow, append
from eventing.reactions import Reaction, reactions_of, reacts_to
from eventing.sequencer import Sequencer
from eventing.shipping import Shipper
from eventing.transports.port import Record, Sending, Transport
from storm.place import Place, Unit

MakeTransport = Callable[[], Awaitable[Any]]
"""Makes a transport, as another process would have its own."""
FAST = Pace(busy=0.005, quiet=0.02)


class Runner(Protocol):
    """Whatever runs until it is stopped."""

    async def run(self) -> None: ...

    def stop(self) -> None: ...


class Backbone:
    """Makes the parts that run, and lets a writer's events out. `event` is the class of the events."""

    logs = True
    """Whether events go through a log."""

    def __init__(self, place: Place, event: type[Any]) -> None:
        self.place = place
        self.world = place.world
        self._event = event

    @property
    def shipper_class(self) -> type[Shipper]:
        """What ships."""
        return Shipper

    async def prepare(self, transport: MakeTransport) -> None:
        """Before the storm."""

    async def emit(self, connection: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        """Within the transaction that changed the aggregates."""
        await append(connection, self.world.publisher.outbox, [OutboxRow.of(e) for e in envelopes])

    async def committed(self, envelopes: Sequence[Envelope]) -> None:
        """Behind the commit of that transaction; nothing is left to do."""

    def given_up(self) -> bool:
        """Whether there is no hope that what is committed moves while transactions are open."""
        return False

    def sequencer(self) -> Runner:
        return Sequencer(self.world.engine, self.world.log, limit=self.place.weather.sequenced, pace=FAST)

    def shipper(self, transport: Transport, number: int) -> Runner:
        """The first of several is slow: in the middle of its first batch a rival passes it."""
        slow = number == 0 and self.place.weather.shippers > 1
        return self.shipper_class(
            self.world.engine,
            log=self.world.publisher.log,
            cursors=self.world.publisher.cursors,
            transport=Lagging(transport, self.place) if slow else transport,
            topic=self.world.topic,
            name="kafka",
            limit=self.place.weather.shipped,
            pace=FAST,
        )

    def consumer(self, transport: Transport) -> Consumer:
        return self.made(Consumer, transport)

    def made(self, kind: type[Consumer], transport: Transport) -> Any:
        """A consumer of this class; all of a storm's are members of one group."""
        return kind(
            f"c-{self.world.topic}",
            transport=transport,
            topics=[self.world.topic],
            reactions=self._reactions(),
            open_unit=self.place.unit,
            tables=self.world.consumer,
            limit=self.place.weather.consumed,
            retries=Retries(2, Backoff(0.005, 1.0)),
        )

    def _reactions(self) -> tuple[Reaction, ...]:
        @reacts_to(self._event)
        async def keep(event: Any, envelope: Envelope, unit: Unit) -> None:
            await self.place.effect(unit, envelope, event.value)

        return reactions_of(keep)


class Lagging:
    """A transport on which the first batch takes until a rival's cursor is behind it."""

    def __init__(self, transport: Any, place: Place) -> None:
        self.name = transport.name
        self._transport = transport
        self._place = place
        self._lags = True

    async def prepare(self, topic: str, records: Sequence[Record]) -> Sending:
        return partial(self.publish, topic, records)

    async def publish(self, topic: str, records: Sequence[Record]) -> None:
        lags, self._lags = self._lags, False
        if lags:
            # At the end the rivals may be gone already: then nobody passes it any more.
            while not self._place.calm.is_set():
                if await self._place.cursor() > records[-1].position:
                    break
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await self._place.calm.wait()
        await self._transport.publish(topic, records)
        if lags:
            self._place.lagged.set()
