"""Who asks, as the rules see it: what the policy decided about one caller and one record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, about the body of one record.

    `may`: the operations that the caller has for this body; `seats` and `offices`: those held in it on the day;
    `other_side`: the operations that the caller has for the second body of a reference or a decision.
    """

    may: frozenset[str] = frozenset()
    seats: frozenset[str] = frozenset()
    offices: frozenset[str] = frozenset()
    other_side: frozenset[str] = frozenset()
