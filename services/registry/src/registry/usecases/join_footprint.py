"""An authority joins a footprint, and leaves it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError

from contracts.events.registry import FootprintMembershipChanged
from contracts.identifiers import new_id
from registry.storage.tables import footprint_memberships
from registry.usecases.refusing import refuse, unknown_authority
from service_kit.problems import ProblemError
from service_kit.records import Write
from service_kit.refusals import sqlstate
from service_kit.unit_of_work import UnitOfWork

_EXCLUDED = "23P01"


async def join_footprint(
    uow: UnitOfWork, authority: str, kind: str, footprint: str, valid_from: date | None, valid_to: date | None
) -> str:
    """Records a membership; gives its id.

    Raises 422 for an unknown authority and 409 `footprint_overlap` where the authority is in a footprint of this kind
    on one of the days.
    """
    refuse(*await unknown_authority(uow, authority))
    membership_id = new_id()
    facts = {"authority": authority, "kind": kind, "footprint": footprint, "slot": f"{kind}:{authority}"}
    await _write(uow, membership_id, facts, valid_from, valid_to, create=True)
    return membership_id


async def leave_footprint(
    uow: UnitOfWork, held: Mapping[str, Any], valid_to: date | None, expected_version: int
) -> None:
    """Sets or moves the day from which an authority is no longer a member (None: it stays)."""
    if held["valid_to"] == valid_to:
        return
    facts = {name: held[name] for name in footprint_memberships.own}
    await _write(uow, held["id"], facts, held["valid_from"], valid_to, expected_version=expected_version)


async def _write(
    uow: UnitOfWork,
    membership_id: str,
    facts: Mapping[str, Any],
    valid_from: date | None,
    valid_to: date | None,
    *,
    create: bool = False,
    expected_version: int | None = None,
) -> None:
    event = FootprintMembershipChanged(
        authority=facts["authority"],
        kind=facts["kind"],
        footprint=facts["footprint"],
        valid_from=valid_from,
        valid_to=valid_to,
        changed=("footprint",) if create else ("valid_to",),
    )
    write = Write(
        id=membership_id,
        subject=f"/footprint-memberships/{membership_id}",
        values=facts,
        event=event,
        valid_from=valid_from,
        valid_to=valid_to,
        create=create,
        expected_version=expected_version,
        alone=True,
    )
    try:
        await uow.write(footprint_memberships, [write])
    except IntegrityError as error:
        if sqlstate(error) == _EXCLUDED:
            raise ProblemError("footprint_overlap", {"authority": facts["authority"]}) from error
        raise
