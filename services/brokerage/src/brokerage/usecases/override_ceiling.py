"""Allows days beyond a school's ceiling, or a commission where there is no category [D-16; flows 2]."""

from collections.abc import Mapping
from typing import Any

from brokerage.domain.caller import Caller
from brokerage.domain.ceilings import why_no_override
from brokerage.storage.known import lock_school
from brokerage.storage.support_days import days_of_school
from brokerage.storage.tables import ceiling_overrides
from brokerage.usecases.place_commission import proposal_of
from contracts.events.brokerage_commissions import CeilingOverridden
from contracts.identifiers import new_id
from contracts.school_year import school_year_of
from service_kit.problems import ProblemError
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]


async def override_ceiling(
    uow: UnitOfWork, offer: Row, request: Row, caller: Caller, extra_days: int, reason: str
) -> str:
    """Records the override of the school's lead officer with its reason, and gives its id.

    Raises 409 `override_barred` for a proposer or the provider, `offer_not_open` where nothing can be commissioned.
    """
    barred = why_no_override(caller, proposal_of(request, offer))
    if barred is not None:
        raise ProblemError("override_barred", {"reason": barred.text}, extra={"reason": barred.code})
    if offer["state"] not in ("made", "accepted"):
        raise ProblemError("offer_not_open", extra={"state": offer["state"]})
    await lock_school(uow.connection, offer["school_number"])
    year = school_year_of(offer["first_day"])
    held = await days_of_school(uow.connection, offer["school_number"], year, uow.clock.today())
    values = {
        "school_number": offer["school_number"],
        "authority": offer["authority"],
        "offer_id": offer["id"],
        "request_id": offer["request_id"],
        "school_year": year,
        "extra_days": extra_days,
        "ceiling_days": held.ledger.ceiling,
        "committed_days": held.ledger.committed,
        "scheme": held.category.scheme if held.category is not None else None,
        "category": held.category.value if held.category is not None else None,
        "reason": reason,
        "authorised_by": caller.who,
    }
    id_ = new_id()
    carried = {
        name: value
        for name, value in values.items()
        if name not in ("school_number", "reason", "authorised_by")
    }
    event = CeilingOverridden(override_id=id_, school=offer["school_number"], changed=("reason",), **carried)
    write = Write(
        id=id_, subject=f"/ceiling-overrides/{id_}", values=values, event=event, create=True, reason=reason
    )
    await uow.write(ceiling_overrides, [write])
    return id_
