"""The support days of a school in a school year against the ceiling of its category [flows 2; domain 2.2.4; D-16].

How many days a value allows comes with the category (green 4, yellow 10, amber 15, red 25 in the national scheme): it
is a ceiling, not a quota. A later category never invalidates what is committed.
"""

from dataclasses import dataclass
from typing import Final

from brokerage.domain.caller import Caller
from contracts.steps import Barred
from contracts.text import Text

PROPOSER_CANNOT_OVERRIDE: Final = Barred(
    "proposer_cannot_override",
    Text(
        "Whoever asked for the support, matched or offered it does not override the ceiling for it.",
        "Nid yw'r sawl a ofynnodd am y cymorth, a'i parodd neu a'i cynigiodd yn diystyru'r terfyn ar ei gyfer.",
    ),
)
PROVIDER_CANNOT_OVERRIDE: Final = Barred(
    "provider_cannot_override",
    Text(
        "The provider does not override the ceiling for its own support.",
        "Nid yw'r darparwr yn diystyru'r terfyn ar gyfer ei gymorth ei hun.",
    ),
)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Days of one school in one school year. `ceiling` None: without a category there is no ceiling."""

    ceiling: int | None
    committed: int = 0
    used: int = 0
    extra: int = 0
    """Days that overrides allow beyond the ceiling."""

    @property
    def room(self) -> int | None:
        """Days that may still be committed; 0 where a lower ceiling came later; None: no ceiling."""
        return None if self.ceiling is None else max(0, self.ceiling + self.extra - self.committed)

    def exceeded_by(self, days: int) -> int:
        """By how many days a further commitment would exceed what is allowed; 0 where it fits or nothing limits it."""
        return 0 if self.room is None else max(0, days - self.room)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Who had to do with an offer: those who asked, matched and offered, and the provider."""

    proposers: frozenset[str]
    provider_person: str | None
    provider_school: str | None


def why_no_override(caller: Caller, proposal: Proposal) -> Barred | None:
    """Why this caller may not override the ceiling for an offer, whatever its role; None where it may."""
    if caller.provides(proposal.provider_person, proposal.provider_school):
        return PROVIDER_CANNOT_OVERRIDE
    return PROPOSER_CANNOT_OVERRIDE if caller.who in proposal.proposers else None
