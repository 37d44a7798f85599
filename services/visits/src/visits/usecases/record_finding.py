"""Records, changes and withdraws findings of a visit that is not final; a judgement needs evidence (D-06)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.events.visits import (
    FindingDetailsChanged,
    FindingFacts,
    FindingRecorded,
    FindingWithdrawn,
)
from contracts.identifiers import new_id
from service_kit.problems import Fault, ProblemError
from service_kit.reading import values_of
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork
from visits.domain.findings import Evidence, objections
from visits.domain.visits import FINDINGS_OPEN
from visits.storage.conventions import cycles, frameworks
from visits.storage.tables import findings

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChangedFinding:
    """New values of a finding: some of area, judgement, statement, evidence (kind, reference, dated as ISO)."""

    finding_id: str
    values: Mapping[str, Any]


def finding_write(
    id_: str,
    kind: type[FindingFacts],
    values: Mapping[str, Any],
    *,
    changed: tuple[str, ...] = (),
    create: bool = False,
    expected_version: int | None = None,
) -> Write:
    """The write of one finding with its event, which carries neither judgement nor statement."""
    event = kind(
        finding_id=id_,
        school=values["school_number"],
        changed=changed,
        **{
            name: values[name]
            for name in ("authority", "visit_id", "framework", "area", "state", "published_on")
        },
    )
    return Write(
        id=id_,
        subject=f"/findings/{id_}",
        values=values,
        event=event,
        create=create,
        expected_version=expected_version,
    )


def refuse_objections(values: Mapping[str, Any], today: date, under: str = "") -> None:
    """Raises 422 with everything that bars a finding; `under`: where it stands in the request."""
    evidence = [
        Evidence(e["kind"], e["reference"], date.fromisoformat(e["dated"])) for e in values["evidence"]
    ]
    framework = frameworks()[values["framework"]]
    found = objections(framework, values["area"], values["judgement"], evidence, today)
    faults = [
        Fault(under + o.pointer, o.code, {"expected": ", ".join(o.expected)} if o.expected else {})
        for o in found
    ]
    if faults:
        raise ProblemError("validation_failed", errors=faults)


async def record_finding(uow: UnitOfWork, visit: Row, given: Mapping[str, Any]) -> str:
    """Records a finding under the framework of the visit's regime; gives its id. Raises 409 and 422."""
    _refuse_closed(visit)
    values = {
        "school_number": visit["school_number"],
        "authority": visit["authority"],
        "visit_id": visit["id"],
        "framework": cycles()[visit["regime"]].framework,
        "state": "recorded",
        "published_on": None,
        **given,
    }
    refuse_objections(values, uow.clock.today())
    id_ = new_id()
    await uow.write(findings, [finding_write(id_, FindingRecorded, values, create=True)])
    return id_


async def change_finding(
    uow: UnitOfWork, visit: Row, held: Row, changes: Mapping[str, Any], expected_version: int
) -> None:
    """Changes a finding that is not published. Raises 409 `findings_closed` and 422."""
    _refuse_closed(visit, held)
    values = values_of(findings, held, **changes)
    refuse_objections(values, uow.clock.today())
    changed = tuple(name for name in changes if held[name] != values[name])
    if changed:
        write = finding_write(
            held["id"], FindingDetailsChanged, values, changed=changed, expected_version=expected_version
        )
        await uow.write(findings, [write])


async def withdraw_finding(uow: UnitOfWork, visit: Row, held: Row) -> None:
    """Withdraws a finding that is not published. Raises 409 `findings_closed`."""
    _refuse_closed(visit, held)
    await uow.write(
        findings, [finding_write(held["id"], FindingWithdrawn, values_of(findings, held, state="withdrawn"))]
    )


def _refuse_closed(visit: Row, held: Row | None = None) -> None:
    if visit["state"] not in FINDINGS_OPEN or (held is not None and held["state"] != "recorded"):
        raise ProblemError("findings_closed", extra={"state": visit["state"]})
