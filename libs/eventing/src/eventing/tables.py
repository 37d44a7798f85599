"""The tables of the backbone, to be declared in each service's own metadata.

Column names `event_id`, `type`, `key`, `subject`, `version`, `headers`, `data` mean the same in every table. Text
that is only compared, never shown in order, has the collation "C": bytewise, whatever the database's locale is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    false,
    func,
    text,
)
from sqlalchemy.types import Boolean

# An outbox lives on deletes: vacuum after a thousand of them, not after a fifth of the table, and without pauses.
OUTBOX_STORAGE = {
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "1000",
    "autovacuum_vacuum_cost_delay": "0",
}


def _key_text() -> Text:
    return Text(collation="C")


def _event_columns() -> list[Column[object]]:
    return [
        Column("event_id", _key_text(), nullable=False),
        Column("type", _key_text(), nullable=False),
        Column("key", _key_text(), nullable=False),
        Column("subject", _key_text(), nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("headers", LargeBinary, nullable=False),
        Column("data", LargeBinary, nullable=False),
    ]


def _recorded_at() -> Column[object]:
    return Column(
        "recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()
    )


def outbox_table(
    metadata: MetaData, name: str = "outbox", columns: Sequence[Column[object]] | None = None
) -> Table:
    """Rows waiting to be sequenced. `columns` replaces the event's own, for another kind of log."""
    return Table(
        name,
        metadata,
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        *(_event_columns() if columns is None else columns),
        _recorded_at(),
        postgresql_with=OUTBOX_STORAGE,
    )


def log_table(
    metadata: MetaData, name: str = "event_log", columns: Sequence[Column[object]] | None = None
) -> Table:
    """The append-only log: positions from 1 without gaps, in the order of commits per aggregate."""
    return Table(
        name,
        metadata,
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        *(_event_columns() if columns is None else columns),
        _recorded_at(),
    )


def head_table(metadata: MetaData, name: str = "log_head", columns: Sequence[Column[object]] = ()) -> Table:
    """One row: the last position given. Its lock is what makes rival sequencers take turns."""
    return Table(
        name,
        metadata,
        Column("only", Boolean, primary_key=True, server_default=text("true")),
        Column("position", BigInteger, nullable=False, server_default=text("0")),
        *columns,
        CheckConstraint('"only"', name="one_row"),
    )


def cursors_table(metadata: MetaData, name: str = "cursors") -> Table:
    """How far each shipper has come in a log: one row a shipper."""
    return Table(
        name,
        metadata,
        Column("name", _key_text(), primary_key=True),
        Column("position", BigInteger, nullable=False, server_default=text("0")),
        Column("moved_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        # Moved with every batch: room on the page keeps such updates off the index.
        postgresql_with={"fillfactor": "50"},
    )


def inbox_table(metadata: MetaData, name: str = "inbox") -> Table:
    """Which events a consumer has taken; written in the transaction of their effects."""
    return Table(
        name,
        metadata,
        Column("consumer", _key_text(), nullable=False),
        Column("event_id", _key_text(), nullable=False),
        Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        PrimaryKeyConstraint("consumer", "event_id"),
        Index(None, "received_at", postgresql_using="brin"),
    )


def last_versions_table(metadata: MetaData, name: str = "last_versions") -> Table:
    """The last version of each aggregate that a consumer has handled, and its position in the publisher's log."""
    return Table(
        name,
        metadata,
        Column("consumer", _key_text(), nullable=False),
        Column("key", _key_text(), nullable=False),
        Column("aggregate", _key_text(), nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("position", BigInteger),
        PrimaryKeyConstraint("consumer", "key", "aggregate"),
        postgresql_with={"fillfactor": "70"},
    )


def parked_events_table(metadata: MetaData, name: str = "parked_events") -> Table:
    """Events that could not be handled, and those of the same key that queue behind them.

    `reason` is `undecodable`, `failed` or `behind`. A row stays when it is resolved: `resolution` says `redriven` or
    `discarded`, by whom and why.
    """
    table = Table(
        name,
        metadata,
        Column("number", BigInteger, Identity(always=True), primary_key=True),
        Column("consumer", _key_text(), nullable=False),
        Column("topic", _key_text(), nullable=False),
        *_event_columns(),
        Column("position", BigInteger),
        Column("reason", _key_text(), nullable=False),
        Column("error", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("parked_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("resolution", _key_text()),
        Column("resolved_by", Text),
        Column("resolved_because", Text),
        Column("resolved_at", DateTime(timezone=True)),
        CheckConstraint("reason in ('undecodable', 'failed', 'behind')", name="reason"),
        CheckConstraint("resolution in ('redriven', 'discarded')", name="resolution"),
        CheckConstraint("(resolution is null) = (resolved_at is null)", name="resolved"),
    )
    Index(
        f"ix_{name}_open",
        table.c.consumer,
        table.c.key,
        table.c.number,
        postgresql_where=table.c.resolution.is_(None),
    )
    return table


def pending_events_table(metadata: MetaData, name: str = "pending_events") -> Table:
    """Events that wait for an event of another key, and those of the same key that queue behind them."""
    return Table(
        name,
        metadata,
        Column("number", BigInteger, Identity(always=True), primary_key=True),
        Column("consumer", _key_text(), nullable=False),
        Column("awaited_key", _key_text(), nullable=False),
        Column("topic", _key_text(), nullable=False),
        *_event_columns(),
        Column("position", BigInteger),
        Column("behind", Boolean, nullable=False, server_default=false()),
        Column(
            "pending_since", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()
        ),
        Index(None, "consumer", "awaited_key", "number"),
        Index(f"ix_{name}_key", "consumer", "key", "number"),
    )


def consumer_stops_table(metadata: MetaData, name: str = "consumer_stops") -> Table:
    """When a consumer stopped itself, why, and who started it again for what reason; at most one stop lasts."""
    table = Table(
        name,
        metadata,
        Column("number", BigInteger, Identity(always=True), primary_key=True),
        Column("consumer", _key_text(), nullable=False),
        Column("stopped_because", Text, nullable=False),
        Column("stopped_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("resumed_by", Text),
        Column("resumed_because", Text),
        Column("resumed_at", DateTime(timezone=True)),
    )
    Index(f"ix_{name}_open", table.c.consumer, unique=True, postgresql_where=table.c.resumed_at.is_(None))
    return table


@dataclass(frozen=True, slots=True)
class PublisherTables:
    """What a publishing service needs."""

    outbox: Table
    log: Table
    head: Table
    cursors: Table


@dataclass(frozen=True, slots=True)
class ConsumerTables:
    """What a consuming service needs."""

    inbox: Table
    last_versions: Table
    parked: Table
    pending: Table
    stops: Table


def publisher_tables(metadata: MetaData) -> PublisherTables:
    """Declares outbox, event_log, log_head and cursors in a service's metadata."""
    return PublisherTables(
        outbox_table(metadata), log_table(metadata), head_table(metadata), cursors_table(metadata)
    )


def consumer_tables(metadata: MetaData) -> ConsumerTables:
    """Declares inbox, last_versions, parked_events, pending_events and consumer_stops in a service's metadata."""
    return ConsumerTables(
        inbox_table(metadata),
        last_versions_table(metadata),
        parked_events_table(metadata),
        pending_events_table(metadata),
        consumer_stops_table(metadata),
    )
