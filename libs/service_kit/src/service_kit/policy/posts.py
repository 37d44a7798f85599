"""What rights turn on, as the registry's events tell it: posts at schools, and members of consortia.

A service whose rights follow dated facts declares them once, in its tables:

    RIGHTS = PostsAndFootprints.declared_in(metadata)

and names them in its index: `reactions=[*reactions_of(reactions), *RIGHTS.reactions()]`,
`memberships=RIGHTS.memberships_of`. The registry, which owns these facts, answers from its own records instead.
"""

from collections.abc import Awaitable, Callable, Collection, Container, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Column, MetaData, Table, Text, select
from sqlalchemy.dialects.postgresql import DATERANGE, Range, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.data_class import DataClass
from contracts.events.registry import (
    AdviserAllocated,
    AdviserAllocationEnded,
    AllocationFacts,
    FootprintMembershipChanged,
    RoleAssigned,
    RoleEnded,
    RoleFacts,
)
from contracts.text import Text as Title
from eventing.envelope import Envelope
from eventing.reactions import Reaction, Unit, WaitFor, reactions_of, reacts_to
from service_kit.auth.principal import Principal
from service_kit.policy.memberships import Memberships
from service_kit.policy.rls import protect
from service_kit.projections import Projection

ROLE_OF_POST: Final[Mapping[str, str]] = {
    "adviser": "adviser",
    "head_teacher": "head",
    "chair_of_governors": "chair_of_governors",
}
"""From the code of `roles_of_people` to the role of the policy whose rights turn on the post."""

Announced = Callable[[AsyncConnection, Collection[str]], Awaitable[Container[str]]]
"""Which of these schools the registry has announced to this service."""


@dataclass(frozen=True, slots=True)
class PostsAndFootprints:
    """Two tables, the reactions that keep them, and the answer to the policy.

    `posts`: who is a school's lead adviser, head or chair of governors when; `post` is a code of `roles_of_people`,
    the id that of the registry's allocation or role assignment. `members`: which authorities a consortium has when.
    """

    posts: Table
    members: Table

    @classmethod
    def declared_in(cls, metadata: MetaData) -> "PostsAndFootprints":
        """Declares `posts_at_schools` and `footprint_members`, each guarded as its rows are."""
        posts = Table(
            "posts_at_schools",
            metadata,
            Column("id", Text, primary_key=True),
            Column("post", Text, nullable=False),
            Column("person_id", Text, nullable=False, index=True),
            Column("school", Text, nullable=False, index=True),
            Column("valid", DATERANGE, nullable=False),
        )
        protect(posts, DataClass.internal, school="school", person="person_id")
        members = Table(
            "footprint_members",
            metadata,
            Column("membership_id", Text, primary_key=True),
            Column("footprint", Text, nullable=False, index=True),
            Column("authority", Text, nullable=False),
            Column("valid", DATERANGE, nullable=False),
        )
        protect(members, DataClass.public, authority="authority")
        return cls(posts, members)

    async def memberships_of(
        self, connection: AsyncConnection, principal: Principal, on: date
    ) -> Memberships:
        """What the policy needs to know of one caller on a day; no statement where its roles need nothing."""
        schools: dict[str, set[str]] = {}
        if principal.person_id is not None and principal.roles & set(ROLE_OF_POST.values()):
            columns = self.posts.c
            query = select(columns.post, columns.school).where(
                columns.person_id == principal.person_id, columns.valid.contains(on)
            )
            for post, school in await connection.execute(query):
                schools.setdefault(ROLE_OF_POST[post], set()).add(school)
        authorities: dict[str, frozenset[str]] = {}
        for body in sorted({grant.body for grant in principal.grants if grant.body}):
            rows = await connection.scalars(
                select(self.members.c.authority).where(
                    self.members.c.footprint == body, self.members.c.valid.contains(on)
                )
            )
            authorities[body] = frozenset(rows)
        return Memberships(
            schools={role: frozenset(numbers) for role, numbers in schools.items()}, authorities=authorities
        )

    def projection(self, announced: Announced | None = None) -> Projection:
        """Both tables as what can be rebuilt; `announced` as in `reactions`."""
        title = Title(
            "Posts at schools and members of consortia", "Swyddi mewn ysgolion ac aelodau consortia"
        )
        return Projection("rights", title, [self.posts, self.members], self.reactions(announced))

    def reactions(self, announced: Announced | None = None) -> tuple[Reaction, ...]:
        """The reactions that keep both tables.

        `announced`: where given, a post at a school that it does not know waits for the school, so that nobody has
        rights on a school of which the service knows nothing else.
        """

        async def keep_post(event: AllocationFacts | RoleFacts, unit: Unit, id_: str) -> WaitFor | None:
            if isinstance(event, AllocationFacts):
                post, school = "adviser", event.school_number
            elif event.school is not None and event.role in ROLE_OF_POST:
                post, school = event.role, event.school
            else:
                return None
            if announced is not None and school not in await announced(unit.connection, [school]):
                return WaitFor(school)
            days = Range(event.valid_from, event.valid_to)
            values = {"post": post, "person_id": event.person_id, "school": school, "valid": days}
            await _keep(unit.connection, self.posts, {"id": id_}, values)
            return None

        @reacts_to(AdviserAllocated, AdviserAllocationEnded)
        async def keep_lead_adviser(event: AllocationFacts, envelope: Envelope, unit: Unit) -> WaitFor | None:
            """Keeps who leads a school: an adviser's rights follow it."""
            return await keep_post(event, unit, envelope.key)

        @reacts_to(RoleAssigned, RoleEnded)
        async def keep_post_at_school(event: RoleFacts, envelope: Envelope, unit: Unit) -> WaitFor | None:
            """Keeps who is head or chair of governors of a school: their rights follow it."""
            return await keep_post(event, unit, envelope.key)

        @reacts_to(FootprintMembershipChanged)
        async def keep_footprint_member(
            event: FootprintMembershipChanged, envelope: Envelope, unit: Unit
        ) -> None:
            """Keeps which authorities a consortium has: its officers' rights follow it."""
            if event.authority is not None:
                days = Range(event.valid_from, event.valid_to)
                values = {"footprint": event.footprint, "authority": event.authority, "valid": days}
                await _keep(unit.connection, self.members, {"membership_id": envelope.key}, values)

        return reactions_of(keep_lead_adviser, keep_post_at_school, keep_footprint_member)


async def _keep(
    connection: AsyncConnection, table: Table, key: Mapping[str, str], values: Mapping[str, Any]
) -> None:
    statement = insert(table).values(**key, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=dict(values)))
