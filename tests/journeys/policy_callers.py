"""Random callers: any roles, for any authority, school or body, of any person of the region, narrowed or not."""

from dataclasses import replace

from hypothesis import strategies as st
from policy_region import AUTHORITIES, BODIES, PEOPLE, SCHOOLS
from policy_world import Asker, World

from contracts.aggregates import READ_OPERATIONS
from service_kit.auth.principal import Grant
from service_kit.policy.roles import roles

READS = sorted({*READ_OPERATIONS.values(), "visits.read", "shared_visits.read"})


def _grants() -> st.SearchStrategy[Grant]:
    """Mostly of a role with what it is usually held for, so that most callers see something."""
    return st.builds(
        Grant,
        role=st.sampled_from(sorted(roles().roles)),
        authority=st.sampled_from([None, *AUTHORITIES, "673"]),
        school=st.sampled_from([None, *SCHOOLS]),
        body=st.sampled_from([None, "csc", "csc", *BODIES]),
    )


def _scopes() -> st.SearchStrategy[str]:
    some = st.sets(st.sampled_from(READS), min_size=3).map(
        lambda chosen: " ".join(sorted({*chosen, "changes.read"}))
    )
    return st.one_of(st.just("*"), st.just("*"), st.just("*"), some)


def askers() -> st.SearchStrategy[Asker]:
    """Callers whose `person` is a name of the region; `known` makes it that person's id."""
    return st.builds(
        Asker,
        grants=st.lists(_grants(), min_size=1, max_size=2).map(tuple),
        person=st.sampled_from([None, *PEOPLE]),
        scopes=_scopes(),
    )


def known(world: World, asker: Asker) -> Asker:
    """The caller with the id that its person was given."""
    return replace(asker, person=world.people.get(asker.person or ""))
