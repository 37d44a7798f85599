"""Registers and changes providers, and keeps their days by period [D-13, D-15]."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from brokerage.storage.tables import capacities, providers
from brokerage.usecases.event_writes import capacity_write, provider_write
from brokerage.usecases.refusing import announced, refuse_closed, refuse_reversed
from contracts.events.brokerage_providers import (
    CapacityDeclared,
    ProviderDetailsChanged,
    ProviderEnded,
    ProviderRegistered,
)
from contracts.identifiers import new_id
from service_kit.problems import Fault, ProblemError
from service_kit.reading import values_of
from service_kit.records import Write
from service_kit.refusals import sqlstate
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]
_EXCLUDED, _CHECKED = "23P01", "23514"


async def register_provider(uow: UnitOfWork, wanted: Row) -> str:
    """Registers a provider and gives its id.

    A school is given by its number (name and authority follow), an adviser by the person's id, a partner by name.
    Raises 422 where what its kind needs is missing or something else is given, 409 for a closed school.
    """
    needed = {"school": "provider_school", "adviser": "provider_person", "partner": "name"}[wanted["kind"]]
    faults = [Fault(f"/{needed}", "missing")] if wanted[needed] is None else []
    others = {"provider_school", "name"} - {needed}
    faults += [Fault(f"/{name}", "not_of_this_kind") for name in sorted(others) if wanted[name] is not None]
    if faults:
        raise ProblemError("validation_failed", errors=faults)
    values = {**wanted, "state": "active"}
    if wanted["kind"] == "school":
        school = await announced(uow, wanted["provider_school"], "/provider_school")
        refuse_closed(school, uow.clock.today())
        values |= {"name": school.name, "provider_authority": school.authority}
    id_ = new_id()
    await uow.write(providers, [provider_write(id_, ProviderRegistered, values, create=True)])
    return id_


async def change_provider(uow: UnitOfWork, row: Row, changes: Row, expected_version: int) -> None:
    """Changes what a provider can do, or Estyn's category of its school."""
    values = values_of(providers, row, **changes)
    changed = tuple(name for name in changes if row[name] != values[name])
    if changed:
        write = provider_write(
            row["id"], ProviderDetailsChanged, values, changed=changed, expected_version=expected_version
        )
        await uow.write(providers, [write])


async def end_provider(uow: UnitOfWork, row: Row) -> None:
    """A provider is matched no longer. Raises 409 `provider_has_ended` where it is so already."""
    if row["state"] == "ended":
        raise ProblemError("provider_has_ended")
    values = values_of(providers, row, state="ended")
    await uow.write(providers, [provider_write(row["id"], ProviderEnded, values)])


async def declare_capacity(
    uow: UnitOfWork, provider_id: str, first_day: date, last_day: date, days: int
) -> str:
    """Says how many days a provider has in a period, and gives the id. Raises 409 `capacity_overlap`, 422."""
    refuse_reversed(first_day, last_day)
    id_ = new_id()
    values = {"provider_id": provider_id, "days": days, "reserved_days": 0}
    write = capacity_write(id_, CapacityDeclared, values, (first_day, last_day), create=True)
    await _write(uow, write)
    return id_


async def change_capacity(uow: UnitOfWork, row: Row, days: int, expected_version: int) -> None:
    """Changes the days of a period. Raises 409 `capacity_reserved` below what commissions have reserved."""
    if days < row["reserved_days"]:
        raise ProblemError("capacity_reserved", {"reserved": row["reserved_days"]})
    if days == row["days"]:
        return
    values = values_of(capacities, row, days=days)
    period = (row["valid_from"], row["valid_to"] - timedelta(days=1))
    await _write(
        uow, capacity_write(row["id"], CapacityDeclared, values, period, expected_version=expected_version)
    )


async def _write(uow: UnitOfWork, write: Write) -> None:
    try:
        await uow.write(capacities, [write])
    except IntegrityError as error:
        if sqlstate(error) == _EXCLUDED:
            raise ProblemError("capacity_overlap") from error
        if sqlstate(error) == _CHECKED:
            raise ProblemError("capacity_reserved", {"reserved": write.values["reserved_days"]}) from error
        raise
