"""The job that applies a list to the register: one dated change set in one transaction, all of it or nothing."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from contracts.events.registry import ListApplied
from contracts.text import Text
from registry.domain.address_list import ListedSchool
from registry.domain.list_differences import LISTED_FIELDS, Differences
from registry.storage.school_lists import change_list
from registry.storage.schools import numbers_ever
from registry.storage.showing import Row, next_starts
from registry.storage.tables import list_applications, schools
from registry.usecases.change_school import FACTS, SchoolChange, new_school, write_schools
from registry.usecases.preview_list import compared, counts_of, held_list
from service_kit.jobs import JobKind, Work
from service_kit.problems import ProblemError
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork


async def apply_list(work: Work) -> Mapping[str, Any]:
    """Applies what was previewed. A list that was applied before, or that changes nothing, writes no school and emits
    no event.

    Raises 409 `preview_outdated` where the register has moved since the preview.
    """
    uow = work.uow
    held = await held_list(uow, work.params["list"])
    if held["state"] == "applied":
        return _result(held["id"], held["counts"])
    listed, differences = await compared(uow, held)
    counts = counts_of(listed, differences)
    if held["state"] != "previewed" or held["counts"]["fingerprint"] != counts["fingerprint"]:
        raise ProblemError("preview_outdated")
    await work.progress(1, 3)
    if not differences.empty:
        await _write(uow, held, differences)
    await work.progress(2, 3)
    await change_list(uow.connection, held, state="applied")
    return _result(held["id"], counts)


async def _write(uow: UnitOfWork, held: Row, differences: Differences) -> None:
    day: date = held["list_date"]
    known = await numbers_ever(uow.connection)
    touched = [school.school_number for school in differences.added] + [
        change.after.school_number for change in differences.changed
    ]
    later = await next_starts(uow.connection, schools, [n for n in touched if n in known], day)
    changes = [
        SchoolChange(_facts(school, "open"), day, later.get(school.school_number), FACTS)
        if school.school_number in known
        else new_school(_facts(school, "open"), day)
        for school in differences.added
    ]
    changes += [
        SchoolChange(
            _facts(change.after, change.before.status),
            day,
            later.get(change.after.school_number),
            change.fields,
            change.before.version,
        )
        for change in differences.changed
    ]
    try:
        await write_schools(uow, changes)
    except ProblemError as problem:
        # Somebody changed or registered one of these schools while this was being worked out.
        if problem.code in ("precondition_failed", "already_exists"):
            raise ProblemError("preview_outdated") from problem
        raise
    await uow.write(list_applications, [_application(held, differences)])


def _facts(school: ListedSchool, status: str) -> dict[str, Any]:
    facts = {name: getattr(school, name) for name in LISTED_FIELDS}
    return {**facts, "school_number": school.school_number, "authority": school.authority, "status": status}


def _application(held: Row, differences: Differences) -> Write:
    numbers = {
        "added": len(differences.added),
        "changed_schools": len(differences.changed),
        "unchanged": differences.unchanged,
        "missing": len(differences.missing),
    }
    day: date = held["list_date"]
    return Write(
        id=held["id"],
        subject=f"/school-lists/{held['id']}",
        values={"list_date": day, **numbers},
        event=ListApplied(list_id=held["id"], list_date=day, valid_from=day, **numbers),
        valid_from=day,
        create=True,
    )


def _result(list_id: str, counts: Mapping[str, Any]) -> Mapping[str, Any]:
    shown: Sequence[str] = ("added", "changed", "unchanged", "missing", "closed")
    return {"school_list": list_id, **{name: counts[name] for name in shown}}


APPLY = JobKind(
    "school_list_application",
    Text("Applying a list of schools to the register", "Cymhwyso rhestr ysgolion i'r gofrestr"),
    apply_list,
)
