"""What the register keeps of a school follows it to another authority, from the day on; its people at once."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range

from contracts.data_class import DataClass
from contracts.events.registry import (
    AdviserAllocated,
    AdviserAllocationEnded,
    ContactChanged,
    RoleAssigned,
    RoleEnded,
)
from contracts.events.registry_transfers import PersonMoved
from contracts.identifiers import new_id
from registry.domain.advisers import in_scope
from registry.storage.advisers import scope_of_school
from registry.storage.tables import (
    adviser_allocations,
    contacts,
    footprint_memberships,
    moved_schools,
    people,
    role_assignments,
)
from registry.usecases.change_contact import PERSONAL, contact_id
from service_kit.moving import Move, Moving, keep_move, move_records, told_as
from service_kit.policy.rls import EVERYTHING, apply_settings
from service_kit.problems import Fault, ProblemError
from service_kit.records import Record, Write, as_of
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]


def _employed(values: dict[str, Any], move: Move) -> dict[str, Any]:
    """A school's staff is employed by its authority."""
    stays = values["employer"] != move.old_authority
    return values if stays else values | {"employer": move.new_authority}


_PEOPLE: Final = (Moving(people, told_as(PersonMoved, "people", "person_id"), renamed=_employed),)


async def records_follow(uow: UnitOfWork, move: Move) -> None:
    """Contacts, roles, lead adviser and people of a school that was transferred.

    The transfer itself is permitted when this begins. What follows may hold what its caller may not see, such as a
    contact's name, so row-level security is lifted for the rest of the transaction; nothing of it is answered.
    """
    await apply_settings(uow.connection, {EVERYTHING: ",".join(DataClass)})
    await keep_move(uow.connection, moved_schools, move)
    await _contacts_follow(uow, move)
    await _roles_follow(uow, move)
    await _adviser_follows(uow, move)
    await move_records(uow, _PEOPLE, move)


async def _held(uow: UnitOfWork, record: Record, move: Move) -> Sequence[Row]:
    """Slices of the school as known now that share a day with the time from the move on, in the order of days."""
    columns = record.slices.c
    query = select(record.slices).where(
        columns.school_number == move.old_number,
        func.upper_inf(columns.known),
        columns.valid.overlaps(Range(move.moved_on, None)),
    )
    rows = await uow.connection.execute(query.order_by(columns.id, func.lower(columns.valid).nulls_first()))
    return [dict(row) for row in rows.mappings()]


async def _contacts_follow(uow: UnitOfWork, move: Move) -> None:
    """From the day on, nobody is told under the old number, and the same contacts under the new one."""
    rows = await _held(uow, contacts, move)
    blank = dict.fromkeys(PERSONAL)
    ended = {
        row["id"]: _contact({**row, **blank}, move.moved_on, None, create=False, changed=PERSONAL)
        for row in rows
    }
    await uow.write(contacts, list(ended.values()))
    known: set[str] = set()
    for row in rows:
        values = {**row, "school_number": move.new_number, "authority": move.new_authority}
        start = max(row["valid"].lower or move.moved_on, move.moved_on)
        changed = tuple(name for name in PERSONAL if row[name] is not None)
        write = _contact(values, start, row["valid"].upper, create=row["id"] not in known, changed=changed)
        await uow.write(contacts, [write])
        known.add(row["id"])


def _contact(
    values: Row, valid_from: date, valid_to: date | None, *, create: bool, changed: tuple[str, ...]
) -> Write:
    number, post = values["school_number"], values["post"]
    event = ContactChanged(
        authority=values["authority"], school=number, post=post, valid_from=valid_from, valid_to=valid_to,
        changed=changed,
    )  # fmt: skip
    return Write(
        id=contact_id(number, post), subject=f"/schools/{number}/contacts/{post}",
        values={name: values[name] for name in contacts.own}, event=event, valid_from=valid_from,
        valid_to=valid_to, create=create,
    )  # fmt: skip


async def _roles_follow(uow: UnitOfWork, move: Move) -> None:
    """A role at the school ends under the old number and begins under the new one; one that begins later is moved."""
    for row in await _held(uow, role_assignments, move):
        employer = move.new_authority if row["employer"] == move.old_authority else row["employer"]
        after = {"school_number": move.new_number, "authority": move.new_authority, "employer": employer}
        if _began(row, move):
            ended = {"valid_from": row["valid"].lower, "valid_to": move.moved_on}
            begun = {"valid_from": move.moved_on, "valid_to": row["valid"].upper}
            await uow.write(
                role_assignments,
                [
                    _role(row["id"], row, RoleEnded, ended, changed=("valid_to",)),
                    _role(new_id(), {**row, **after}, RoleAssigned, begun, changed=("role",), create=True),
                ],
            )
        else:
            days = {"valid_from": row["valid"].lower, "valid_to": row["valid"].upper}
            moved = _role(row["id"], {**row, **after}, RoleAssigned, days, changed=("school",), move=move)
            await uow.write(role_assignments, [moved])


def _role(
    id_: str,
    row: Row,
    kind: type[RoleAssigned | RoleEnded],
    days: Mapping[str, Any],
    *,
    changed: tuple[str, ...],
    create: bool = False,
    move: Move | None = None,
) -> Write:
    event = kind(
        authority=row["authority"], school=row["school_number"], person_id=row["person_id"], role=row["role"],
        employer=row["employer"], changed=changed, **days, **_origin(move),
    )  # fmt: skip
    values = {name: row[name] for name in role_assignments.own}
    return Write(
        id=id_,
        subject=f"/role-assignments/{id_}",
        values=values,
        event=event,
        create=create,
        alone=True,
        **days,
    )


async def _adviser_follows(uow: UnitOfWork, move: Move) -> None:
    """A lead adviser goes on where both authorities are of one consortium and the school still needs one; else it ends.

    Raises 409 `transfer_refused` for an allocation that would begin later and cannot go on: it is put right first.
    """
    rows = await _held(uow, adviser_allocations, move)
    goes_on = bool(rows) and await _same_consortium(uow, move) and await _needs_adviser(uow, move)
    after = {"school_number": move.new_number, "authority": move.new_authority}
    for row in rows:
        writes = []
        if _began(row, move):
            ended = {"valid_from": row["valid"].lower, "valid_to": move.moved_on}
            begun = {"valid_from": move.moved_on, "valid_to": row["valid"].upper}
            writes.append(_adviser(row["id"], row, AdviserAllocationEnded, ended, changed=("valid_to",)))
            if goes_on:
                new = {**row, **after}
                writes.append(
                    _adviser(new_id(), new, AdviserAllocated, begun, changed=("person_id",), create=True)
                )
        elif goes_on:
            days = {"valid_from": row["valid"].lower, "valid_to": row["valid"].upper}
            moved = {**row, **after}
            writes.append(_adviser(row["id"], moved, AdviserAllocated, days, changed=("school",), move=move))
        else:
            fault = Fault("/valid_from", "adviser_allocated_later", {"school": move.old_number})
            raise ProblemError("transfer_refused", {"count": 1}, errors=[fault])
        await uow.write(adviser_allocations, writes)


def _adviser(
    id_: str,
    row: Row,
    kind: type[AdviserAllocated | AdviserAllocationEnded],
    days: Mapping[str, Any],
    *,
    changed: tuple[str, ...],
    create: bool = False,
    move: Move | None = None,
) -> Write:
    event = kind(
        authority=row["authority"], school=row["school_number"], school_number=row["school_number"],
        person_id=row["person_id"], changed=changed, **days, **_origin(move),
    )  # fmt: skip
    values = {name: row[name] for name in adviser_allocations.own}
    return Write(
        id=id_,
        subject=f"/adviser-allocations/{id_}",
        values=values,
        event=event,
        create=create,
        alone=True,
        **days,
    )


def _began(row: Row, move: Move) -> bool:
    return row["valid"].lower is None or row["valid"].lower < move.moved_on


def _origin(move: Move | None) -> dict[str, str]:
    return {} if move is None else {"from_authority": move.old_authority, "from_school": move.old_number}


async def _same_consortium(uow: UnitOfWork, move: Move) -> bool:
    columns = footprint_memberships.slices.c
    query = select(columns.authority, columns.footprint).where(
        columns.kind == "consortium",
        columns.authority.in_([move.old_authority, move.new_authority]),
        as_of(footprint_memberships, move.moved_on, None),
    )
    members = {row.authority: row.footprint for row in await uow.connection.execute(query)}
    return len(members) == 2 and len(set(members.values())) == 1


async def _needs_adviser(uow: UnitOfWork, move: Move) -> bool:
    facts, regimes = await scope_of_school(uow.connection, move.new_number, move.moved_on)
    return any(move.moved_on in days for fact in facts for days in in_scope(fact, regimes))
