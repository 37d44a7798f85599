"""Transfers a school to another authority: one dated operation over everything that the register keeps of it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from contracts.events.registry_transfers import SchoolRekeyed, SchoolTransferred, TransferRecorded
from contracts.identifiers import new_id
from registry.domain.lifecycle import CLOSED, OPEN, direct_lineage
from registry.domain.transfers import REASON, Transfer, objections
from registry.storage.lineage import SchoolHistory, add_successions, histories, line_of
from registry.storage.tables import schools, transfers
from registry.usecases.change_school import FACTS, SchoolChange, write_schools
from registry.usecases.close_school import held_school, written_once
from registry.usecases.follow_school import records_follow
from registry.usecases.refusing import exists, refuse, unknown_authority
from registry.usecases.school_states import TRANSFER, demand_step
from service_kit.moving import Move
from service_kit.problems import Fault, ProblemError
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork


async def transfer_school(
    uow: UnitOfWork, number: str, authority: str, new_number: str, valid_from: date
) -> str:
    """The school belongs to another authority from a day on, under a number of it; gives the id of the transfer.

    The old number closes (`school.rekeyed`) and resolves by lineage to the new one (`school.transferred`). Contacts,
    roles and people follow; a lead adviser stays where both authorities are of one consortium, and ends otherwise.
    Raises 422 for a school or authority that is not registered, 409 `transition_not_allowed` for a school that is not
    open, and 409 `transfer_refused` with every other reason.
    """
    refuse(*await unknown_authority(uow, authority))
    held = held_school(await histories(uow.connection, [number]), number)
    demand_step(TRANSFER, held.standing, valid_from)
    facts = held.on(valid_from)
    wanted = Transfer(number, facts["authority"], new_number, authority, valid_from)
    found = objections(wanted, uow.clock.today(), number_in_use=await exists(uow, schools, new_number))
    if found:
        faults = [Fault(one.pointer, one.code, {"school": new_number}) for one in found]
        raise ProblemError("transfer_refused", {"count": len(faults)}, errors=faults)
    await _rekey(uow, held, wanted)
    id_ = await _record(uow, wanted)
    move = Move(number, wanted.old_authority, new_number, authority, valid_from)
    await records_follow(uow, move)
    return id_


async def _rekey(uow: UnitOfWork, held: SchoolHistory, wanted: Transfer) -> None:
    old, new, day = wanted.school_number, wanted.new_number, wanted.valid_from
    line = await line_of(uow.connection, [old])
    edges = frozenset(line) | {(old, new)}
    facts = {name: held.on(day)[name] for name in FACTS}
    change: Mapping[str, Any] = {
        "old_number": old,
        "old_authority": wanted.old_authority,
        "new_number": new,
        "new_authority": wanted.authority,
    }
    rekeyed = SchoolChange(
        {**facts, "status": CLOSED}, day, changed=("status", "successors"), expected_version=held.version,
        happened=SchoolRekeyed, lineage={**direct_lineage(edges, old), **change},
    )  # fmt: skip
    transferred = SchoolChange(
        {**facts, "school_number": new, "authority": wanted.authority, "status": OPEN}, day,
        changed=("school_number", "authority", "predecessors"), happened=SchoolTransferred,
        lineage={**direct_lineage(edges, new), **change}, create=True,
    )  # fmt: skip
    async with written_once():
        await write_schools(uow, [rekeyed, transferred])
    await add_successions(uow.connection, {(old, new): day}, uow.clock.now())


async def _record(uow: UnitOfWork, wanted: Transfer) -> str:
    id_ = new_id()
    values = {
        "school_number": wanted.new_number,
        "authority": wanted.authority,
        "from_school": wanted.school_number,
        "from_authority": wanted.old_authority,
        "transferred_on": wanted.valid_from,
        "reason": REASON,
    }
    event = TransferRecorded(
        transfer_id=id_,
        school=wanted.new_number,
        **{name: value for name, value in values.items() if name != "school_number"},
    )
    write = Write(id=id_, subject=f"/school-transfers/{id_}", values=values, event=event, create=True)
    await uow.write(transfers, [write])
    return id_
