"""Who is in the room: arrivals, leaving and returning, interests declared [domain 6.1.6]."""

from datetime import datetime

from sqlalchemy import func, select

from contracts.events import governance_proceedings as events
from contracts.identifiers import new_id
from governance.domain.constitutions import CLERK
from governance.domain.meetings import NOTICED, meets_on
from governance.storage.memberships import members_on
from governance.storage.tables import attendances, declarations, meetings
from governance.usecases.writes import move, write_of
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row, lock
from service_kit.unit_of_work import UnitOfWork


async def _sitting(uow: UnitOfWork, meeting: Row, member_id: str) -> Row:
    """The member on the day of the meeting. Raises 422 for one who does not sit in the body."""
    for row in await members_on(uow.connection, meeting["body_id"], meets_on(meeting["starts_at"])):
        if row["id"] == member_id and row["seat"] != CLERK:
            return row
    raise ProblemError("validation_failed", errors=[Fault("/member_id", "not_a_member")])


def _refuse_over(meeting: Row) -> None:
    if meeting["state"] not in NOTICED:
        raise ProblemError("meeting_not_in_session")


def _refuse_moment(uow: UnitOfWork, at: datetime, not_before: datetime | None, pointer: str) -> None:
    if at > uow.clock.now():
        raise ProblemError("validation_failed", errors=[Fault(pointer, "must_be_past")])
    if not_before is not None and at < not_before:
        raise ProblemError("validation_failed", errors=[Fault(pointer, "before_its_beginning")])


async def arrive(uow: UnitOfWork, meeting: Row, member_id: str, at: datetime) -> str:
    """Records that a member arrived. Raises 409 where the attendance is recorded already."""
    _refuse_over(meeting)
    _refuse_moment(uow, at, None, "/arrived_at")
    await lock(uow.connection, meetings, meeting["id"])
    await _sitting(uow, meeting, member_id)
    columns = attendances.slices.c
    held = await uow.connection.scalar(
        select(columns.id).where(
            columns.meeting_id == meeting["id"], columns.member_id == member_id, func.upper_inf(columns.known)
        )
    )
    if held is not None:
        raise ProblemError("already_exists", {"id": held})
    values = {
        "body_id": meeting["body_id"],
        "meeting_id": meeting["id"],
        "member_id": member_id,
        "arrived_at": at,
        "absences": [],
        "present": True,
    }
    id_ = new_id()
    await uow.write(attendances, [write_of(attendances, events.AttendanceRecorded, id_, values, create=True)])
    return id_


def _last_moment(attendance: Row) -> datetime:
    if not attendance["absences"]:
        arrived: datetime = attendance["arrived_at"]
        return arrived
    last = attendance["absences"][-1]
    return datetime.fromisoformat(last["returned_at"] or last["left_at"])


async def leave(uow: UnitOfWork, meeting: Row, attendance: Row, at: datetime) -> None:
    """Records that a member left: the quorum is counted anew from here on."""
    _refuse_over(meeting)
    if not attendance["present"]:
        raise ProblemError("member_is_away")
    _refuse_moment(uow, at, _last_moment(attendance), "/left_at")
    absences = [*attendance["absences"], {"left_at": at.isoformat(), "returned_at": None}]
    await move(uow, attendances, events.AttendanceLeft, attendance, absences=absences, present=False)


async def come_back(uow: UnitOfWork, meeting: Row, attendance: Row, at: datetime) -> None:
    """Records that a member returned."""
    _refuse_over(meeting)
    if attendance["present"]:
        raise ProblemError("member_is_present")
    _refuse_moment(uow, at, _last_moment(attendance), "/returned_at")
    absences = [*attendance["absences"][:-1], {**attendance["absences"][-1], "returned_at": at.isoformat()}]
    await move(uow, attendances, events.AttendanceReturned, attendance, absences=absences, present=True)


async def declare(uow: UnitOfWork, meeting: Row, item: Row, member_id: str, kind: str, nature: str) -> str:
    """Records an interest in an item. A prejudicial one bars from voting on it, and from the room meanwhile."""
    _refuse_over(meeting)
    if item["meeting_id"] != meeting["id"]:
        raise ProblemError("validation_failed", errors=[Fault("/agenda_item_id", "item_of_other_meeting")])
    await _sitting(uow, meeting, member_id)
    values = {
        "body_id": meeting["body_id"],
        "meeting_id": meeting["id"],
        "agenda_item_id": item["id"],
        "member_id": member_id,
        "kind": kind,
        "nature": nature,
    }
    id_ = new_id()
    write = write_of(declarations, events.DeclarationMade, id_, values, create=True, changed=("nature",))
    await uow.write(declarations, [write])
    return id_
