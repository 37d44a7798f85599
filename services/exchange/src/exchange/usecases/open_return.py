"""Opens a return: by the clock once its period is over, by hand, or as the correction of an earlier version."""

from typing import Any

from contracts.events.exchange import ReturnAmended, ReturnOpened
from exchange.domain.lifecycle import CAN_BE_AMENDED
from exchange.domain.obligations import Obligation
from exchange.storage import returns
from exchange.storage.definitions import current
from exchange.usecases.owe_returns import owed_returns
from exchange.usecases.return_writing import write_version
from service_kit.clock_tasks import ClockTask
from service_kit.problems import ProblemError
from service_kit.unit_of_work import UnitOfWork

_AT_ONCE = 100


def version_id(return_id: str, number: int) -> str:
    """The id of a version, like `2019-20.spring_1.central_south.1`."""
    return f"{return_id}.{number}"


def of_obligation(one: Obligation) -> dict[str, Any]:
    """What a version takes from its obligation, each time that it is filled."""
    return {
        "first_day": one.first_day,
        "last_day": one.last_day,
        "due_on": one.due_on,
        "days": {
            code: {"first_day": days.first_day.isoformat(), "last_day": days.last_day.isoformat()}
            for code, days in sorted(one.days.items())
        },
    }


def return_id_of(one: Obligation, *, test: bool) -> str:
    """The id of its return, or of the test return: it has an id of its own, so that nothing of it meets the return."""
    return f"{one.return_id}.test" if test else one.return_id


async def open_return(uow: UnitOfWork, one: Obligation, *, test: bool = False) -> str:
    """Opens the first version; gives its id. Raises 409 `return_period_not_over`."""
    if uow.clock.today() < one.opens_on:
        raise ProblemError("return_period_not_over", {"opens_on": one.opens_on.isoformat()})
    own = one.kind == "authority"
    return_id = return_id_of(one, test=test)
    values = {
        "return_id": return_id,
        "number": 1,
        "organisation": one.organisation,
        "kind": one.kind,
        "test": test,
        "authority": one.organisation if own else None,
        "body": None if own else one.organisation,
        "school_year": one.school_year,
        "period": one.period,
        "definition": current().version,
        "state": "opened",
        "findings": [],
        "remarks": [],
        **of_obligation(one),
    }
    id_ = version_id(return_id, 1)
    await write_version(uow, id_, {}, values, ReturnOpened, create=True)
    return id_


async def open_due(uow: UnitOfWork) -> int:
    """Opens every return whose period is over and that is not open yet."""
    owed = [one for one in await owed_returns(uow.connection, None) if one.opens_on <= uow.clock.today()]
    held = {v["return_id"] for v in await returns.all_versions(uow.connection, [o.return_id for o in owed])}
    missing = [one for one in owed if one.return_id not in held][:_AT_ONCE]
    for one in missing:
        await open_return(uow, one)
    return len(missing)


OPEN_RETURNS = ClockTask("open_returns", open_due)


async def amend_return(uow: UnitOfWork, return_id: str, reason: str) -> str:
    """Begins a later version that corrects the newest one; gives its id. Raises 404 or 409 `return_not_amendable`."""
    versions = await returns.versions_of(uow.connection, return_id)
    if not versions:
        raise ProblemError("not_found")
    await returns.locked(uow.connection, versions[-1]["id"])
    newest = (await returns.versions_of(uow.connection, return_id))[-1]
    if newest["state"] not in CAN_BE_AMENDED:
        raise ProblemError("return_not_amendable", {"version": newest["number"]})
    kept = ("return_id", "organisation", "kind", "test", "authority", "body", "school_year", "period",
            "first_day", "last_day", "due_on", "days")  # fmt: skip
    values = {
        **{name: newest[name] for name in kept},
        "number": newest["number"] + 1,
        "definition": current().version,
        "state": "opened",
        "findings": [],
        "remarks": [],
        "amends": newest["number"],
        "amend_reason": reason,
    }
    id_ = version_id(return_id, values["number"])
    await write_version(uow, id_, {}, values, ReturnAmended, create=True, amends=newest["number"])
    return id_
