"""Writes of a visit with its event: every public and internal field is carried, what was written is only named."""

from collections.abc import Mapping
from typing import Any

from contracts.events.visits import VisitFacts
from service_kit.reading import values_of
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork
from visits.storage.tables import visits

Row = Mapping[str, Any]
_CARRIED = (
    "visit_type", "component", "regime", "school_year", "state", "adviser_id", "planned_for", "held_on", "draft_due",
    "shared_on", "reply_due", "replied_on", "final_due", "final_on", "draft_in_time", "final_in_time", "authority",
)  # fmt: skip


def visit_write(
    id_: str,
    kind: type[VisitFacts],
    values: Mapping[str, Any],
    *,
    changed: tuple[str, ...] = (),
    create: bool = False,
    expected_version: int | None = None,
) -> Write:
    """The write of one visit."""
    event = kind(
        **{name: values[name] for name in _CARRIED},
        visit_id=id_,
        school=values["school_number"],
        disputed=values["dispute"] is not None,
        corrections=len(values["corrections"]),
        corrections_answered=sum(1 for c in values["corrections"] if c["answer"] is not None),
        changed=changed,
    )
    return Write(
        id=id_,
        subject=f"/visits/{id_}",
        values=values,
        event=event,
        create=create,
        expected_version=expected_version,
        reason=values["reason"],
    )


async def move(uow: UnitOfWork, row: Row, kind: type[VisitFacts], **changed: Any) -> None:
    """Changes values of a visit, most often its state, and tells it as `kind`. A reason is that of this step alone."""
    values = values_of(visits, row, **{"reason": None, **changed})
    names = tuple(n for n in changed if n not in ("state", "reason") and row[n] != values[n])
    await uow.write(visits, [visit_write(row["id"], kind, values, changed=names)])
