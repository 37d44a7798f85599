"""Projections: tables that a service keeps from events alone, so that they can be rebuilt from the topics.

    PROJECTIONS = [Projection("known_regimes", Text(...), [known_regimes], reactions_of(keep_regime))]

A service names them at the end of its `reactions.py` and in its index. Their reactions write to these tables and to no
other, and what comes of the events of one key does not depend on the events of another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Table

from contracts.text import Text
from eventing.reactions import Reaction, topics_of


@dataclass(frozen=True)
class Projection:
    """Tables with the reactions that keep them; one that waits for another's rows is listed behind that one."""

    name: str
    title: Text
    tables: Sequence[Table]
    reactions: Sequence[Reaction]

    def topics(self, hears: Sequence[str]) -> tuple[str, ...]:
        """The topics that it is rebuilt from, of a service that hears these."""
        if any(reaction.hears_all for reaction in self.reactions):
            return tuple(hears)
        return tuple(sorted(topics_of(self.reactions)))
