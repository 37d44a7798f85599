"""Judges the impact of delivered support against its finding, on both sides, and closes it [D-18; domain 5.2]."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from brokerage.domain.commissions import BOTH_SIDES
from brokerage.storage.tables import impacts, menu_evidence
from brokerage.usecases.place_commission import move_commission
from contracts.events.brokerage_commissions import CommissionClosed, CommissionEvaluated, ImpactJudged
from service_kit.problems import ProblemError
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]


async def judge_impact(uow: UnitOfWork, row: Row, side: str, level: str, evidence: str, who: str) -> str:
    """Judges one side of a commission; the second judgement makes it evaluated. Gives the judgement's id.

    Raises 409 `side_is_judged`. What is on the menu shows how often it had which impact on a supported school.
    """
    columns = impacts.slices.c
    query = select(columns.side).where(func.upper_inf(columns.known), columns.commission_id == row["id"])
    judged = set(await uow.connection.scalars(query))
    if side in judged:
        raise ProblemError("side_is_judged")
    id_ = f"{row['id']}.{side}"
    carried = {name: row[name] for name in ("authority", "request_id", "finding_id", "support_type")}
    carried |= {
        "commission_id": row["id"],
        "side": side,
        "about_school": row["school_number"] if side == "supported" else row["provider_school"],
        "level": level,
        "judged_on": uow.clock.today(),
    }
    values = {
        **carried,
        "school_number": row["school_number"],
        "menu_item_id": row["menu_item_id"],
        "evidence": evidence,
        "judged_by": who,
    }
    event = ImpactJudged(impact_id=id_, school=row["school_number"], changed=("evidence",), **carried)
    await uow.write(
        impacts, [Write(id=id_, subject=f"/impacts/{id_}", values=values, event=event, create=True)]
    )
    if side == "supported":
        await _count(uow, row["menu_item_id"], level)
    if judged | {side} == BOTH_SIDES:
        await move_commission(uow, row, CommissionEvaluated, state="evaluated")
    return id_


async def _count(uow: UnitOfWork, menu_item_id: str, level: str) -> None:
    columns = menu_evidence.c
    statement = insert(menu_evidence).values(menu_item_id=menu_item_id, level=level, judgements=1)
    await uow.connection.execute(
        statement.on_conflict_do_update(
            index_elements=[columns.menu_item_id, columns.level],
            set_={"judgements": columns.judgements + 1},
        )
    )


async def close(uow: UnitOfWork, row: Row) -> None:
    """Closes an evaluated commission."""
    await move_commission(uow, row, CommissionClosed, state="closed", closed_on=uow.clock.today())
