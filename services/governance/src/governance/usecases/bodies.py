"""Bodies and who sits in them, on days: established, another constitution adopted, appointed, ended [D-19]."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from contracts.events.governance import (
    BodyConstitutionAdopted,
    BodyEstablished,
    MemberAppointed,
    MemberEnded,
)
from contracts.identifiers import new_id
from governance.domain.constitutions import Constitution, Member, appointment_fault
from governance.domain.refusals import APPOINTMENT_REFUSALS
from governance.storage.conventions import constitutions
from governance.storage.known import schools_of
from governance.storage.memberships import member_of, members_on
from governance.storage.tables import bodies, members
from governance.usecases.writes import write_of
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row, lock, values_of
from service_kit.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewBody:
    """A body to establish."""

    code: str
    constitution: str
    name_en: str
    name_cy: str
    authorities: Sequence[str]
    valid_from: date
    school_number: str | None = None
    consortium: str | None = None
    call_in_days: int | None = None


@dataclass(frozen=True, slots=True)
class Appointment:
    """A person to be put into a seat from a day on. `voting` None: as the seat has it."""

    person_id: str
    seat: str
    valid_from: date
    valid_to: date | None = None
    represents: str | None = None
    office: str | None = None
    voting: bool | None = None
    serving_head: bool = False


async def establish_body(uow: UnitOfWork, new: NewBody) -> str:
    """Establishes a body. Raises 409 `already_exists`, 422 where a governing body's school was not announced here."""
    rules = constitutions()[new.constitution]
    authority = new.authorities[0] if len(new.authorities) == 1 else None
    if (rules.body_type == "governing_body") != (new.school_number is not None):
        raise ProblemError("validation_failed", errors=[Fault("/school_number", "school_of_governing_body")])
    if new.school_number is not None:
        school = (await schools_of(uow.connection, [new.school_number])).get(new.school_number)
        if school is None:
            missing = Fault("/school_number", "school_not_announced", {"school": new.school_number})
            raise ProblemError("validation_failed", errors=[missing])
        authority = school.authority
    values = {
        "authority": authority,
        "school_number": new.school_number,
        "consortium": new.consortium,
        "body_type": rules.body_type,
        "name_en": new.name_en,
        "name_cy": new.name_cy,
        "constitution": rules.code,
        "authorities": list(new.authorities),
        "call_in_days": rules.call_in_days if new.call_in_days is None else new.call_in_days,
    }
    write = write_of(
        bodies, BodyEstablished, new.code, values, create=True, valid_from=new.valid_from,
        meetings_a_year=rules.meetings_a_year,
    )  # fmt: skip
    await uow.write(bodies, [write])
    return new.code


async def adopt_constitution(
    uow: UnitOfWork, body: Row, code: str, valid_from: date, call_in_days: int | None
) -> None:
    """Lets a body meet under another constitution of its type from a day on; earlier days keep theirs."""
    rules = constitutions()[code]
    if rules.body_type != body["body_type"]:
        raise ProblemError("validation_failed", errors=[Fault("/constitution", "constitution_of_other_body")])
    days = rules.call_in_days if call_in_days is None else call_in_days
    values = values_of(bodies, body, constitution=code, call_in_days=days)
    write = write_of(
        bodies, BodyConstitutionAdopted, body["id"], values, changed=("constitution",), valid_from=valid_from,
        meetings_a_year=rules.meetings_a_year,
    )  # fmt: skip
    await uow.write(bodies, [write])


async def appoint(uow: UnitOfWork, body: Row, wanted: Appointment) -> str:
    """Puts a person into a seat. Raises 409 `appointment_refused` where the constitution of the first day bars it."""
    rules: Constitution = constitutions()[body["constitution"]]
    await lock(uow.connection, bodies, body["id"])
    seat = rules.seats.get(wanted.seat)
    voting = wanted.voting if wanted.voting is not None else seat is not None and seat.voting
    held = await members_on(uow.connection, body["id"], wanted.valid_from)
    new = Member("", wanted.seat, voting, wanted.represents, wanted.office, wanted.serving_head)
    fault = appointment_fault(rules, new, [member_of(row) for row in held], body["authorities"])
    if fault is not None:
        raise _refusal(fault.code)
    if any(row["person_id"] == wanted.person_id for row in held):
        raise _refusal("already_member")
    values = {
        "body_id": body["id"],
        "person_id": wanted.person_id,
        "seat": wanted.seat,
        "represents": wanted.represents,
        "office": wanted.office,
        "voting": voting,
        "serving_head": wanted.serving_head,
        "sees_exempt": seat is not None and seat.sees_exempt,
    }
    id_ = new_id()
    write = write_of(
        members, MemberAppointed, id_, values, create=True, valid_from=wanted.valid_from, valid_to=wanted.valid_to
    )  # fmt: skip
    await uow.write(members, [write])
    return id_


def _refusal(code: str) -> ProblemError:
    return ProblemError("appointment_refused", {"reason": APPOINTMENT_REFUSALS[code]}, extra={"reason": code})


async def end_membership(uow: UnitOfWork, member: Row, last_day_after: date) -> None:
    """Ends a membership: `last_day_after` is the first day without. Raises 422 where that is not after its first."""
    if last_day_after <= member["valid_from"]:
        raise ProblemError("validation_failed", errors=[Fault("/valid_to", "before_its_beginning")])
    values = values_of(members, member)
    write = write_of(
        members, MemberEnded, member["id"], values, changed=("valid_to",), valid_from=member["valid_from"],
        valid_to=last_day_after, alone=True,
    )  # fmt: skip
    await uow.write(members, [write])
