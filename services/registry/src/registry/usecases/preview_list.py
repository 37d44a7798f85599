"""The job that compares a list with the register: counts, and the row-level report. It changes no school."""

from collections.abc import Mapping
from typing import Any

from contracts.text import Text
from registry.domain.address_list import AddressList
from registry.domain.list_differences import Differences, compare
from registry.domain.list_report import ReportRow, fingerprint, report
from registry.storage.school_lists import change_list, content_of, one_list, replace_rows
from registry.storage.schools import registered_on
from registry.storage.showing import Row
from registry.usecases.receive_list import read_list
from service_kit.jobs import JobKind, Work
from service_kit.problems import ProblemError
from service_kit.unit_of_work import UnitOfWork


async def preview_list(work: Work) -> Mapping[str, Any]:
    """Runs the comparison; a list that has been applied since is left as it is."""
    uow = work.uow
    held = await held_list(uow, work.params["list"])
    if held["state"] == "applied":
        return _result(held, held["counts"])
    listed, differences = await compared(uow, held)
    await work.progress(1, 2)
    counts = counts_of(listed, differences)
    rows = [_stored(row) for row in report(listed, differences)]
    await replace_rows(uow.connection, held["id"], rows)
    await change_list(uow.connection, held, state="previewed", counts=counts)
    return _result(held, counts)


async def held_list(uow: UnitOfWork, list_id: str) -> Row:
    """The list, locked until the job ends. Raises 404 where there is none."""
    held = await one_list(uow.connection, list_id, locked=True)
    if held is None:
        raise ProblemError("not_found")
    return held


async def compared(uow: UnitOfWork, held: Row) -> tuple[AddressList, Differences]:
    """The list read again from its bytes, and how it differs from the register on its date."""
    listed = await read_list(uow, await content_of(uow.connection, held["id"]))
    return listed, compare(listed, await registered_on(uow.connection, held["list_date"]))


def counts_of(listed: AddressList, differences: Differences) -> dict[str, Any]:
    """What a list shows as its counts; `fingerprint` tells whether the register has moved since."""
    return {
        "parts": listed.count_by_part(),
        "warnings": len(listed.warnings),
        "added": len(differences.added),
        "changed": len(differences.changed),
        "unchanged": differences.unchanged,
        "missing": len(differences.missing),
        "closed": len(differences.closed),
        "fingerprint": fingerprint(differences),
    }


def _result(held: Row, counts: Mapping[str, Any]) -> Mapping[str, Any]:
    shown = {name: value for name, value in counts.items() if name != "fingerprint"}
    return {"school_list": held["id"], **shown}


def _stored(row: ReportRow) -> dict[str, Any]:
    found = row.finding
    return {
        "kind": row.kind,
        "rule": found.rule if found else None,
        "sheet": found.sheet if found else None,
        "rows": list(found.rows) if found else [],
        "column": found.column if found else None,
        "value": found.value if found else None,
        "expected": found.expected if found else None,
        "school_number": row.school_number,
        "name": row.name,
        "fields": row.fields,
    }


PREVIEW = JobKind(
    "school_list_preview",
    Text("Comparing a list of schools with the register", "Cymharu rhestr ysgolion â'r gofrestr"),
    preview_list,
)
