"""Reserves a provider's days for a commission and releases them: never more than there are, whoever races whom."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from brokerage.storage.reading import one_period
from brokerage.storage.tables import capacities
from brokerage.usecases.event_writes import capacity_write
from contracts.events.brokerage_providers import CapacityFacts, CapacityReleased, CapacityReserved
from service_kit.problems import ProblemError
from service_kit.reading import first, locked, showing, values_of
from service_kit.refusals import sqlstate
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]
_CHECKED = "23514"


async def period_for(uow: UnitOfWork, provider_id: str, first_day: date, last_day: date, days: int) -> Row:
    """The provider's period around these days, with so many free. Raises 409 `capacity_exceeded`."""
    columns = capacities.slices.c
    wanted = Range(first_day, last_day + timedelta(days=1))
    query = showing(capacities, first_day, None, columns.provider_id == provider_id).where(
        columns.valid.contains(wanted)
    )
    row = await first(uow.connection, query)
    if row is None:
        raise ProblemError("capacity_exceeded", {"days": days, "free": 0})
    _refuse_overbooking(row, days)
    return row


async def reserve(
    uow: UnitOfWork, offer: Row, days: int, commission_id: str, last_day: date | None = None
) -> str:
    """Reserves days of the period in which an offer lies, and gives the period's id. Raises 409 `capacity_exceeded`.

    The period is locked before its free days are read; the constraint on its table refuses what would slip past.
    """
    period = await period_for(
        uow, offer["provider_id"], offer["first_day"], last_day or offer["last_day"], days
    )
    if not days:
        return str(period["id"])
    row = await _locked(uow, period["id"])
    _refuse_overbooking(row, days)
    await _move(uow, row, CapacityReserved, days, commission_id)
    return str(row["id"])


async def release(uow: UnitOfWork, capacity_id: str, days: int, commission_id: str) -> None:
    """Frees days that a commission reserved and does not use."""
    if days:
        await _move(uow, await _locked(uow, capacity_id), CapacityReleased, -days, commission_id)


async def _locked(uow: UnitOfWork, capacity_id: str) -> Row:
    row = await locked(uow.connection, capacities, capacity_id, one_period(capacity_id))
    if row is None:
        raise ProblemError("capacity_exceeded", {"days": 0, "free": 0})
    return row


def _refuse_overbooking(row: Row, days: int) -> None:
    free = row["days"] - row["reserved_days"]
    if days > free:
        raise ProblemError("capacity_exceeded", {"days": days, "free": free})


async def _move(uow: UnitOfWork, row: Row, kind: type[CapacityFacts], by: int, commission_id: str) -> None:
    values = values_of(capacities, row, reserved_days=row["reserved_days"] + by)
    period = (row["valid_from"], row["valid_to"] - timedelta(days=1))
    write = capacity_write(row["id"], kind, values, period, commission_id=commission_id, moved_days=abs(by))
    try:
        await uow.write(capacities, [write])
    except IntegrityError as error:
        if sqlstate(error) == _CHECKED:
            free = row["days"] - row["reserved_days"]
            raise ProblemError("capacity_exceeded", {"days": by, "free": free}) from error
        raise
