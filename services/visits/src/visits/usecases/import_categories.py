"""Imports a published list of categories: read at once, refused with every fault, applied by a job as one change."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Final

from contracts.events.visits_categories import CategoryPublished
from contracts.identifiers import new_id
from contracts.text import Text
from service_kit.jobs import JobKind, Work
from service_kit.known_schools import KnownSchool
from service_kit.problems import Fault, ProblemError
from service_kit.unit_of_work import UnitOfWork
from visits.domain.category_list import CategoryList, ListFault, read_list
from visits.domain.schemes import Scheme
from visits.storage.categories import keep_list, list_with, rounds
from visits.storage.conventions import schemes
from visits.storage.known import schools_of
from visits.usecases.judge_category import (
    category_id,
    category_write,
    holding,
    new_values,
    superseding,
    write_held,
)

MOST_FAULTS: Final = 1000
"""Faults that one answer lists; the count names all of them."""


@dataclass(frozen=True, slots=True)
class SentCategories:
    """A list as it came in. `dated`: the first day on which its categories hold."""

    content: bytes
    scheme: Scheme
    school_year: str
    dated: date


async def check_list(uow: UnitOfWork, sent: SentCategories) -> tuple[CategoryList, dict[str, KnownSchool]]:
    """Reads a list against what is known. Raises 422 `list_has_faults` with every fault.

    Refused are: what the list itself contradicts, schools that are not announced here, and a category that differs
    from one that is known of the same school, scheme and year.
    """
    if not sent.scheme.public:
        raise ProblemError("scheme_not_published", {"scheme": sent.scheme.code})
    listed = read_list(sent.content, sent.scheme)
    known = await schools_of(uow.connection, listed.values)
    held = await rounds(uow.connection, [_id(sent, number) for number in listed.values])
    faults = [_fault(found) for found in listed.faults]
    for number, value in listed.values.items():
        if number not in known:
            faults.append(Fault(f"/{number}", "school_not_announced", {"school": number}))
        before = held.get(_id(sent, number))
        if before is not None and (before["state"], before["value"]) != ("published", value):
            faults.append(Fault(f"/{number}", "category_differs", {"school": number}))
    if faults:
        raise ProblemError("list_has_faults", {"count": len(faults)}, errors=faults[:MOST_FAULTS])
    return listed, known


async def receive_list(uow: UnitOfWork, sent: SentCategories) -> str:
    """Keeps a list without faults, and gives its id."""
    list_id = new_id()
    await keep_list(
        uow.connection, uow.clock.now(), id=list_id, scheme=sent.scheme.code, school_year=sent.school_year,
        dated=sent.dated, sha256=sha256(sent.content).hexdigest(), content=sent.content,
    )  # fmt: skip
    return list_id


async def import_categories(work: Work) -> Mapping[str, Any]:
    """Publishes the categories of a list in one transaction; what is known already is left as it is."""
    uow = work.uow
    kept = await list_with(uow.connection, work.params["list"])
    scheme = schemes()[kept["scheme"]]
    sent = SentCategories(kept["content"], scheme, kept["school_year"], kept["dated"])
    listed, known = await check_list(uow, sent)
    held = await rounds(uow.connection, [_id(sent, number) for number in listed.values])
    new = {number: value for number, value in listed.values.items() if _id(sent, number) not in held}
    await work.progress(1, 2)
    closing = await superseding(uow, list(new), sent.dated)
    writes = [
        category_write(
            _id(sent, number),
            CategoryPublished,
            new_values(known[number], scheme, sent.school_year, imported=True)
            | holding(scheme, number, value, sent.dated),
            create=True,
            valid_from=sent.dated,
        )
        for number, value in sorted(new.items())
    ]
    await write_held(uow, [*closing, *writes], ", ".join(sorted(new)[:3]))
    counts = Counter(listed.values.values())
    ceilings = [scheme.values[value].ceiling_days or 0 for value in listed.values.values()]
    return {
        "rows": listed.rows,
        "schools": len(listed.values),
        "published": len(new),
        "unchanged": len(listed.values) - len(new),
        "values": {value: counts[value] for value in scheme.values},
        "ceiling_days": sum(ceilings),
    }


def _id(sent: SentCategories, number: str) -> str:
    return category_id(sent.scheme.code, sent.school_year, number)


def _fault(found: ListFault) -> Fault:
    params = {"row": found.row, "column": found.column, "value": found.value}
    return Fault(f"/{found.row}/{found.column}".rstrip("/"), found.code, params)


IMPORT = JobKind(
    "category_import",
    Text("Importing published support categories", "Mewnforio categorïau cymorth cyhoeddedig"),
    import_categories,
)
