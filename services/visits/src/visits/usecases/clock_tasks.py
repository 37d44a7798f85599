"""What falls due by the clock: replies lapse, actions become overdue, monitoring becomes due and is met (S2-28)."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import and_, func, select

from contracts.events.visits import ActionBecameOverdue, VisitReplyLapsed
from contracts.events.visits_categories import MonitoringBecameDue, MonitoringFacts, MonitoringMet
from contracts.school_year import school_year_of
from service_kit.clock_tasks import ClockTask
from service_kit.moving import follow_late
from service_kit.reading import values_of
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork
from visits.domain.actions import CAN_BE_OVERDUE, overdue_since
from visits.domain.monitoring import Due, due_on
from visits.domain.visits import TOOK_PLACE, lapses
from visits.storage.categories import intensive_on
from visits.storage.conventions import schemes
from visits.storage.known import periods_of_years, schools_of
from visits.storage.tables import actions, monitoring, moved_schools, visits
from visits.usecases.follow_school import KINDS
from visits.usecases.propose_action import action_write
from visits.usecases.visit_writes import visit_write

Row = Mapping[str, Any]
AT_ONCE: Final = 500
"""Records that one run changes; the next run goes on."""


async def lapse_replies(uow: UnitOfWork) -> int:
    """Drafts whose last day for a reply has passed in silence: `visit.reply_lapsed`."""
    slices, today = visits.slices, uow.clock.today()
    query = select(slices).where(
        slices.c.state == "shared", slices.c.reply_due < today, func.upper_inf(slices.c.known)
    )
    rows = (await uow.connection.execute(query.limit(AT_ONCE))).mappings().all()
    writes = [
        visit_write(
            row["id"], VisitReplyLapsed, values_of(visits, dict(row), state="lapsed"),
            expected_version=row["version"],
        )
        for row in rows
        if lapses(row["state"], row["reply_due"], today)
    ]  # fmt: skip
    await uow.write(visits, writes)
    return len(writes)


async def mark_overdue(uow: UnitOfWork) -> int:
    """Actions whose due date has passed: `action.became_overdue`, once for each due date."""
    slices, today = actions.slices, uow.clock.today()
    query = select(slices).where(
        slices.c.state.in_(sorted(CAN_BE_OVERDUE)),
        slices.c.due_date < today,
        slices.c.overdue_told_for.is_distinct_from(slices.c.due_date),
        func.upper_inf(slices.c.known),
    )
    writes = []
    for row in (await uow.connection.execute(query.limit(AT_ONCE))).mappings():
        since = overdue_since(row["state"], row["due_date"], row["overdue_told_for"], today)
        if since is not None:
            values = values_of(actions, dict(row), overdue_since=since, overdue_told_for=row["due_date"])
            write = action_write(row["id"], ActionBecameOverdue, values, changed=("overdue_since",))
            # Somebody else's change in between is not overwritten: this one is refused, and found again.
            writes.append(replace(write, expected_version=row["version"]))
    await uow.write(actions, writes)
    return len(writes)


async def begin_monitoring(uow: UnitOfWork) -> int:
    """Monitoring that a category calls for in the period of this day: `monitoring.became_due`, once for each."""
    today = uow.clock.today()
    held = await intensive_on(uow.connection, today)
    if not held:
        return 0
    # The last period of a year runs on into September, until the next year's first teaching day.
    years = {school_year_of(today), school_year_of(today - timedelta(days=31))}
    calendars = await periods_of_years(uow.connection, sorted(years))
    known = await schools_of(uow.connection, [row["school_number"] for row in held])
    wanted: dict[str, tuple[Row, Due]] = {}
    for row in held:
        school = known.get(row["school_number"])
        if school is None or school.closed_on(today):
            continue
        value = schemes()[row["scheme"]].values[row["value"]]
        for due in due_on(today, value, row["dated"], calendars.get(row["authority"], [])):
            year = due.period.school_year.replace("/", "-")
            wanted[f"{due.visit_type}.{year}.{due.period.code}.{row['school_number']}"] = (row, due)
    begun = await _begun(uow, {row["school_number"] for row, _ in wanted.values()})
    writes = [
        _monitoring(id_, MonitoringBecameDue, _due_values(*wanted[id_]), create=True)
        for id_ in sorted(wanted.keys() - begun)
    ]
    await uow.write(monitoring, writes)
    return len(writes)


async def _begun(uow: UnitOfWork, numbers: Collection[str]) -> set[str]:
    """What was told to be due for these schools, by the id that it would have now: a school may have another number."""
    columns = monitoring.slices.c
    query = select(columns.visit_type, columns.school_year, columns.period, columns.school_number).where(
        columns.school_number == func.any(sorted(numbers)), func.upper_inf(columns.known)
    )
    rows = await uow.connection.execute(query)
    return {f"{r.visit_type}.{r.school_year.replace('/', '-')}.{r.period}.{r.school_number}" for r in rows}


async def meet_monitoring(uow: UnitOfWork) -> int:
    """Monitoring for which a visit of its type was held within the period: `monitoring.met`."""
    due, held = monitoring.slices, visits.slices
    query = (
        select(due, func.min(held.c.id).label("met_by"))
        .join(
            held,
            and_(
                held.c.school_number == due.c.school_number,
                held.c.visit_type == due.c.visit_type,
                held.c.held_on.between(due.c.due_from, due.c.due_by),
                held.c.state.in_(sorted(TOOK_PLACE)),
                func.upper_inf(held.c.known),
            ),
        )
        .where(due.c.state == "due", func.upper_inf(due.c.known))
        .group_by(due.c.slice)
        .limit(AT_ONCE)
    )
    writes = []
    for row in (await uow.connection.execute(query)).mappings():
        values = values_of(monitoring, dict(row), state="met", visit_id=row["met_by"])
        write = _monitoring(row["id"], MonitoringMet, values)
        writes.append(replace(write, expected_version=row["version"]))
    await uow.write(monitoring, writes)
    return len(writes)


def _due_values(row: Row, due: Due) -> dict[str, Any]:
    until: date = due.period.last_day
    return {
        "school_number": row["school_number"],
        "authority": row["authority"],
        "category_id": row["id"],
        "visit_type": due.visit_type,
        "school_year": due.period.school_year,
        "period": due.period.code,
        "due_from": due.due_from,
        "due_by": until,
        "state": "due",
        "visit_id": None,
    }


def _monitoring(
    id_: str, kind: type[MonitoringFacts], values: Mapping[str, Any], *, create: bool = False
) -> Write:
    carried = {name: value for name, value in values.items() if name != "school_number"}
    event = kind(monitoring_id=id_, school=values["school_number"], **carried)
    return Write(id=id_, subject=f"/monitoring/{id_}", values=values, event=event, create=create)


CLOCK_TASKS: Final = (
    ClockTask("lapse_replies", lapse_replies),
    ClockTask("mark_overdue", mark_overdue),
    ClockTask("begin_monitoring", begin_monitoring),
    ClockTask("meet_monitoring", meet_monitoring),
    follow_late(moved_schools, KINDS),
)
"""In this order: what became due may be met at once."""
