"""What a caller's rights turn on and the token does not say: dated facts of the region.

A token names roles; which schools an adviser leads, or which authorities a consortium has, are facts with dates that
a reorganisation moves. Each service answers them from its own tables or projections on the day of the request.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.auth.principal import Principal


@dataclass(frozen=True, slots=True)
class Memberships:
    """The dated facts about one caller on one day.

    `schools`: by role (`adviser`, `head`, `chair_of_governors`), the schools for which the person holds it.
    `authorities`: by body code (a consortium), its member authorities.
    `bodies`: by role (`clerk`, `body_member`), the bodies in which the person has a seat that the role acts in.
    `earlier`: by the code of an authority and by a school's number, the numbers under which what they have was known
    before a transfer (`moving.earlier_numbers`); asked for only where the past is.
    `leaving`: the bodies whose exempt items the person leaves for; what is confidential there is not open to it.
    """

    schools: Mapping[str, frozenset[str]] = field(default_factory=dict)
    authorities: Mapping[str, frozenset[str]] = field(default_factory=dict)
    bodies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    leaving: frozenset[str] = frozenset()
    earlier: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def before(self, holders: Iterable[str]) -> frozenset[str]:
        """The earlier numbers of schools that these authorities and schools have now."""
        return frozenset().union(*(self.earlier.get(holder, ()) for holder in holders))

    def __hash__(self) -> int:
        """A value like any other, so that what follows from it can be kept."""
        parts = (self.schools, self.authorities, self.bodies, self.earlier)
        return hash((*(frozenset(part.items()) for part in parts), self.leaving))


NO_MEMBERSHIPS = Memberships()
"""Nothing is known: grants then cover only what they name themselves."""

CLERK: Final = "clerk"
SEATED: Final = ("body_member", "managing_director")
"""Roles that act in any seat but the clerk's."""


def in_bodies(known: Memberships, seats: Iterable[tuple[str, bool, bool]]) -> Memberships:
    """What is known, with the seats of the person: each the body, whether it is the clerk's, whether it sees exempt.

    As clerk a person acts where it sits as clerk, as a member everywhere else; it leaves for exempt items where none
    of its seats in the body stays.
    """
    held = list(seats)
    clerked = frozenset(body for body, clerk, _ in held if clerk)
    seated = frozenset(body for body, clerk, _ in held if not clerk)
    staying = frozenset(body for body, _, sees_exempt in held if sees_exempt)
    return replace(
        known,
        bodies={CLERK: clerked, **dict.fromkeys(SEATED, seated)},
        leaving=(clerked | seated) - staying,
    )


class MembershipSource(Protocol):
    """How a service answers. It runs before row-level security is set, so it must ask only about this caller."""

    async def __call__(self, connection: AsyncConnection, principal: Principal, on: date) -> Memberships:
        """The memberships of `principal` on the day `on`; for a body, of those that its grants name."""
        ...
