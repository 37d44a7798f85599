"""The tables of the audit: its own outbox and log, moved by the sequencer's code, and the values beside them."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Executable,
    FromClause,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import ExecutableDDLElement

from contracts.data_class import DataClass
from eventing.sequencer import Chained, LogTables
from eventing.tables import head_table, log_table, outbox_table
from service_kit.policy.grants import Revoke
from service_kit.policy.rls import protect

PROMOTED: Final = ("entry_id", "at", "action", "subject", "client_id", "request_id", "record", "record_id")
"""Columns that repeat what the entry's bytes say, to search by; the verifier holds them against the bytes."""


@dataclass(frozen=True, slots=True)
class AuditTables:
    """What a service's audit consists of."""

    outbox: Table
    log: Table
    head: Table
    values: Table
    checkpoints: Table

    @property
    def log_tables(self) -> LogTables:
        """What the sequencer moves; each entry's `chain` is computed on the way."""
        return LogTables(self.outbox, self.log, self.head, chained=(Chained("chain", _chain),))


def audit_tables(metadata: MetaData) -> AuditTables:
    """Declares audit_outbox, audit_log, audit_head, audit_values and audit_checkpoints in a service's metadata."""
    chain: Column[Any] = Column("chain", LargeBinary, nullable=False, server_default=text("'\\x'"))
    log = log_table(metadata, "audit_log", [*_entry_columns(), Column("chain", LargeBinary, nullable=False)])
    Index("ix_audit_log_record", log.c.record, log.c.record_id, log.c.position)
    Index("ix_audit_log_subject", log.c.subject, log.c.position)
    values = Table(
        "audit_values",
        metadata,
        Column("entry_id", Text(collation="C"), primary_key=True),
        Column("record", Text(collation="C"), nullable=False),
        Column("record_id", Text(collation="C"), nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("fields", JSONB, nullable=False),
        Index("ix_audit_values_record", "record", "record_id"),
        Index("ix_audit_values_at", "at", postgresql_using="brin"),
    )
    checkpoints = Table(
        "audit_checkpoints",
        metadata,
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        Column("signed_at", DateTime(timezone=True), nullable=False),
        Column("signed", Text, nullable=False),
    )
    protect(log, DataClass.confidential)
    protect(values, DataClass.confidential, insert_freely=True)
    return AuditTables(
        outbox_table(metadata, "audit_outbox", _entry_columns()),
        log,
        head_table(metadata, "audit_head", [chain]),
        values,
        checkpoints,
    )


def chain_function() -> list[Executable]:
    """The aggregate `chain(seed, v)`: sha256(previous || v), beginning with the seed. For a service's migration."""
    return [
        text(
            "CREATE FUNCTION chain_step(state bytea, seed bytea, v bytea) RETURNS bytea "
            "LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN sha256(coalesce(state, seed) || v)"
        ),
        text("CREATE AGGREGATE chain(seed bytea, v bytea) (SFUNC = chain_step, STYPE = bytea)"),
    ]


def append_only(tables: AuditTables, service: str) -> list[ExecutableDDLElement]:
    """The statements that take from the service's roles what an append-only audit must not allow.

    The api role writes entries and cannot read back, change or delete them; the worker moves them and empties values.
    For a service's migration, after the tables exist.
    """
    api, worker = f"{service}_api", f"{service}_worker"
    return [
        Revoke(["select", "update", "delete"], [tables.outbox], api),
        Revoke(["update", "delete"], [tables.values], api),
        Revoke(["insert", "update", "delete"], [tables.log, tables.head, tables.checkpoints], api),
        Revoke(["update", "delete"], [tables.log, tables.checkpoints], worker),
    ]


def _entry_columns() -> list[Column[Any]]:
    return [
        Column("entry_id", Text(collation="C"), nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        *(Column(name, Text(collation="C"), nullable=False) for name in PROMOTED[2:]),
        Column("entry", LargeBinary, nullable=False),
    ]


def _chain(rows: FromClause, seed: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.chain(seed, rows.c.entry, type_=LargeBinary).over(order_by=rows.c.seq)
