"""Freezes a return: its renderings are made from the events up to its position, and do not change any more."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.data_class import DataClass
from contracts.events.exchange import ReturnFrozen, ReturnReopened
from exchange.domain.document import cells_of, difference_json, differences
from exchange.domain.rules import values_of
from exchange.storage import returns
from exchange.storage.returns import Version
from exchange.usecases.fill_return import Filled, filled, frozen_document
from exchange.usecases.keep_chain import keep_counted
from exchange.usecases.open_return import version_id
from exchange.usecases.render_return import json_bytes, renderings
from exchange.usecases.return_machine import remarks_of
from exchange.usecases.return_writing import write_version
from service_kit.policy.decide import Decision
from service_kit.unit_of_work import UnitOfWork


async def freeze(uow: UnitOfWork, row: Version, decision: Decision, person: str) -> None:
    """Makes and keeps every rendering; the digest of the JSON is what is signed off."""
    said, now = await filled(uow.connection, row, decision), uow.clock.now()
    head = await _head(uow, row, said, now)
    # In a thread of its own, like the counting: others are answered while tables are written.
    made = await asyncio.to_thread(renderings, said, head, remarks_of(row), now)
    digest = made[-1].sha256
    await returns.keep_renderings(
        uow.connection,
        [
            {
                "content": digest,
                "format": one.format,
                "language": one.language,
                "version_id": row["id"],
                "sha256": one.sha256,
                "bytes": one.content,
                "data_class": DataClass.confidential.value,
                "authority": row["authority"],
                "body": row["body"],
            }
            for one in made
        ],
    )
    await keep_counted(uow.connection, digest, row, said.figures)
    changes = {"state": "frozen", "digest": digest, "frozen_by": person, "made_at": now}
    await write_version(uow, row["id"], row, changes, ReturnFrozen)


async def reopen(uow: UnitOfWork, row: Version) -> None:
    """Opens a frozen version again: both sign-offs are void, and it has to be validated and frozen anew."""
    changes: dict[str, Any] = {
        "state": "filled",
        "digest": None,
        "frozen_by": None,
        "signed_first_by": None,
        "signed_second_by": None,
        "findings": [],
    }
    await write_version(uow, row["id"], row, changes, ReturnReopened)


async def draft(uow: UnitOfWork, row: Version, decision: Decision) -> bytes:
    """The JSON of a version that is filled and not frozen: without renderings, and without standing."""
    said = await filled(uow.connection, row, decision)
    return json_bytes(said, await _head(uow, row, said, row["made_at"]), remarks_of(row))


async def _head(uow: UnitOfWork, row: Version, said: Filled, made_at: datetime) -> Mapping[str, Any]:
    earlier, amends = row["earlier_version"], row["amends"]
    return {
        "test": row["test"],
        "trace": f"/v1/returns/{row['return_id']}/versions/{row['number']}/figures/{{figure}}/trace",
        "return": {
            "id": row["return_id"],
            "version": row["number"],
            "organisation": row["organisation"],
            "kind": row["kind"],
            "authorities": list(said.authorities),
            "school_year": row["school_year"],
            "period": row["period"],
            "first_day": row["first_day"].isoformat(),
            "last_day": row["last_day"].isoformat(),
            "due_on": row["due_on"].isoformat(),
        },
        "position": row["position"],
        "made_at": made_at.isoformat(),
        "earlier": {"version": earlier, "position": row["earlier_position"]} if earlier is not None else None,
        "amends": await _amends(uow, row, said) if amends is not None else None,
    }


async def _amends(uow: UnitOfWork, row: Version, said: Filled) -> Mapping[str, Any]:
    """What a later version changes in the one that it corrects, and why."""
    versions = await returns.versions_of(uow.connection, row["return_id"])
    corrected = next(v for v in versions if v["id"] == version_id(row["return_id"], row["amends"]))
    was = values_of(cells_of(await frozen_document(uow.connection, corrected["digest"])))
    return {
        "version": row["amends"],
        "reason": row["amend_reason"],
        "differences": [difference_json(one) for one in differences(was, values_of(said.cells))],
    }
