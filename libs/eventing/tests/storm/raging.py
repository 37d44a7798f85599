"""One storm: everything at once, then calm, then what is found."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from storm.backbone import Backbone, MakeTransport, Runner
from storm.findings import Observed, wrong
from storm.place import Place
from storm.writers import Writers

PATIENCE = 300.0
"""Seconds for what takes one: a bound, not a measure."""
MARK_EVERY = 0.5


@dataclass
class Storm:
    """What happened."""

    place: Place
    backbone: Backbone
    transport: MakeTransport
    partitions: int
    restarts: int = 0
    passed: int = 0
    """Effects there were before the transactions that were held open ended."""
    waiting: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    writers: Writers = field(init=False)
    observed: Observed = field(init=False)

    def __post_init__(self) -> None:
        self.writers = Writers(self.place, self.backbone)

    @property
    def wrong(self) -> dict[str, int]:
        """The faults found, by name."""
        return wrong(self.observed)

    async def rage(self) -> "Storm":
        """Lets it rage until everything has come; nobody runs any more when this returns."""
        place, weather = self.place, self.place.weather
        chance = random.Random(weather.seed)
        if weather.shippers < 2:
            place.lagged.set()
        await self.backbone.prepare(self.transport)
        makers = [self._sequencer] * weather.sequencers + [self._consumer] * weather.consumers
        runners = [asyncio.create_task(self._kept_running(make, _own(chance))) for make in makers]
        for number in range(weather.shippers):
            make = self._shipper(number)
            runners.append(asyncio.create_task(self._kept_running(make, _own(chance))))
        try:
            async with asyncio.timeout(PATIENCE):
                await self._blow(chance)
        except TimeoutError:
            self.broken.append(f"not all that was committed came within {PATIENCE} s")
        finally:
            place.written.set()
            place.calm.set()
            await asyncio.gather(*runners)
        self.observed = await place.observed(self.waiting, self.broken)
        return self

    async def _blow(self, chance: random.Random) -> None:
        place, weather = self.place, self.place.weather
        async with self.writers.held_open():
            writing = [self.writers.write(_own(chance)) for _ in range(weather.writers)]
            await asyncio.gather(self.writers.scripted(), *writing)
            place.written.set()
            await self._until_marked()
            self.waiting = await place.without_effect()
            self.passed = await place.world.count(place.world.effects)
        await self._until_marked()
        if weather.again:
            await place.send_again()
            await self._until_marked()

    async def _until_marked(self) -> None:
        """Waits until the newest mark in every partition has had its effect: all committed before has had its turn.

        A mutant may lose marks as well: when they do not come they are written anew, and waited for longer.
        """
        now, patience = asyncio.get_running_loop().time, MARK_EVERY
        while not self.backbone.given_up():
            marks = await self.writers.mark(self.partitions)
            until = now() + patience
            while now() < until and not self.backbone.given_up():
                if self.place.lagged.is_set() and await self.place.with_effect(marks) == marks:
                    return
                await asyncio.sleep(0.02)
            patience *= 1.5

    async def _kept_running(self, make: Callable[[], Awaitable[Runner]], chance: random.Random) -> None:
        """Runs what `make` makes. While there is writing it is killed, or asked to stop, and started again."""
        place, lives = self.place, self.place.weather.lives
        while True:
            runner = await make()
            task = asyncio.create_task(runner.run())
            life = None if lives is None else lives * (0.5 + chance.random())
            await _first(task, place.written, life)
            if not task.done() and place.written.is_set():
                await _first(task, place.calm, None)
            if not task.done():
                if place.calm.is_set() or chance.random() < 0.5:
                    runner.stop()
                else:
                    task.cancel()
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
            if isinstance(outcome, Exception):
                self.broken.append(repr(outcome))
                return
            if place.calm.is_set():
                return
            self.restarts += 1

    async def _sequencer(self) -> Runner:
        return self.backbone.sequencer()

    async def _consumer(self) -> Runner:
        return self.backbone.consumer(await self.transport())

    def _shipper(self, number: int) -> Callable[[], Awaitable[Runner]]:
        async def make() -> Runner:
            return self.backbone.shipper(await self.transport(), number)

        return make


def _own(chance: random.Random) -> random.Random:
    return random.Random(chance.random())


async def _first(task: asyncio.Task[None], event: asyncio.Event, seconds: float | None) -> None:
    """Waits for the task's end, the event or the time, whichever comes first; ends neither."""
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({task, waiting}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
