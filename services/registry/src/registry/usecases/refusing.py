"""What the register's use cases refuse: references to what it does not know, and days that cannot be."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select

from registry.storage.schools import authority_on
from registry.storage.tables import authorities, people, schools
from service_kit.problems import Fault, ProblemError
from service_kit.records import Record
from service_kit.unit_of_work import UnitOfWork


def refuse(*faults: Fault) -> None:
    """Raises 422 with every fault; does nothing without one."""
    if faults:
        raise ProblemError("validation_failed", errors=faults)


async def exists(uow: UnitOfWork, record: Record, id_: str) -> bool:
    """Whether an aggregate exists, on whatever day, also one that the caller may not read."""
    found = await uow.connection.scalar(select(record.heads.c.id).where(record.heads.c.id == id_))
    return found is not None


async def unknown_authority(uow: UnitOfWork, code: str, pointer: str = "/authority") -> list[Fault]:
    """A fault where no authority has this code."""
    return await unknown_authorities(uow, {pointer: code})


async def unknown_authorities(uow: UnitOfWork, codes: Mapping[str, str]) -> list[Fault]:
    """A fault for each pointer whose code no authority has."""
    heads = authorities.heads.c
    known = set(
        await uow.connection.scalars(select(heads.id).where(heads.id.in_(sorted(set(codes.values())))))
    )
    return [
        Fault(pointer, "unknown_authority", {"authority": code})
        for pointer, code in codes.items()
        if code not in known
    ]


async def unknown_person(uow: UnitOfWork, person_id: str, pointer: str = "/person_id") -> list[Fault]:
    """A fault where the register has no such person."""
    return [] if await exists(uow, people, person_id) else [Fault(pointer, "unknown_person")]


async def school_on(uow: UnitOfWork, number: str, day: date | None) -> str:
    """The authority of a school on a day. Raises 422 where the register has no such school then."""
    authority = await authority_on(uow.connection, number, day or uow.clock.today())
    if authority is None:
        known = await exists(uow, schools, number)
        code = "school_not_on_this_day" if known else "unknown_school"
        raise ProblemError("validation_failed", errors=[Fault("/school_number", code, {"school": number})])
    return authority
