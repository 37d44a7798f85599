"""SQL of visits: who may see which stage, lists, what is outstanding, and how many documents were in time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, false, func, literal, or_, select
from sqlalchemy.sql import Subquery

from service_kit.policy.predicates import row_predicate
from service_kit.policy.scope import RowScope
from visits.domain.visit_types import IN_SCOPE, CycleEntry
from visits.domain.visits import FINAL, SEEN_BY_SCHOOL, TOOK_PLACE
from visits.storage.reading import showing
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


def _held_in(visit_type: str, school_year: str) -> ColumnElement[bool]:
    return and_(
        COLUMNS.visit_type == visit_type, COLUMNS.school_year == school_year, func.upper_inf(COLUMNS.known)
    )


def outstanding(
    scope: RowScope, visit_type: str, school_year: str, entries: Mapping[str, CycleEntry], today: date
) -> Select[Any]:
    """Open schools that are owed a visit type by their authority's cycle and have not had it in the year (S2-26).

    `entries`: the cycle entry by authority, where its regime owes the visit. `planned_for`: the next one planned.
    """
    schools = known_schools.c
    owed = [
        and_(schools.of_authority == authority, schools.sector.in_(_sectors(entry)))
        for authority, entry in sorted(entries.items())
    ]
    this = and_(_held_in(visit_type, school_year), COLUMNS.school_number == schools.number)
    planned = select(func.min(COLUMNS.planned_for)).where(this, COLUMNS.state == "planned").scalar_subquery()
    return select(
        schools.number.label("school_number"),
        schools.of_authority.label("authority"),
        schools.name,
        schools.sector,
        schools.language_category,
        planned.label("planned_for"),
    ).where(
        or_(schools.status == "open", and_(schools.status == "closed", schools.closed_from > today)),
        or_(*owed) if owed else false(),
        row_predicate(scope, authority=schools.of_authority, school=schools.number),
        ~exists().where(this, COLUMNS.state.in_(sorted(TOOK_PLACE))),
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
