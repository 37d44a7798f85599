"""SQL of documents: who may read which, and which may be changed, from what the kinds say of their records."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select

from service_kit.documents.kinds import Access, Documents
from service_kit.linked_rows import unpacked
from service_kit.records import shown

Accesses = Mapping[str, Access]


def showing(
    documents: Documents, accesses: Accesses, valid_at: date, known_at: datetime | None
) -> Select[Any]:
    """Documents that the caller may read; `may_write` and `all_open` say what bars their removal."""
    record = documents.tables.documents
    columns = record.slices.c
    return (
        shown(record, valid_at, known_at)
        .where(_readable(columns, accesses))
        .add_columns(
            _all_records(columns.records, accesses, writable=True).label("may_write"),
            _all_records(columns.records, accesses, writable=False).label("all_open"),
        )
    )


def attached_to(documents: Documents, kind: str | None, record_id: str | None) -> ColumnElement[bool]:
    """The condition for the documents of a record, or of all records of a kind."""
    named = {name: value for name, value in (("kind", kind), ("id", record_id)) if value is not None}
    held: ColumnElement[bool] = documents.tables.documents.slices.c.records.contains([named])
    return held


def _readable(columns: Any, accesses: Accesses) -> ColumnElement[bool]:
    """A document is read by whoever may read files of its class of one of its records, as that is now."""
    parts = []
    for kind, access in sorted(accesses.items()):
        for classes, ids in access.readable:
            borne = unpacked(columns.records)
            found = select(borne.c.id).select_from(borne).where(borne.c.kind == kind, borne.c.id.in_(ids))
            parts.append(and_(columns.classification.in_(sorted(classes)), found.exists()))
    return or_(*parts) if parts else false()


def _all_records(records: Any, accesses: Accesses, *, writable: bool) -> ColumnElement[bool]:
    borne = unpacked(records)
    fine = or_(
        false(),
        *(
            and_(borne.c.kind == kind, borne.c.id.in_(access.writable if writable else access.open))
            for kind, access in sorted(accesses.items())
        ),
    )
    return ~select(borne.c.id).select_from(borne).where(~fine).exists()
