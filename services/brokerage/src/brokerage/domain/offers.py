"""An offer's answers: both heads accept it, and the authority where it pays [flows 2; domain 5.2]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from brokerage.domain.caller import Caller

SIDES: Final = ("supported", "supporting", "paying_authority")


@dataclass(frozen=True, slots=True)
class Parties:
    """Who answers an offer: the supported school and its authority, the provider's school or person."""

    school: str
    authority: str
    provider_school: str | None
    provider_person: str | None


def first_answers(paid_by: str) -> dict[str, str]:
    """The answers of an offer that was just made."""
    paying = "awaited" if paid_by == "authority" else "not_needed"
    return {"supported": "awaited", "supporting": "awaited", "paying_authority": paying}


def answers_for(caller: Caller, parties: Parties) -> frozenset[str]:
    """The sides for which this caller answers."""
    sides = set()
    if parties.school in caller.heads:
        sides.add("supported")
    if caller.provides(parties.provider_person, parties.provider_school):
        sides.add("supporting")
    if parties.authority in caller.officers:
        sides.add("paying_authority")
    return frozenset(sides)


def state_after(answers: Mapping[str, str]) -> str:
    """The state of an offer from the answers of its sides: one refusal declines it, all that are needed accept it."""
    given = {answers[side] for side in SIDES}
    if "declined" in given:
        return "declined"
    return "made" if "awaited" in given else "accepted"
