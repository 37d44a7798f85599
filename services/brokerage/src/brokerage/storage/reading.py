"""Reading what brokerage alone has: periods of capacity, and records beside whether their school is closed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from brokerage.storage.tables import capacities, known_schools
from service_kit.records import Record, shown


def one_period(id_: str, by: ColumnElement[str] = capacities.slices.c.id) -> Select[Any]:
    """A period of capacity as known now, on whatever day it is asked: its one slice holds for its own days.

    `by`: another column that names it; by the provider, every period of one is given.
    """
    slices, heads = capacities.slices, capacities.heads
    return (
        select(
            slices,
            heads.c.version.label("shown_version"),
            heads.c.known_at,
            func.lower(slices.c.valid).label("valid_from"),
            func.upper(slices.c.valid).label("valid_to"),
        )
        .join(heads, heads.c.id == slices.c.id)
        .where(by == id_, func.upper_inf(slices.c.known))
    )


def with_school(record: Record, valid_at: date, known_at: datetime | None, today: date) -> Select[Any]:
    """Slices of a record about a school, each with `school_closed`: whether the school is closed today."""
    school = known_schools.c
    gone = and_(school.status == "closed", or_(school.closed_from.is_(None), school.closed_from <= today))
    return (
        shown(record, valid_at, known_at)
        .join(known_schools, school.number == record.slices.c.school_number)
        .add_columns(gone.label("school_closed"))
    )
