"""What falls due by the clock: offers that nobody answered in time expire, and with them their requests."""

from typing import Final

from sqlalchemy import func, select

from brokerage.storage.tables import moved_schools, offers, support_requests
from brokerage.usecases.event_writes import offer_write
from brokerage.usecases.follow_school import KINDS
from brokerage.usecases.make_offer import follow_offer
from contracts.events.brokerage import OfferExpired
from service_kit.clock_tasks import ClockTask
from service_kit.moving import follow_late
from service_kit.reading import lock, locked, showing, values_of
from service_kit.unit_of_work import UnitOfWork

AT_ONCE: Final = 200
"""Offers that one run expires; the next run goes on."""


async def expire_offers(uow: UnitOfWork) -> int:
    """Offers whose last day for answers has passed: `offer.expired`, `support_request.expired`."""
    columns, today = offers.slices.c, uow.clock.today()
    due = select(columns.id, columns.request_id).where(
        func.upper_inf(columns.known), columns.state == "made", columns.expires_on < today
    )
    count = 0
    for id_, request_id in (await uow.connection.execute(due.order_by(columns.id).limit(AT_ONCE))).all():
        await lock(uow.connection, support_requests, request_id)
        offer = await locked(uow.connection, offers, id_, showing(offers, today, None, columns.id == id_))
        # Somebody may have answered in between.
        if offer is None or offer["state"] != "made":
            continue
        await uow.write(offers, [offer_write(id_, OfferExpired, values_of(offers, offer, state="expired"))])
        await follow_offer(uow, request_id, id_, "expired")
        count += 1
    return count


CLOCK_TASKS: Final = (ClockTask("expire_offers", expire_offers), follow_late(moved_schools, KINDS))
