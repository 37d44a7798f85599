"""Writes with their events: every public and internal field is carried, what was said or written is only named."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from contracts.data_class import DataClass
from contracts.event import Event
from contracts.events.governance_decisions import About
from service_kit.reading import Row, values_of
from service_kit.records import Record, Write
from service_kit.unit_of_work import UnitOfWork

_PATHS: Final[Mapping[str, str]] = {
    "body": "bodies",
    "member": "body-members",
    "meeting": "meetings",
    "agenda_item": "agenda-items",
    "attendance": "attendances",
    "declaration": "declarations",
    "resolution": "resolutions",
    "vote": "votes",
    "minutes": "minutes",
    "decision": "decisions",
    "reference": "references",
}
_COUNTED: Final = ("papers", "absences", "appendices")
"""Lists of which an event carries the number."""


def write_of(
    record: Record,
    kind: type[Event],
    id_: str,
    values: Mapping[str, Any],
    *,
    changed: tuple[str, ...] = (),
    create: bool = False,
    valid_from: date | None = None,
    valid_to: date | None = None,
    alone: bool = False,
    expected_version: int | None = None,
    **facts: Any,
) -> Write:
    """The write of one record, told as `kind`; `facts` are what the event carries beyond the record's values."""
    told = {
        name: len(value) if name in _COUNTED and isinstance(value, list) else value
        for name, value in values.items()
        if name in kind.model_fields
    }
    if "about" in kind.model_fields and values.get("about_kind") is not None:
        told["about"] = About(kind=values["about_kind"], id=values["about_id"])
    if "exempt" in kind.model_fields:
        told["exempt"] = values.get("data_class") == DataClass.confidential.value
    event = kind(
        **{
            **told,
            f"{record.kind}_id": id_,
            "school": values.get("school_number"),
            "valid_from": valid_from,
            "valid_to": valid_to,
            "changed": changed,
            **facts,
        }
    )
    return Write(
        id=id_,
        subject=f"/{_PATHS[record.kind]}/{id_}",
        values=values,
        event=event,
        valid_from=valid_from,
        valid_to=valid_to,
        create=create,
        alone=alone,
        expected_version=expected_version,
        reason=values.get("reason"),
    )


async def move(
    uow: UnitOfWork,
    record: Record,
    kind: type[Event],
    row: Row,
    *,
    facts: Mapping[str, Any] | None = None,
    **new: Any,
) -> None:
    """Changes values of a record, most often its state, and tells it as `kind`."""
    values = values_of(record, row, **new)
    names = tuple(name for name in new if name not in ("state", "data_class") and row[name] != values[name])
    await uow.write(record, [write_of(record, kind, row["id"], values, changed=names, **(facts or {}))])
