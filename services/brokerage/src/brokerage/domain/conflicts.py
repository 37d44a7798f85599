"""Conflicts of interest between a provider and a request [flows 2; S4-16; D-17].

Absolute: the own school. Declared or known: who provides wrote the finding, matched it, or gains commercially; these
block until the authority records a mitigation.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interest:
    """A conflict that somebody declared for this provider and request."""

    ground: str
    mitigated: bool


@dataclass(frozen=True, slots=True)
class Involvement:
    """Who had to do with a request before: the school it is for, who wrote its finding, who matches it."""

    school: str
    finding_by: str | None = None
    matched_by: str | None = None


def blocking(
    provider_person: str | None,
    provider_school: str | None,
    involvement: Involvement,
    interests: Iterable[Interest],
) -> tuple[str, ...]:
    """The grounds that block, in order; `own_school` first, which nothing mitigates. None: nothing blocks."""
    declared = list(interests)
    grounds = {one.ground for one in declared}
    if provider_person is not None:
        if provider_person == involvement.finding_by:
            grounds.add("wrote_finding")
        if provider_person == involvement.matched_by:
            grounds.add("matched_it")
    open_ = {one.ground for one in declared if not one.mitigated}
    settled = {one.ground for one in declared if one.mitigated} - open_
    own = ("own_school",) if provider_school == involvement.school else ()
    return (*own, *sorted(grounds - settled))
