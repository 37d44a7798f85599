"""Narrowing a list to an adviser's caseload: the schools that a person leads on the day.

Who leads which school is told by a service's own projection (`policy.posts`); who may know of it is decided as
`allocations.read` decides it, so that a filter tells nobody more than the allocations themselves would.
"""

from typing import Final

from sqlalchemy import func, select

from contracts.data_class import DataClass
from service_kit.call import RequestCall
from service_kit.policy.decide import Decision, decide
from service_kit.policy.enforcing import require
from service_kit.policy.posts import PostsAndFootprints
from service_kit.policy.predicates import row_predicate
from service_kit.policy.scope import ALL_ROWS
from service_kit.unit_of_work import UnitOfWork

OPERATION: Final = "allocations.read"
"""For `call.read(operations=[OPERATION])` of a list that takes the filter: it finds the facts on which this turns."""
_CODE_DIGITS: Final = 3
"""The first digits of a school's number are its authority's code."""


async def schools_led(
    call: RequestCall, uow: UnitOfWork, rights: PostsAndFootprints, person_id: str
) -> list[str]:
    """Numbers of the schools that a person leads today, as far as the caller may know of it.

    Raises ProblemError `operation_not_permitted` (403) for a caller who may not read allocations.
    """
    decision = decide(call.principal, OPERATION, call.memberships, call.serving.roles)
    require(decision)
    posts = rights.posts.c
    known = row_predicate(
        decision.rows(DataClass.internal),
        authority=func.left(posts.school, _CODE_DIGITS),
        school=posts.school,
        person=posts.person_id,
    )
    query = select(posts.school).where(
        posts.post == "adviser", posts.person_id == person_id, posts.valid.contains(call.clock.today()), known
    )
    # Posts have no authority of their own by which PostgreSQL could show them: this query alone decides, for a moment.
    await call.under(uow, Decision(call.principal, OPERATION, True, {DataClass.internal: ALL_ROWS}))
    numbers = list(await uow.connection.scalars(query))
    await call.under(uow, call.decision)
    return numbers
