"""Registers a proposed school, and opens it from a day on."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from contracts.events.registry import SchoolOpened
from registry.domain.lifecycle import OPEN, PROPOSED
from registry.domain.school_number import authority_of
from registry.storage.lineage import histories
from registry.usecases.change_school import FACTS, SchoolChange, new_school, write_schools
from registry.usecases.close_school import held_school, written_once
from registry.usecases.refusing import refuse, unknown_authority
from registry.usecases.school_states import OPENING, demand_step
from service_kit.unit_of_work import UnitOfWork


async def propose_school(uow: UnitOfWork, facts: Mapping[str, Any], valid_from: date) -> None:
    """Registers a school that is proposed from a day on; its authority is the one in its number.

    Raises 422 for a number of no authority, and 409 `already_exists` for one that the register has.
    """
    authority = authority_of(facts["school_number"])
    refuse(*await unknown_authority(uow, authority, "/school_number"))
    await write_schools(uow, [new_school({**facts, "authority": authority, "status": PROPOSED}, valid_from)])


async def open_school(uow: UnitOfWork, number: str, valid_from: date) -> None:
    """Opens a proposed school from a day on, which may lie ahead.

    Raises 422 for an unknown school, and 409 `transition_not_allowed` for one that is open or has closed.
    """
    held = held_school(await histories(uow.connection, [number]), number)
    demand_step(OPENING, held.standing, valid_from)
    facts = {name: held.on(valid_from)[name] for name in FACTS} | {"status": OPEN}
    change = SchoolChange(
        facts, valid_from, changed=("status",), expected_version=held.version, happened=SchoolOpened
    )
    async with written_once():
        await write_schools(uow, [change])
