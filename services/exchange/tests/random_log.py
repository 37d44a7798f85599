"""Random change logs for the digest's tests: records that change, move, are deleted, come back, become confidential."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import strategies as st
from sqlalchemy import delete, insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from contracts.identifiers import new_id
from exchange.storage.tables import changes, changes_head

RECORDS = (
    ("registry.school", "public"), ("registry.school", "public"), ("registry.contact", "personal"),
    ("registry.role", "internal"), ("visits.action", "internal"), ("visits.document", "internal"),
    ("brokerage.commission", "internal"), ("brokerage.offer", "internal"), ("governance.agenda_item", "internal"),
    ("registry.regime", "public"), ("nobody.knows", "public"),
)  # fmt: skip
"""Aggregate and class of each record that a log may tell of; the last is of a service that nobody may read."""
AUTHORITIES = ("673", "681", "672")
ACTIONS = ("upsert", "upsert", "upsert", "delete", "rekey", "move", "move_other", "confidential")

steps = st.lists(
    st.tuples(st.integers(0, len(RECORDS) - 1), st.sampled_from(ACTIONS), st.sampled_from(AUTHORITIES)),
    max_size=50,
)
"""What happens: to which record, what, and to which authority it goes where it moves."""


@dataclass
class _State:
    aggregate: str
    data_class: str
    authority: str
    other: str | None
    key: str
    version: int = 0
    told: dict[str, Any] = field(default_factory=dict)


def entries(log: Sequence[tuple[int, str, str]]) -> list[dict[str, Any]]:
    """The rows of the log, positions from 1."""
    states: dict[int, _State] = {}
    return [
        _entry(position, states.setdefault(number, _begun(number, authority)), action, authority)
        for position, (number, action, authority) in enumerate(log, start=1)
    ]


def _begun(number: int, authority: str) -> _State:
    aggregate, data_class = RECORDS[number]
    two_sided = aggregate in ("brokerage.commission", "brokerage.offer")
    return _State(aggregate, data_class, authority, "681" if two_sided else None, f"record-{number}")


def _entry(position: int, state: _State, action: str, authority: str) -> dict[str, Any]:
    state.version += 1
    row: dict[str, Any] = dict.fromkeys(
        ("from_authority", "from_school", "other_authority", "other_school", "other_person",
         "from_other_authority", "from_other_school", "correlation_id")
    )  # fmt: skip
    if action == "move" and authority != state.authority:
        row |= {"from_authority": state.authority, "from_school": _school(state.authority)}
        state.authority = authority
    if action == "move_other" and state.other not in (None, authority):
        row |= {"from_other_authority": state.other, "from_other_school": _school(str(state.other))}
        state.other = authority
    if action == "confidential" and state.data_class == "internal":
        state.data_class = "confidential"
    if state.other is not None:
        row |= {"other_authority": state.other, "other_school": _school(state.other)}
    of_body = state.aggregate.startswith("governance.")
    return row | {
        "position": position, "event_id": new_id(), "type": f"cymru.gwella.{state.aggregate}.changed.v1",
        "aggregate": state.aggregate, "key": state.key, "subject": f"/records/{state.key}",
        "version": state.version, "change": action if action in ("delete", "rekey") else "upsert",
        "data_class": state.data_class, "authority": state.authority, "school": _school(state.authority),
        "body": "a-body" if of_body else None, "time": datetime(2020, 1, 20, tzinfo=UTC),
        "data": orjson.dumps({"authority": state.authority, "n": position}),
    }  # fmt: skip


def _school(authority: str) -> str:
    return f"{authority}0001"


async def replace_log(owner_url: str, rows: Sequence[dict[str, Any]]) -> None:
    """Puts these entries in the place of the whole log; only the tables' owner may take from it."""
    engine = create_async_engine(owner_url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(delete(changes))
        if rows:
            await connection.execute(insert(changes), list(rows))
        head = upsert(changes_head).values(position=len(rows))
        await connection.execute(
            head.on_conflict_do_update(index_elements=["only"], set_={"position": len(rows)})
        )
    await engine.dispose()
