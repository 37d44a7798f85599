"""Records follow their school to another authority: one mechanism for every service that keeps any.

    moved_schools = moved_schools_table(metadata)                        # in storage/tables.py
    KINDS = (Moving(visits, told_as(VisitMoved, "visits", "visit_id")), ...)
    follow_school = following(moved_schools, KINDS)                      # in reactions.py
    FOLLOW = follow_late(moved_schools, KINDS)                           # among the clock tasks

Each record of the school as known now is written anew with the authority and number that the school has from now on,
through the one way in which records change: version, slice, event, audit. What was known until then keeps the authority
and number of then, so the old authority still reads that; the new one reads it by the numbers that its schools had
before (`earlier_numbers`). A record that somebody made under the old number while the school moved follows it later.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import Column, Date, MetaData, Table, Text, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.event import Moved
from contracts.events.registry_transfers import SchoolTransferred
from contracts.text import Text as Title
from eventing.envelope import Envelope
from eventing.reactions import reactions_of, reacts_to
from service_kit.clock_tasks import ClockTask
from service_kit.policy.memberships import Memberships
from service_kit.projections import Projection
from service_kit.records import Record, Write
from service_kit.slices import lock_heads
from service_kit.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Move:
    """A school belongs to another authority, under another number, from a day on."""

    old_number: str
    old_authority: str
    new_number: str
    new_authority: str
    moved_on: date


@dataclass(frozen=True, slots=True)
class Side:
    """The columns that say whose a record is on one side: of its authority and of its school.

    `from_authority` and `from_school` are the fields of its event that say whose that side was before.
    """

    authority: str
    school: str
    from_authority: str = "from_authority"
    from_school: str = "from_school"


MOVED_SCHOOLS: Final = "moved_schools"
OWN: Final = Side("authority", "school_number")
"""The side to which a record belongs; an event's `authority` and `school` are its."""


def _as_they_are(values: dict[str, Any], move: Move) -> dict[str, Any]:
    return values


@dataclass(frozen=True, slots=True)
class Moving:
    """One kind of record that follows its school.

    `retold`: the write of a record from its id and values, with an event that is a `Moved`; days and origin are added
    here. `sides`: several where a record belongs to two schools. `renamed`: what else of the values names the school.
    """

    record: Record
    retold: Callable[[str, Mapping[str, Any]], Write]
    sides: Sequence[Side] = (OWN,)
    renamed: Callable[[dict[str, Any], Move], dict[str, Any]] = _as_they_are


def told_as(kind: type[Moved], path: str, id_field: str) -> Callable[[str, Mapping[str, Any]], Write]:
    """The write of a record whose event carries columns under their own names, beside its id and school."""

    def retold(id_: str, values: Mapping[str, Any]) -> Write:
        carried = {name: value for name, value in values.items() if name in kind.model_fields}
        event = kind(**{**carried, id_field: id_, "school": values.get(OWN.school)})
        return Write(id=id_, subject=f"/{path}/{id_}", values=values, event=event)

    return retold


def moved_schools_table(metadata: MetaData) -> Table:
    """Declares `moved_schools`: which number went to which. Public, as the lineage of schools is."""
    return Table(
        MOVED_SCHOOLS,
        metadata,
        Column("old_number", Text, primary_key=True),
        Column("old_authority", Text, nullable=False),
        Column("new_number", Text, nullable=False),
        Column("new_authority", Text, nullable=False),
        Column("moved_on", Date, nullable=False),
    )


async def keep_move(connection: AsyncConnection, moved: Table, move: Move) -> None:
    """Keeps that a school has moved; a number moves once."""
    await connection.execute(insert(moved).values(asdict(move)).on_conflict_do_nothing())


def move_of(event: SchoolTransferred) -> Move:
    """What the registry told."""
    if event.valid_from is None:
        raise ValueError("a transfer has its day")
    return Move(
        event.old_number, event.old_authority, event.new_number, event.new_authority, event.valid_from
    )


def following(
    moved: Table, kinds: Sequence[Moving]
) -> Callable[[SchoolTransferred, Envelope, UnitOfWork], Awaitable[None]]:
    """The reaction by which records follow their school; a service names it in its `reactions.py`."""

    @reacts_to(SchoolTransferred)
    async def follow_school(event: SchoolTransferred, envelope: Envelope, unit: UnitOfWork) -> None:
        """Writes every record of the school anew under its new authority and number."""
        move = move_of(event)
        await keep_move(unit.connection, moved, move)
        if move.moved_on <= unit.clock.today():
            await move_records(unit, kinds, move)

    return follow_school


def moves_projection(moved: Table) -> Projection:
    """The table as what can be rebuilt: rebuilding keeps the moves and moves no record again."""
    title = Title("Schools that moved to another authority", "Ysgolion a symudodd i awdurdod arall")
    return Projection(moved.name, title, [moved], reactions_of(following(moved, ())))


def follow_late(moved: Table, kinds: Sequence[Moving]) -> ClockTask:
    """The clock task for what was written under the old number while the school moved."""

    async def run(uow: UnitOfWork) -> int:
        found = await uow.connection.execute(select(moved).where(moved.c.moved_on <= uow.clock.today()))
        moves = {row.old_number: Move(**row._mapping) for row in found}
        if not moves:
            return 0
        behind: set[str] = set()
        for kind in kinds:
            for side in kind.sides:
                columns = kind.record.slices.c
                school = columns[side.school]
                query = select(school).where(school == func.any(sorted(moves)), func.upper_inf(columns.known))
                behind.update(await uow.connection.scalars(query.distinct()))
        return sum([await move_records(uow, kinds, moves[number]) for number in sorted(behind)])

    return ClockTask("follow_moved_schools", run)


async def move_records(uow: UnitOfWork, kinds: Sequence[Moving], move: Move) -> int:
    """Writes every record of a school anew under its new authority and number; gives how many writes that took."""
    return sum([await _move_kind(uow, kind, move) for kind in kinds])


async def _move_kind(uow: UnitOfWork, kind: Moving, move: Move) -> int:
    slices = kind.record.slices
    whose = (
        func.upper_inf(slices.c.known),
        or_(*(slices.c[side.school] == move.old_number for side in kind.sides)),
    )
    ids = list(await uow.connection.scalars(select(slices.c.id).where(*whose).distinct()))
    if not ids:
        return 0
    # Locked before their values are read: what somebody is about to change is moved as changed.
    await lock_heads(uow.connection, kind.record, ids)
    query = select(slices).where(slices.c.id == func.any(ids), *whose)
    of_record: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in (await uow.connection.execute(query.order_by(slices.c.id, slices.c.valid))).mappings():
        of_record[row["id"]].append(dict(row))
    written = 0
    while together := [rows.pop(0) for rows in of_record.values() if rows]:
        await uow.write(kind.record, [_write(kind, row, move) for row in together])
        written += len(together)
    return written


def _write(kind: Moving, row: Mapping[str, Any], move: Move) -> Write:
    values = {name: row[name] for name in kind.record.own}
    origin: dict[str, str] = {}
    for side in kind.sides:
        if row[side.school] == move.old_number:
            values |= {side.authority: move.new_authority, side.school: move.new_number}
            origin |= {side.from_authority: row[side.authority], side.from_school: move.old_number}
    days = {"valid_from": row["valid"].lower, "valid_to": row["valid"].upper}
    write = kind.retold(row["id"], kind.renamed(values, move))
    return replace(write, event=write.event.model_copy(update={**days, **origin}), reason=None, **days)


async def earlier_numbers(connection: AsyncConnection, moved: Table) -> Mapping[str, frozenset[str]]:
    """By the code of an authority and by a school's number, the numbers under which what they have was known before."""
    rows = await connection.execute(select(moved.c.old_number, moved.c.new_number, moved.c.new_authority))
    return earlier([(row.old_number, row.new_number, row.new_authority) for row in rows])


def earlier(moves: Sequence[tuple[str, str, str]]) -> Mapping[str, frozenset[str]]:
    """The same from moves in any order: each the old number, the new one, and the new one's authority.

    >>> sorted(earlier([("6812399", "6722399", "672"), ("6732118", "6812399", "681")])["672"])
    ['6732118', '6812399']
    """
    came_from: dict[str, set[str]] = defaultdict(set)
    for old, new, _ in moves:
        came_from[new].add(old)
    found: dict[str, frozenset[str]] = {}
    for _, new, authority in moves:
        before: set[str] = set()
        waiting = [new]
        while waiting:
            further = came_from.get(waiting.pop(), set()) - before
            before |= further
            waiting += further
        for holder in (new, authority):
            found[holder] = found.get(holder, frozenset()) | before
    return found


HISTORY: Final = "history"
"""The wish that an endpoint sets which shows the past under parameters of its own."""


def looks_back(wishes: Mapping[str, Any], moved: Table | None) -> bool:
    """Whether a request asks for the past, where schools may have had other numbers (`moved` None: nothing moves)."""
    return moved is not None and any(wishes.get(name) for name in ("valid_at", "known_at", HISTORY))


async def with_history(
    connection: AsyncConnection, found: Memberships, wishes: Mapping[str, Any], moved: Table | None
) -> Memberships:
    """The memberships of a caller who asks for the past, with the earlier numbers of schools; else as they are."""
    if moved is None or not looks_back(wishes, moved):
        return found
    return replace(found, earlier=await earlier_numbers(connection, moved))
