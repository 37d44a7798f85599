"""What falls due by the clock: decisions may be called in and take effect, references become overdue."""

from dataclasses import replace
from typing import Final

from contracts.events.governance_decisions import (
    DecisionBecameCallable,
    DecisionTookEffect,
    ReferenceBecameOverdue,
)
from governance.domain.decisions import moved_by_clock
from governance.domain.references import AWAITED, overdue_since
from governance.storage.reading import now_of
from governance.storage.tables import decisions, moved_schools, references
from governance.usecases.follow_school import KINDS
from governance.usecases.writes import write_of
from service_kit.clock_tasks import ClockTask
from service_kit.moving import follow_late
from service_kit.reading import rows, values_of
from service_kit.unit_of_work import UnitOfWork

AT_ONCE: Final = 500
"""Records that one run changes; the next run goes on."""


async def move_decisions(uow: UnitOfWork) -> int:
    """Decisions whose days of call-in begin or have ended."""
    today = uow.clock.today()
    columns = decisions.slices.c
    query = now_of(decisions, columns.state.in_(["published", "callable"]), columns.published_on <= today)
    writes = []
    for row in await rows(uow.connection, query.order_by(columns.published_on).limit(AT_ONCE)):
        state = moved_by_clock(row["state"], row["published_on"], row["call_in_ends"], today)
        if state is None:
            continue
        effective = state == "effective"
        values = values_of(decisions, row, state=state, effective_on=today if effective else None)
        kind = DecisionTookEffect if effective else DecisionBecameCallable
        # Somebody else's change in between is not overwritten: this one is refused, and found again.
        writes.append(write_of(decisions, kind, row["id"], values, expected_version=row["version"]))
    await uow.write(decisions, writes)
    return len(writes)


async def mark_overdue(uow: UnitOfWork) -> int:
    """References whose meeting has passed: `reference.became_overdue`, once for each due day."""
    today = uow.clock.today()
    columns = references.slices.c
    query = now_of(
        references,
        columns.state.in_(sorted(AWAITED)),
        columns.due_on < today,
        columns.overdue_told_for.is_distinct_from(columns.due_on),
    )
    writes = []
    for row in await rows(uow.connection, query.limit(AT_ONCE)):
        since = overdue_since(row["state"], row["due_on"], row["overdue_told_for"], today)
        if since is not None:
            values = values_of(references, row, overdue_since=since, overdue_told_for=row["due_on"])
            write = write_of(
                references, ReferenceBecameOverdue, row["id"], values, changed=("overdue_since",)
            )
            writes.append(replace(write, expected_version=row["version"]))
    await uow.write(references, writes)
    return len(writes)


CLOCK_TASKS: Final = (
    ClockTask("move_decisions", move_decisions),
    ClockTask("mark_references_overdue", mark_overdue),
    follow_late(moved_schools, KINDS),
)
