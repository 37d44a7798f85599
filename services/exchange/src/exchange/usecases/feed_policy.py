"""What the feed shows to a caller, worked out once: the same caller asks again every few milliseconds.

A decision follows from the principal, its memberships of the day and the roles; each is a value, so a decision kept
under them is never an old one.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from sqlalchemy import ColumnElement, any_, bindparam, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from eventing.raw import Composed
from exchange.storage import change_log, subject_versions
from exchange.storage.tables import changes
from exchange.usecases.read_changes import Shown, feed_decision, shown_to, visible
from service_kit.auth.principal import Principal
from service_kit.policy.decide import Decision
from service_kit.policy.memberships import Memberships
from service_kit.policy.roles import Roles

KEPT = 1_000
"""Callers, and their filters, for which it is kept."""


@dataclass(frozen=True, slots=True)
class FeedPolicy:
    """The rows that a caller may see, and the decision that tells row-level security of them."""

    shown: tuple[Shown, ...]
    decision: Decision


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller asked to be told of; what is empty asks for everything."""

    types: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    schools: tuple[str, ...] = ()
    partition: tuple[int, int] | None = None
    """Which of how many; None: all of them."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same as conditions on the log."""
        columns = (
            ((changes.c.type,), self.types),
            # What moved is told under the authority and number that it had, as well as under those that it has; a
            # record with two sides under those of both.
            (_either("authority"), self.authorities),
            (_either("school"), self.schools),
        )
        wanted = [
            or_(*(column == any_(bindparam(None, list(values), type_=ARRAY(Text))) for column in either))
            for either, values in columns
            if values
        ]
        return wanted if self.partition is None else [*wanted, change_log.in_partition(*self.partition)]


def _either(tenant: str) -> tuple[ColumnElement[str], ...]:
    return tuple(changes.c[side + tenant] for side in ("", "from_", "other_", "from_other_"))


@lru_cache(maxsize=KEPT)
def feed_policy(principal: Principal, memberships: Memberships, roles: Roles) -> FeedPolicy:
    """The feed's policy for a caller."""
    shown = shown_to(principal, memberships, roles)
    return FeedPolicy(tuple(shown), feed_decision(principal, shown))


@lru_cache(maxsize=KEPT)
def reading(shown: tuple[Shown, ...], wanted: Wanted) -> Composed:
    """The statement that reads what may be seen and was asked for."""
    return change_log.reading([visible(list(shown)), *wanted.conditions()])


@lru_cache(maxsize=KEPT)
def last_about_school(shown: tuple[Shown, ...]) -> Composed:
    """The statement that finds the last entry about a school that may be seen."""
    return subject_versions.reading(subject_versions.about_school(), visible(list(shown)))


@lru_cache(maxsize=KEPT)
def last_about_authority(shown: tuple[Shown, ...]) -> Composed:
    """The statement that finds the last entry about an authority that may be seen."""
    return subject_versions.reading(subject_versions.about_authority(), visible(list(shown)))


@lru_cache(maxsize=KEPT)
def rights_of(shown: tuple[Shown, ...]) -> str:
    """A digest of everything that the policy opens to the caller today."""
    lines = sorted(
        "|".join(
            (
                ",".join(part.aggregates), part.data_class.value, str(part.scope.everything),
                *(
                    ",".join(sorted(values))
                    for values in (
                        part.scope.authorities, part.scope.schools, part.scope.persons, part.scope.subjects,
                        part.scope.bodies,
                    )
                ),
            )
        )
        for part in shown
    )  # fmt: skip
    return blake2b("\n".join(lines).encode(), digest_size=12).hexdigest()
