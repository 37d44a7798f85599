"""SQL of findings."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from visits.storage.tables import findings


async def findings_of(connection: AsyncConnection, visit_id: str, state: str) -> Sequence[Mapping[str, Any]]:
    """The findings of a visit in a state, as known now."""
    slices = findings.slices.c
    query = select(findings.slices).where(
        slices.visit_id == visit_id, slices.state == state, func.upper_inf(slices.known)
    )
    rows = await connection.execute(query.order_by(slices.id))
    return [dict(row) for row in rows.mappings()]
