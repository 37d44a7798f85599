"""Delivery of a commission: begun, days logged, reviewed on the way, delivered [D-14; flows 2]."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from brokerage.domain.commissions import Days
from brokerage.storage.tables import deliveries
from brokerage.usecases.place_commission import end, move_commission
from brokerage.usecases.refusing import refuse_future
from contracts.events.brokerage_commissions import (
    CommissionDelivered,
    CommissionReviewed,
    CommissionStarted,
    CommissionUsed,
    DeliveryLogged,
)
from contracts.identifiers import new_id
from service_kit.problems import Fault, ProblemError
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]


async def start(uow: UnitOfWork, row: Row) -> None:
    """Begins delivery."""
    await move_commission(uow, row, CommissionStarted, state="in_delivery")


async def log_delivery(
    uow: UnitOfWork, row: Row, delivered_on: date, days: int, note: str | None, who: str
) -> str:
    """Logs days delivered on a day of the commission, and gives the log entry's id.

    Raises 422 for a day in the future or outside the commission, 409 `days_used_up` beyond what is committed.
    """
    refuse_future(uow, delivered_on, "/delivered_on")
    if not row["first_day"] <= delivered_on <= row["last_day"]:
        raise ProblemError("validation_failed", errors=[Fault("/delivered_on", "outside_commission")])
    held = Days(row["days"], row["days_used"], row["days_released"])
    if days > held.unused:
        raise ProblemError("days_used_up", {"days": days, "left": held.unused})
    after = held.after_delivery(days)
    id_ = new_id()
    whose = (
        "school_number",
        "authority",
        "provider_id",
        "provider_school",
        "provider_authority",
        "provider_person",
    )
    sides = {name: row[name] for name in whose}
    values = {
        **sides,
        "commission_id": row["id"],
        "delivered_on": delivered_on,
        "days": days,
        "note": note,
        "logged_by": who,
    }
    event = DeliveryLogged(
        **{name: value for name, value in sides.items() if name != "school_number"},
        school=row["school_number"], delivery_id=id_, commission_id=row["id"],
        finding_id=row["finding_id"], delivered_on=delivered_on, days=days, days_used=after.used,
        changed=("note",) if note else (),
    )  # fmt: skip
    write = Write(id=id_, subject=f"/deliveries/{id_}", values=values, event=event, create=True)
    await uow.write(deliveries, [write])
    await move_commission(uow, row, CommissionUsed, days_used=after.used)
    return id_


async def review(uow: UnitOfWork, row: Row, text: str) -> None:
    """Reviews progress on the way."""
    await move_commission(uow, row, CommissionReviewed, state="reviewed", review=text)


async def deliver(uow: UnitOfWork, row: Row) -> None:
    """Records that everything was delivered; unused days are free again. Raises 409 `nothing_delivered`."""
    if not row["days_used"]:
        raise ProblemError("nothing_delivered")
    await end(uow, row, CommissionDelivered, state="delivered", delivered_on=uow.clock.today())
