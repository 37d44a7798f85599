"""What a caller's rights turn on and the token does not say: dated facts of the region.

A token names roles; which schools an adviser leads, or which authorities a consortium has, are facts with dates that
a reorganisation moves. Each service answers them from its own tables or projections on the day of the request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.auth.principal import Principal


@dataclass(frozen=True, slots=True)
class Memberships:
    """The dated facts about one caller on one day.

    `schools`: by role (`adviser`, `head`, `chair_of_governors`), the schools for which the person holds it.
    `authorities`: by body code (a consortium), its member authorities.
    `bodies`: by role (`clerk`, `body_member`), the bodies in which the person has a seat that the role acts in.
    """

    schools: Mapping[str, frozenset[str]] = field(default_factory=dict)
    authorities: Mapping[str, frozenset[str]] = field(default_factory=dict)
    bodies: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def __hash__(self) -> int:
        """A value like any other, so that what follows from it can be kept."""
        parts = (self.schools, self.authorities, self.bodies)
        return hash(tuple(frozenset(part.items()) for part in parts))


NO_MEMBERSHIPS = Memberships()
"""Nothing is known: grants then cover only what they name themselves."""


class MembershipSource(Protocol):
    """How a service answers. It runs before row-level security is set, so it must ask only about this caller."""

    async def __call__(self, connection: AsyncConnection, principal: Principal, on: date) -> Memberships:
        """The memberships of `principal` on the day `on`; for a body, of those that its grants name."""
        ...
