"""One version per school and per authority, raised by every event about it: for whoever reads much about it at once.

A version is the position of the last entry of the feed that the caller may see, so it says nothing that the feed
hides. `rights` stands for what the caller may see at all: a body is unchanged only where both are.
"""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.identifiers import AUTHORITY_CODE_PATTERN, SCHOOL_NUMBER_PATTERN
from contracts.text import Text
from eventing.raw import Composed
from exchange.storage.subject_versions import last_about
from exchange.usecases.feed_policy import feed_policy, last_about_authority, last_about_school, rights_of
from exchange.usecases.read_changes import FEED_OPERATIONS, Shown
from service_kit.call import Call, RequestCall
from service_kit.models import Timestamp, View
from service_kit.policy.memberships import NO_MEMBERSHIPS
from service_kit.routing import Router

router = Router(
    "subject-versions", Text("Versions of schools and authorities", "Fersiynau ysgolion ac awdurdodau")
)

_Number = Annotated[str, Field(pattern=SCHOOL_NUMBER_PATTERN)]
_Authority = Annotated[str, Field(pattern=AUTHORITY_CODE_PATTERN)]


class SubjectVersionView(View, data_class=DataClass.public):
    """How far the feed has come with one school or authority, as far as you may see it."""

    version: int
    """Position in `/v1/changes` of the last entry about it; 0 where you have been shown none."""
    changed_at: Timestamp | None
    """When that entry reached the feed."""
    settled: bool
    """Whether that was some seconds ago, so that services which learn of it by events know it as well."""
    rights: str
    """Opaque: another value means that what you may see has changed."""


@router.get(
    "/school-versions/{school_number}",
    operation="changes.read",
    response_model=SubjectVersionView,
    dated=False,
)
async def read_school_version(school_number: _Number, call: Call) -> Response:
    """Reads the version of a school: raised by every event about it, and by those about its authority alone."""
    # The first three digits of a school's number are its authority's code.
    return await _version(call, last_about_school, school=school_number, authority=school_number[:3])


@router.get(
    "/authority-versions/{authority}",
    operation="changes.read",
    response_model=SubjectVersionView,
    dated=False,
)
async def read_authority_version(authority: _Authority, call: Call) -> Response:
    """Reads the version of an authority: raised by every event about it and about its schools."""
    return await _version(call, last_about_authority, authority=authority)


async def _version(
    call: RequestCall, statement: Callable[[tuple[Shown, ...]], Composed], **about: str
) -> Response:
    policy, roles = None, call.serving.roles
    if not call.needs_memberships(FEED_OPERATIONS):
        policy = feed_policy(call.principal, NO_MEMBERSHIPS, roles)
    under = None if policy is None else policy.decision
    async with call.read(operations=FEED_OPERATIONS, under=under) as uow:
        if policy is None:
            policy = feed_policy(call.principal, call.memberships, roles)
            await call.under(uow, policy.decision)
        last = await last_about(uow.connection, statement(policy.shown), **about)
    view = SubjectVersionView(
        version=0 if last is None else last.position,
        changed_at=None if last is None else last.recorded_at,
        settled=last is None or last.settled,
        rights=rights_of(policy.shown),
    )
    return call.answer(view)
