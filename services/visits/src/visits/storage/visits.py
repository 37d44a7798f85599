"""SQL of visits: who may see which stage, lists, what is outstanding, and how many documents were in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Text,
    and_,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql import Subquery

from service_kit.policy.predicates import row_predicate
from service_kit.policy.scope import RowScope
from service_kit.reading import showing
from visits.domain.visit_types import IN_SCOPE, CycleEntry
from visits.domain.visits import FINAL, SEEN_BY_SCHOOL, TOOK_PLACE
from visits.storage.tables import findings, known_schools, visits

COLUMNS = visits.slices.c


@dataclass(frozen=True, slots=True)
class Stages:
    """The rows of which a caller may see visits at every stage, from the sharing on, and final ones [flows 1]."""

    every: RowScope
    shared: RowScope
    final: RowScope

    @property
    def visible(self) -> ColumnElement[bool]:
        """The condition on slices of visits."""
        return or_(
            _of(self.every),
            and_(COLUMNS.state.in_(sorted(SEEN_BY_SCHOOL)), _of(self.shared)),
            and_(COLUMNS.state.in_(sorted(FINAL)), _of(self.final)),
        )

    @property
    def visible_findings(self) -> ColumnElement[bool]:
        """The condition on slices of findings: those of a visit that may be seen as it stands now."""
        return exists().where(
            COLUMNS.id == findings.slices.c.visit_id, func.upper_inf(COLUMNS.known), self.visible
        )


def _of(scope: RowScope) -> ColumnElement[bool]:
    return row_predicate(scope, authority=COLUMNS.authority, school=COLUMNS.school_number)


def listed(valid_at: date, known_at: datetime | None, stages: Stages) -> Select[Any]:
    """Visits that a caller may see, each with whether its school is closed, which decides its next steps."""
    schools = known_schools.c
    query = showing(visits, valid_at, known_at, stages.visible)
    return query.add_columns(schools.status.label("school_status"), schools.closed_from).outerjoin(
        known_schools, schools.number == COLUMNS.school_number
    )


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed in a school year: by authority, the entries of its regime's cycle that are universal."""

    school_year: str
    entries: Mapping[str, Sequence[CycleEntry]]
    today: date


def owed(scope: RowScope, owed: Owed, school_number: str | None = None) -> Subquery:
    """Open schools with each visit that their authority's cycle owes them in the year (S2-26).

    `held`: they have had it. `planned_for`: the next one planned. `due_by` is None where the cycle names no day.
    """
    lines = [
        (authority, sector, entry.visit_type.code, entry.last_day(owed.school_year))
        for authority, entries in sorted(owed.entries.items())
        for entry in entries
        for sector in _sectors(entry)
    ]
    names = ("authority", "sector", "visit_type", "due_by")
    given = [
        literal([line[n] for line in lines], ARRAY(Date if name == "due_by" else Text))
        for n, name in enumerate(names)
    ]
    cycle = func.unnest(*given).table_valued(*(column(name) for name in names)).render_derived(name="cycle")
    schools = known_schools.c
    this = and_(
        COLUMNS.visit_type == cycle.c.visit_type,
        COLUMNS.school_year == owed.school_year,
        func.upper_inf(COLUMNS.known),
        COLUMNS.school_number == schools.number,
    )
    planned = select(func.min(COLUMNS.planned_for)).where(this, COLUMNS.state == "planned").scalar_subquery()
    query = (
        select(
            schools.number.label("school_number"),
            schools.of_authority.label("authority"),
            schools.name,
            schools.sector,
            schools.language_category,
            cycle.c.visit_type,
            literal(owed.school_year).label("school_year"),
            cast(cycle.c.due_by, Date).label("due_by"),
            func.coalesce(cast(cycle.c.due_by, Date) < owed.today, False).label("overdue"),
            planned.label("planned_for"),
            exists().where(this, COLUMNS.state.in_(sorted(TOOK_PLACE))).label("held"),
        )
        .join_from(
            known_schools,
            cycle,
            and_(schools.of_authority == cycle.c.authority, schools.sector == cycle.c.sector),
        )
        .where(
            or_(schools.status == "open", and_(schools.status == "closed", schools.closed_from > owed.today)),
            row_predicate(scope, authority=schools.of_authority, school=schools.number),
        )
    )
    if school_number is not None:
        query = query.where(schools.number == school_number)
    return query.subquery("owed")


def owed_counts(found: Subquery) -> Subquery:
    """The same counted by authority and visit type: held and outstanding make up what is owed."""
    by = (found.c.authority, found.c.visit_type, found.c.school_year, found.c.due_by, found.c.overdue)
    return (
        select(
            *by,
            func.count().label("owed"),
            _count(found.c.held).label("held"),
            _count(~found.c.held).label("outstanding"),
            _count(and_(~found.c.held, found.c.planned_for.is_not(None))).label("planned"),
            # Whoever may see the schools that are counted may see their count, be it one school of the authority's.
            func.min(found.c.school_number).label("school"),
        )
        .group_by(*by)
        .subquery("counted")
    )


def _sectors(entry: CycleEntry) -> list[str]:
    return sorted(sector for sector in IN_SCOPE if entry.owed_to(sector))


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def timeliness(scope: RowScope, school_year: str, today: date) -> Subquery:
    """Per authority: documents due or delivered and those in time, disputes, of visits held in a school year."""
    drafts = or_(COLUMNS.shared_on.is_not(None), COLUMNS.draft_due < today)
    finals = or_(COLUMNS.final_on.is_not(None), COLUMNS.final_due < today)
    return (
        select(
            COLUMNS.authority,
            literal(school_year).label("school_year"),
            func.count().label("visits_held"),
            _count(drafts).label("drafts_due"),
            _count(COLUMNS.draft_in_time.is_(True)).label("drafts_in_time"),
            _count(finals).label("finals_due"),
            _count(COLUMNS.final_in_time.is_(True)).label("finals_in_time"),
            _count(COLUMNS.dispute.is_not(None)).label("disputes"),
            func.min(COLUMNS.school_number).label("school"),
        )
        .where(
            func.upper_inf(COLUMNS.known),
            COLUMNS.school_year == school_year,
            COLUMNS.state.in_(sorted(TOOK_PLACE)),
            _of(scope),
        )
        .group_by(COLUMNS.authority)
        .subquery("timeliness")
    )
