"""A meeting from its scheduling to its closing [flows 2; S1-20, S1-25, S1-26; D-20]."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.events import governance as events
from contracts.identifiers import new_id
from governance.domain.caller import Caller
from governance.domain.constitutions import counted_present
from governance.domain.meetings import MeetingNow, agreeing_seat, meets_on, outstanding_agreements
from governance.domain.municipal_year import municipal_year_of
from governance.storage.conventions import constitutions
from governance.storage.meetings import items_of, presence
from governance.storage.tables import agenda_items, meetings
from governance.usecases.writes import move, write_of
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row, values_of
from service_kit.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewMeeting:
    """A meeting to schedule."""

    starts_at: datetime
    place: str | None
    remote: bool


def facts_of(row: Row, today: Any) -> MeetingNow:
    """What decides the steps of a meeting."""
    return MeetingNow(
        constitutions()[row["constitution"]],
        meets_on(row["starts_at"]),
        today,
        row["agreed_by"],
        row["items"],
        row["untranslated"],
        row["undecided"],
    )


async def schedule(uow: UnitOfWork, body: Row, new: NewMeeting) -> str:
    """Schedules a meeting under the constitution of its day. Raises 422 for a moment that has passed."""
    if new.starts_at <= uow.clock.now():
        raise ProblemError("validation_failed", errors=[Fault("/starts_at", "must_be_future")])
    if new.place is None and not new.remote:
        raise ProblemError("validation_failed", errors=[Fault("/place", "missing")])
    rules = constitutions()[body["constitution"]]
    values = dict.fromkeys(meetings.own) | {
        "body_id": body["id"],
        "authority": body["authority"],
        "school_number": body["school_number"],
        "body_type": body["body_type"],
        "constitution": rules.code,
        "municipal_year": municipal_year_of(meets_on(new.starts_at), rules.municipal_year_begins),
        "starts_at": new.starts_at,
        "place": new.place,
        "remote": new.remote,
        "state": "scheduled",
        "data_class": "internal",
        "agreed_by": [],
    }
    id_ = new_id()
    await uow.write(meetings, [write_of(meetings, events.MeetingScheduled, id_, values, create=True)])
    return id_


async def agree_agenda(uow: UnitOfWork, row: Row, caller: Caller) -> None:
    """One of those who must agree does; the agenda is agreed once all have [S1-26]."""
    now = facts_of(row, uow.clock.today())
    seat = agreeing_seat(now, caller)
    if seat is None:
        raise ProblemError("not_found")
    missing = [other for other in outstanding_agreements(now) if other != seat]
    state = "scheduled" if missing else "agenda_agreed"
    await move(
        uow, meetings, events.MeetingAgendaAgreed, row, state=state, agreed_by=[*row["agreed_by"], seat]
    )


async def revise_agenda(uow: UnitOfWork, row: Row) -> None:
    """Opens an agreed agenda again; everybody must agree anew."""
    await move(uow, meetings, events.MeetingScheduled, row, state="scheduled", agreed_by=[])


async def give_notice(uow: UnitOfWork, row: Row) -> None:
    """Gives notice and publishes the agenda: the meeting and its open items become public, exempt ones do not."""
    today = uow.clock.today()
    await move(
        uow, meetings, events.MeetingAgendaPublished, row,
        state="notice_given", data_class="public", notice_given_on=today,
    )  # fmt: skip
    open_items = [
        item
        for item in await items_of(uow.connection, row["id"])
        if item["data_class"] == "internal" and item["state"] == "on_agenda"
    ]
    writes = [
        write_of(
            agenda_items, events.AgendaItemPublished, item["id"],
            values_of(agenda_items, item, data_class="public"),
        )
        for item in open_items
    ]  # fmt: skip
    await uow.write(agenda_items, writes)


async def cancel(uow: UnitOfWork, row: Row, reason: str) -> None:
    """The meeting does not take place."""
    await move(uow, meetings, events.MeetingCancelled, row, state="cancelled", reason=reason)


async def _present(uow: UnitOfWork, row: Row) -> tuple[int, int]:
    found = await presence(uow.connection, row)
    return counted_present(found.constitution, found.present), found.needed


async def open_meeting(uow: UnitOfWork, row: Row) -> None:
    """Opens a meeting; with too few present it may only note or adjourn."""
    voting, needed = await _present(uow, row)
    await move(
        uow, meetings, events.MeetingOpened, row,
        state="opened", opened_at=row["opened_at"] or uow.clock.now(), quorum=needed, voting_present=voting,
    )  # fmt: skip


async def adjourn(uow: UnitOfWork, row: Row) -> None:
    """Adjourns a meeting; it may be opened again."""
    voting, needed = await _present(uow, row)
    await move(
        uow, meetings, events.MeetingAdjourned, row, state="adjourned", quorum=needed, voting_present=voting
    )


async def close(uow: UnitOfWork, row: Row) -> None:
    """Closes a meeting in which nothing is left undecided."""
    voting, _ = await _present(uow, row)
    await move(
        uow, meetings, events.MeetingClosed, row,
        state="closed", closed_at=uow.clock.now(), voting_present=voting,
    )  # fmt: skip
