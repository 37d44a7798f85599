"""How hard it blows: drawn from a seed, so that any storm can be had again."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Weather:
    """The shape of one storm. Shares are of 1; `lives` is the mean life of a runner in seconds, None: it is not killed.

    `dies_before` and `dies_behind` name batches, counted over all consumers, whose consumer dies right before or
    right behind the commit of the effects.
    """

    seed: int
    writers: int = 3
    transactions: int = 10
    things: int = 6
    most_events: int = 4
    early: float = 0.3
    rolled_back: float = 0.15
    savepoints: float = 0.2
    lingers: float = 0.3
    killed: float = 0.05
    unsent: float = 0.1
    sequencers: int = 1
    shippers: int = 2
    consumers: int = 2
    sequenced: int = 30
    shipped: int = 40
    consumed: int = 60
    slow: float = 0.1
    lives: float | None = None
    held_here: bool = True
    """Whether transactions are held open here too, and not in the other database alone."""
    dies_before: frozenset[int] = frozenset({1})
    dies_behind: frozenset[int] = frozenset({2})
    again: bool = False
    """Whether at last all of the log is sent once more."""

    @classmethod
    def of(cls, seed: int) -> "Weather":
        """Full weather: everything at once, each in a measure of its own."""
        chance = random.Random(seed)
        return cls(
            seed=seed,
            writers=chance.randint(3, 10),
            transactions=chance.randint(25, 50),
            things=chance.choice((1, 4, 12, 40)),
            most_events=chance.randint(1, 6),
            early=chance.uniform(0.1, 0.6),
            rolled_back=chance.uniform(0.1, 0.3),
            savepoints=chance.uniform(0.1, 0.4),
            lingers=chance.uniform(0.1, 0.4),
            killed=chance.uniform(0.02, 0.1),
            sequencers=chance.randint(2, 3),
            shippers=chance.randint(2, 3),
            consumers=chance.randint(2, 3),
            sequenced=chance.choice((1, 7, 30, 500)),
            shipped=chance.choice((3, 40, 500)),
            consumed=chance.choice((5, 60, 500)),
            slow=chance.uniform(0.0, 0.2),
            lives=chance.uniform(0.5, 1.5),
            dies_before=frozenset(chance.sample(range(1, 9), 2)),
            dies_behind=frozenset(chance.sample(range(1, 9), 2)),
            again=seed % 2 == 0,
        )
