"""A client's own ids on our records: unique per client, found by `?external_reference=`, shown to that client only.

query = call.with_references(query, "school", schools.heads.c.id)     # member `external_references`, and filter
await external_references.replace(uow, table, "school", id, values)   # the caller's own set for one record

A resource lets its clients set them by `own_references.set_references`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Index,
    MetaData,
    Table,
    Text,
    delete,
    exists,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.client_rows import protect_by_client
from service_kit.problems import Fault, ProblemError


def external_references_table(metadata: MetaData) -> Table:
    """The references: `value` is unique per client and kind of record."""
    table = Table(
        "external_references",
        metadata,
        Column("client_id", Text, primary_key=True),
        Column("record_type", Text, primary_key=True),
        Column("value", Text, primary_key=True),
        Column("record_id", Text, nullable=False),
        Index("ix_external_references_record", "record_type", "record_id", "client_id"),
    )
    return protect_by_client(table, "client_id")


def own_references(
    table: Table, client_id: str, record_type: str, id_column: ColumnElement[str]
) -> ColumnElement[Any]:
    """A column `external_references`: the caller's own references to the record, in order; [] where there are none."""
    values = (
        select(table.c.value)
        .where(
            table.c.client_id == client_id, table.c.record_type == record_type, table.c.record_id == id_column
        )
        .order_by(table.c.value)
    )
    return func.array(values.scalar_subquery(), type_=ARRAY(Text)).label("external_references")


def referenced(
    table: Table, client_id: str, record_type: str, id_column: ColumnElement[str], value: str
) -> ColumnElement[bool]:
    """The condition for the record to which the caller gave this reference."""
    return exists().where(
        table.c.client_id == client_id,
        table.c.record_type == record_type,
        table.c.value == value,
        table.c.record_id == id_column,
    )


async def holders(
    connection: AsyncConnection, table: Table, client_id: str, record_type: str, values: Sequence[str]
) -> dict[str, str]:
    """The records to which the caller gave these references: from value to record id, in the order of values."""
    found = await connection.execute(
        select(table.c.value, table.c.record_id)
        .where(
            table.c.client_id == client_id,
            table.c.record_type == record_type,
            table.c.value.in_(list(values)),
        )
        .order_by(table.c.value)
    )
    return {row.value: row.record_id for row in found}


async def replace(
    connection: AsyncConnection,
    table: Table,
    client_id: str,
    record_type: str,
    record_id: str,
    values: Sequence[str],
) -> None:
    """Makes `values` the caller's own set for this record.

    Raises 422 for a value given twice and 409 `external_reference_taken`, with a fault per value, for one that the
    caller uses for another record of this kind.
    """
    twice = [Fault(f"/values/{i}", "repeated_value") for i, value in enumerate(values) if value in values[:i]]
    if twice:
        raise ProblemError("validation_failed", errors=twice)
    mine = [table.c.client_id == client_id, table.c.record_type == record_type]
    await connection.execute(
        delete(table).where(*mine, table.c.record_id == record_id, table.c.value.not_in(list(values)))
    )
    if not values:
        return
    rows: list[dict[str, Any]] = [
        {"client_id": client_id, "record_type": record_type, "record_id": record_id, "value": v}
        for v in values
    ]
    await connection.execute(insert(table).values(rows).on_conflict_do_nothing())
    held = await holders(connection, table, client_id, record_type, values)
    taken = {value for value, other_id in held.items() if other_id != record_id}
    if taken:
        faults = [Fault(f"/values/{i}", "taken") for i, value in enumerate(values) if value in taken]
        raise ProblemError("external_reference_taken", errors=faults)
