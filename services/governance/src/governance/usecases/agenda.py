"""The agenda of a meeting: items, late items, exempt items, papers [D-20; domain 6.1.3, 6.1.5]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.events import governance as events
from contracts.identifiers import new_id
from governance.domain.meetings import NOTICED
from governance.storage.conventions import constitutions
from governance.storage.meetings import items_of
from governance.storage.tables import agenda_items, meetings
from governance.usecases.writes import move, write_of
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row, lock, values_of
from service_kit.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item for an agenda. A late one says why it is urgent in the chair's view; an exempt one under what."""

    matter: str
    title_en: str | None
    title_cy: str | None
    urgency_reason: str | None = None
    exempt_paragraph: int | None = None
    exclusion_resolution: str | None = None
    reference_id: str | None = None
    quoted_minute: str | None = None
    papers: tuple[Mapping[str, Any], ...] = ()


async def add_item(uow: UnitOfWork, meeting: Row, new: NewItem) -> str:
    """Puts an item on the agenda.

    Raises 409 `agenda_closed` once the agenda is agreed or the meeting over, `late_item_without_urgency`; 422 for an
    exempt item without its paragraph or the resolution by which the public is excluded.
    """
    await lock(uow.connection, meetings, meeting["id"])
    late = meeting["state"] in NOTICED
    if not late and meeting["state"] != "scheduled":
        raise ProblemError("agenda_closed")
    if late and new.urgency_reason is None:
        raise ProblemError("late_item_without_urgency")
    _refuse_exemption(meeting, new)
    _refuse_one_language(late, new)
    held = await items_of(uow.connection, meeting["id"])
    exempt = new.exempt_paragraph is not None
    data_class = "confidential" if exempt else "public" if late else "internal"
    values = dict.fromkeys(agenda_items.own) | {
        "body_id": meeting["body_id"],
        "authority": meeting["authority"],
        "school_number": meeting["school_number"],
        "meeting_id": meeting["id"],
        "matter": new.matter,
        "state": "on_agenda",
        "data_class": data_class,
        "position": max((item["position"] for item in held), default=0) + 1,
        "title_en": new.title_en,
        "title_cy": new.title_cy,
        "late": late,
        "urgency_reason": new.urgency_reason,
        "exempt_paragraph": new.exempt_paragraph,
        "exclusion_resolution": new.exclusion_resolution,
        "papers": list(new.papers),
        "reference_id": new.reference_id,
        "quoted_minute": new.quoted_minute,
    }
    kind = events.AgendaItemPublished if late and not exempt else events.AgendaItemAdded
    id_ = new_id()
    await uow.write(agenda_items, [write_of(agenda_items, kind, id_, values, create=True)])
    return id_


def _refuse_exemption(meeting: Row, new: NewItem) -> None:
    paragraphs = constitutions()[meeting["constitution"]].exempt_paragraphs
    faults = []
    if new.exempt_paragraph is None and new.exclusion_resolution is not None:
        faults.append(Fault("/exempt_paragraph", "missing"))
    if new.exempt_paragraph is not None:
        if new.exclusion_resolution is None:
            faults.append(Fault("/exclusion_resolution", "missing"))
        if new.exempt_paragraph not in paragraphs:
            expected = ", ".join(str(paragraph) for paragraph in paragraphs)
            faults.append(Fault("/exempt_paragraph", "not_in_list", {"expected": expected}))
    if faults:
        raise ProblemError("validation_failed", errors=faults)


def _refuse_one_language(late: bool, new: NewItem) -> None:
    titles = {"/title_en": new.title_en, "/title_cy": new.title_cy}
    missing = [pointer for pointer, title in titles.items() if title is None]
    # A late item is published as it is added, and what is published is published in both languages.
    if len(missing) == 2 or (late and missing):
        raise ProblemError("validation_failed", errors=[Fault(pointer, "missing") for pointer in missing])


async def change_item(
    uow: UnitOfWork, meeting: Row, item: Row, changes: Mapping[str, Any], version: int
) -> None:
    """Changes the titles of an item before the agenda is agreed. Raises 409 `agenda_closed`."""
    if meeting["state"] != "scheduled" or item["state"] != "on_agenda":
        raise ProblemError("agenda_closed")
    values = values_of(agenda_items, item, **changes)
    changed = tuple(name for name in changes if item[name] != values[name])
    if changed:
        write = write_of(
            agenda_items,
            events.AgendaItemChanged,
            item["id"],
            values,
            changed=changed,
            expected_version=version,
        )
        await uow.write(agenda_items, [write])


async def withdraw_item(uow: UnitOfWork, item: Row) -> None:
    """Takes an item off the agenda."""
    if item["state"] != "on_agenda":
        raise ProblemError("agenda_closed")
    await move(uow, agenda_items, events.AgendaItemWithdrawn, item, state="withdrawn")


async def add_paper(uow: UnitOfWork, meeting: Row, item: Row, paper: Mapping[str, Any]) -> None:
    """Adds the metadata of a paper. Raises 409 `agenda_closed` once the meeting is over."""
    if item["state"] != "on_agenda" or meeting["state"] not in (*NOTICED, "scheduled", "agenda_agreed"):
        raise ProblemError("agenda_closed")
    papers = [*item["papers"], {"id": new_id(), **paper}]
    await move(uow, agenda_items, events.AgendaItemChanged, item, papers=papers)
