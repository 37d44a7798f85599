"""Fills a return from the events, takes remarks, and asks the rules: everything before it is frozen."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.exchange import ReturnFilled, ReturnRemarked, ReturnValidated
from exchange.domain.definition import Definition
from exchange.domain.document import cells_of
from exchange.domain.facts import Ledger
from exchange.domain.figures import Cell, Figure
from exchange.domain.obligations import Days, Obligation, before
from exchange.domain.projection import READS, Asked, all_cells, project
from exchange.domain.rules import Finding, Remark, Values, findings, values_of
from exchange.storage import change_log, returns, whole_log
from exchange.storage.definitions import definitions
from exchange.storage.returns import Version
from exchange.usecases.open_return import of_obligation, return_id_of
from exchange.usecases.owe_returns import owed_returns
from exchange.usecases.return_machine import remarks_of
from exchange.usecases.return_writing import write_version
from service_kit.policy.decide import Decision
from service_kit.problems import ProblemError
from service_kit.unit_of_work import UnitOfWork

_TAKEN = frozenset({"submitted", "queried", "acknowledged"})


@dataclass(frozen=True, slots=True)
class Filled:
    """What a version says at its position: figures with their records, cells, findings."""

    definition: Definition
    authorities: tuple[str, ...]
    figures: Sequence[Figure]
    cells: Sequence[Cell]
    findings: Sequence[Finding]


async def fill(uow: UnitOfWork, row: Version, decision: Decision) -> None:
    """Takes the figures of the change log as it stands. Raises 409 `return_not_owed` where nobody owes it any more."""
    known = await change_log.head(uow.connection)
    owed = await owed_returns(uow.connection, decision, known)
    this = next((one for one in owed if return_id_of(one, test=row["test"]) == row["return_id"]), None)
    if this is None:
        raise ProblemError("return_not_owed")
    earlier = await _earlier(uow.connection, before(owed, this))
    changes = {
        **of_obligation(this),
        "state": "filled",
        "position": known,
        "parked": await whole_log.parked_events(uow.connection),
        "earlier_version": earlier["id"] if earlier is not None else None,
        "earlier_position": earlier["position"] if earlier is not None else None,
        "made_at": uow.clock.now(),
        "findings": [],
    }
    await write_version(uow, row["id"], row, changes, ReturnFilled)


async def _earlier(connection: AsyncConnection, one: Obligation | None) -> Version | None:
    """The version of the return of the period before that Welsh Government has."""
    versions = await returns.versions_of(connection, one.return_id) if one is not None else []
    return next((version for version in reversed(versions) if version["state"] in _TAKEN), None)


async def remark(uow: UnitOfWork, row: Version, said: Remark) -> None:
    """Adds a comment or waiver, or replaces the one of the same rule and authority."""
    kept = [r for r in row["remarks"] if (r["rule"], r["authority"]) != (said.rule, said.authority)]
    changes = {"state": "filled", "remarks": [*kept, asdict(said)], "findings": []}
    await write_version(uow, row["id"], row, changes, ReturnRemarked)


async def validate(uow: UnitOfWork, row: Version, decision: Decision) -> None:
    """Asks the rules and keeps what they find."""
    found = (await filled(uow.connection, row, decision)).findings
    errors = sum(1 for one in found if one.severity == "error")
    changes = {"state": "validated", "findings": [asdict(one) for one in found]}
    await write_version(
        uow, row["id"], row, changes, ReturnValidated, errors=errors, warnings=len(found) - errors
    )


async def filled(connection: AsyncConnection, row: Version, decision: Decision) -> Filled:
    """What a version says: projected anew, always the same for the same position. It must have been filled."""
    definition = definitions()[row["definition"]]
    obligation = _obligation(row, definition)
    ledger = await whole_log.ledger(connection, decision, READS, row["position"], obligation.authorities)
    asked = Asked(obligation, row["position"], row["earlier_position"], row["parked"], remarks_of(row))
    earlier = await _frozen_values(connection, row["earlier_version"])
    # In a thread of its own: a region is seconds of counting, and others are answered meanwhile.
    return await asyncio.to_thread(_said, ledger, definition, asked, earlier)


def _said(ledger: Ledger, definition: Definition, asked: Asked, earlier: Values | None) -> Filled:
    figures = project(ledger, definition, asked)
    authorities = asked.obligation.authorities
    cells = all_cells(figures, authorities)
    return Filled(definition, authorities, figures, cells, findings(definition, cells, authorities, earlier))


def _obligation(row: Version, definition: Definition) -> Obligation:
    days = {
        code: Days(date.fromisoformat(span["first_day"]), date.fromisoformat(span["last_day"]))
        for code, span in row["days"].items()
    }
    return Obligation(
        row["organisation"], row["kind"], row["school_year"], row["period"], days, definition.due_after_days
    )


async def _frozen_values(connection: AsyncConnection, version_id: str | None) -> Values | None:
    if version_id is None:
        return None
    return_id, _, number = version_id.rpartition(".")
    versions = await returns.versions_of(connection, return_id)
    digest = next((v["digest"] for v in versions if v["number"] == int(number)), None)
    return values_of(cells_of(await frozen_document(connection, digest)))


async def frozen_document(connection: AsyncConnection, digest: str | None) -> Mapping[str, Any]:
    """The JSON rendering of a frozen version, read back. Raises 404 where the caller may not have it."""
    found = await returns.rendering(connection, digest, "json", "") if digest is not None else None
    if found is None:
        raise ProblemError("not_found")
    content: Mapping[str, Any] = orjson.loads(found.bytes)
    return content
