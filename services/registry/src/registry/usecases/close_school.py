"""Closes a school from a day on, without a successor."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date

from contracts.events.registry import SchoolClosed
from registry.domain.lifecycle import CLOSED, direct_lineage
from registry.storage.lineage import SchoolHistory, histories, line_of
from registry.usecases.change_school import FACTS, SchoolChange, write_schools
from registry.usecases.refusing import refuse
from registry.usecases.school_states import CLOSURE, demand_step
from service_kit.problems import Fault, ProblemError
from service_kit.unit_of_work import UnitOfWork


async def close_school(uow: UnitOfWork, number: str, valid_from: date) -> None:
    """Closes a school from a day on, which may lie ahead; its history stays under its number.

    Raises 422 for an unknown school, and 409 `transition_not_allowed` for one that is not open, or whose closing is
    recorded already.
    """
    held = held_school(await histories(uow.connection, [number]), number)
    demand_step(CLOSURE, held.standing, valid_from)
    facts = {name: held.on(valid_from)[name] for name in FACTS} | {"status": CLOSED}
    line = await line_of(uow.connection, [number])
    change = SchoolChange(
        facts,
        valid_from,
        changed=("status",),
        expected_version=held.version,
        happened=SchoolClosed,
        lineage=direct_lineage(line, number),
    )
    async with written_once():
        await write_schools(uow, [change])


def held_school(known: Mapping[str, SchoolHistory], number: str) -> SchoolHistory:
    """The school of this number. Raises 422 where the register has none."""
    if number not in known:
        refuse(Fault("/school_number", "unknown_school", {"school": number}))
    return known[number]


@asynccontextmanager
async def written_once() -> AsyncIterator[None]:
    """Raises 409 `conflict` where somebody else changed or registered one of the schools since they were read."""
    try:
        yield
    except ProblemError as problem:
        if problem.code in ("precondition_failed", "already_exists"):
            raise ProblemError("conflict") from problem
        raise
