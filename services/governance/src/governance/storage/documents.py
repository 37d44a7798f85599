"""Papers, appendices and minutes as files: of meetings, agenda items, minutes and references; who may read which."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, null, or_, select, true

from contracts.data_class import DataClass
from governance.domain.meetings import NOTICED
from governance.storage.reading import Scopes, visible
from governance.storage.tables import agenda_items, meetings, metadata, minutes, references
from service_kit.documents.kinds import Access
from service_kit.documents.tables import document_tables
from service_kit.policy.predicates import row_predicate
from service_kit.policy.scope import RowScope
from service_kit.records import Record

documents = document_tables(
    metadata, {"meeting": meetings, "agenda_item": agenda_items, "minutes": minutes, "reference": references}
)
PAPERS_OPEN = ("scheduled", "agenda_agreed", *sorted(NOTICED))
"""States of a meeting in which papers are added to its items, and removed."""
_MEETING_OVER = ("published", "cancelled")


def _now(record: Record) -> ColumnElement[bool]:
    return func.upper_inf(record.slices.c.known)


def _ids(record: Record, *conditions: ColumnElement[bool]) -> Select[Any]:
    return select(record.slices.c.id).where(_now(record), *conditions)


def _by_class(
    record: Record, scopes: Scopes, seen: ColumnElement[bool], *bodies: ColumnElement[str | None]
) -> Sequence[tuple[frozenset[DataClass], Select[Any]]]:
    """Of a record that is seen, files of a class are read by whoever has that class in its body."""
    return [
        (
            frozenset({data_class}),
            _ids(record, seen, or_(*(row_predicate(scope, body=body) for body in bodies))),
        )
        for data_class, scope in scopes.items()
    ]


def _facts(record: Record, body: ColumnElement[str]) -> Select[Any]:
    columns = record.slices.c
    exempt = DataClass.confidential.value
    # What is not exempt is published sooner or later, so its files may be of any class.
    demanded = case((columns.data_class == exempt, exempt), else_=DataClass.public.value)
    return select(
        columns.id,
        columns.authority,
        columns.school_number,
        body.label("body_id"),
        demanded.label("data_class"),
    ).where(_now(record))


def of_meetings(scopes: Scopes, writing: RowScope) -> Access:
    """Files of a meeting as a whole: until its minutes are published."""
    columns = meetings.slices.c
    return Access(
        readable=_by_class(meetings, scopes, visible(meetings, scopes), columns.body_id),
        writable=_ids(meetings, row_predicate(writing, body=columns.body_id)),
        open=_ids(meetings, columns.state.not_in(_MEETING_OVER)),
        facts=_facts(meetings, columns.body_id),
    )


def of_agenda_items(scopes: Scopes, writing: RowScope) -> Access:
    """Papers: while the meeting is not over; those of an exempt item are for those who stay for it."""
    columns = agenda_items.slices.c
    going_on = select(meetings.slices.c.id).where(_now(meetings), meetings.slices.c.state.in_(PAPERS_OPEN))
    return Access(
        readable=_by_class(agenda_items, scopes, visible(agenda_items, scopes), columns.body_id),
        writable=_ids(agenda_items, row_predicate(writing, body=columns.body_id)),
        open=_ids(agenda_items, columns.state == "on_agenda", columns.meeting_id.in_(going_on)),
        facts=_facts(agenda_items, columns.body_id),
    )


def of_minutes(scopes: Scopes, writing: RowScope) -> Access:
    """Minutes as files, and what is annexed to them: until they are published."""
    columns = minutes.slices.c
    return Access(
        readable=_by_class(minutes, scopes, visible(minutes, scopes), columns.body_id),
        writable=_ids(minutes, row_predicate(writing, body=columns.body_id)),
        open=_ids(minutes, columns.state != "published"),
        facts=_facts(minutes, columns.body_id),
    )


def of_references(scopes: Scopes, writing: RowScope) -> Access:
    """Appendices: references are public; a file of a higher class is read on both sides. Until it is closed."""
    columns = references.slices.c
    return Access(
        readable=_by_class(references, scopes, true(), columns.from_body, columns.to_body),
        writable=_ids(references, row_predicate(writing, body=columns.from_body)),
        open=_ids(references, columns.state != "closed"),
        facts=select(
            columns.id,
            columns.authority,
            null().label("school_number"),
            columns.from_body.label("body_id"),
            literal(DataClass.public.value).label("data_class"),
        ).where(_now(references)),
    )
