"""Takes in a list of schools: read at once, refused with every fault, or kept to be previewed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import select

from registry.domain.address_list import AddressList, read
from registry.domain.data_quality import Finding
from registry.domain.list_report import where
from registry.storage.school_lists import keep_list
from registry.storage.tables import authorities
from service_kit.problems import Fault, ProblemError
from service_kit.problems.faults import pointer
from service_kit.unit_of_work import UnitOfWork

MOST_FAULTS: Final = 1000
"""Faults that one answer lists; the count names all of them."""


@dataclass(frozen=True, slots=True)
class SentList:
    """A file as it came in. `sha256` in hex; `list_date`: the day on which the list says what stood."""

    content: bytes
    media_type: str
    sha256: str
    list_date: date


async def read_list(uow: UnitOfWork, content: bytes) -> AddressList:
    """Reads a list beside the event loop. Raises 422 `list_has_faults` with every fault and its place."""
    known = frozenset(await uow.connection.scalars(select(authorities.heads.c.id)))
    listed = await asyncio.to_thread(read, content, "list", known)
    if listed.faults:
        errors = [_fault(finding) for finding in listed.faults[:MOST_FAULTS]]
        raise ProblemError("list_has_faults", {"count": len(listed.faults)}, errors=errors)
    return listed


async def receive_list(uow: UnitOfWork, sent: SentList, list_id: str, job_id: str) -> None:
    """Keeps a list that has no fault, with its bytes as the evidence of what it will change."""
    listed = await read_list(uow, sent.content)
    counts: Mapping[str, Any] = {"parts": listed.count_by_part(), "warnings": len(listed.warnings)}
    values = {
        "id": list_id,
        "version": 1,
        "state": "received",
        "list_date": sent.list_date,
        "media_type": sent.media_type,
        "sha256": sent.sha256,
        "size": len(sent.content),
        "received_at": uow.clock.now(),
        "job_id": job_id,
        "counts": counts,
    }
    await keep_list(uow.connection, values, sent.content)


def _fault(finding: Finding) -> Fault:
    place = [
        step for step in (finding.sheet, *map(str, finding.rows[:1]), finding.column) if step is not None
    ]
    params = {
        "value": finding.value or "",
        "expected": finding.expected or "",
        "column": finding.column or "",
        "where": where(finding.sheet, finding.rows),
    }
    return Fault(pointer(place), finding.rule, params)
