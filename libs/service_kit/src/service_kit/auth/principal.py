"""Who is calling, as a verified access token says it.

A principal is made by the token verifier only (and by a service for its own workers); everything that decides about
rights takes one.
"""

from dataclasses import dataclass, field
from typing import Final

from contracts.text import Language

ALL_OPERATIONS: Final = "*"
"""The scope of a token that is not narrowed: everything that its roles allow."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One role, and for what it is held. A role without its authority, school or body covers no rows of its own."""

    role: str
    authority: str | None = None
    school: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller: `subject` and `client_id` are the token's own, `person_id` is set for people only.

    A person calls through a client (the front end), so `subject` names who acts and `client_id` through what.
    `scopes` narrow what the roles allow; they never widen it. `language` is the person's own choice, if any.
    """

    subject: str
    client_id: str
    person_id: str | None = None
    grants: tuple[Grant, ...] = ()
    scopes: frozenset[str] = field(default_factory=lambda: frozenset({ALL_OPERATIONS}))
    language: Language | None = None
    issuer: str = ""

    def in_scope(self, operation: str) -> bool:
        """Whether the token's scopes leave the operation open; the roles must allow it as well."""
        return ALL_OPERATIONS in self.scopes or operation in self.scopes

    @property
    def roles(self) -> frozenset[str]:
        """The names of the roles held, for whatever authority, school or body."""
        return frozenset(grant.role for grant in self.grants)
