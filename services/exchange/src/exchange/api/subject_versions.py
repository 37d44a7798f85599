"""One version per school and per authority, raised by every event about it: for whoever reads much about it at once.

A version is the position of the last entry of the feed that the caller may see, so it says nothing that the feed
hides. `rights` stands for what the caller may see at all: a body is unchanged only where both are.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Annotated

from pydantic import Field
from sqlalchemy import ColumnElement
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.identifiers import AUTHORITY_CODE_PATTERN, SCHOOL_NUMBER_PATTERN
from contracts.text import Text
from exchange.storage.subject_versions import about_authority, about_school, last_about
from exchange.usecases.read_changes import FEED_OPERATIONS, Shown, feed_decision, shown_to, visible
from service_kit.call import Call, RequestCall
from service_kit.models import Timestamp, View
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
    return await _version(call, about_school(school_number, school_number[:3]))


@router.get(
    "/authority-versions/{authority}",
    operation="changes.read",
    response_model=SubjectVersionView,
    dated=False,
)
async def read_authority_version(authority: _Authority, call: Call) -> Response:
    """Reads the version of an authority: raised by every event about it and about its schools."""
    return await _version(call, about_authority(authority))


async def _version(call: RequestCall, about: list[ColumnElement[bool]]) -> Response:
    async with call.read(operations=FEED_OPERATIONS) as uow:
        shown = shown_to(call.principal, call.memberships, call.serving.roles)
        await call.under(uow, feed_decision(call.principal, shown))
        last = await last_about(uow.connection, about, visible(shown))
    view = SubjectVersionView(
        version=0 if last is None else last.position,
        changed_at=None if last is None else last.recorded_at,
        settled=last is None or last.settled,
        rights=_rights(shown),
    )
    return call.answer(view)


def _rights(shown: Iterable[Shown]) -> str:
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
