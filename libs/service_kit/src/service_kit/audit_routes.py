"""The audit on the API, for the auditor: who did and read what, and the log itself (O-06..O-08).

    GET /v1/audit                         every service's entries, the newest first; one list, walked by the gateway
    GET /v1/audit/<service>/log           one service's log as it was hashed, from its first entry on
    GET /v1/audit/<service>/checkpoints   its signed checkpoints

Looking is audited like any other look at confidential data. An entry that was written a moment ago is shown once the
relay has chained it.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
from fastapi import Query
from pydantic import Field, StringConstraints
from sqlalchemy import ColumnElement, Select, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from service_kit.audit.entries import REASON
from service_kit.audit.exporting import entry_document
from service_kit.audit.tables import PROMOTED, AuditTables
from service_kit.audit.verifying import LoggedEntry
from service_kit.call import Call
from service_kit.models import Page, Timestamp, View
from service_kit.paging import ascending, descending
from service_kit.problems import Fault, ProblemError
from service_kit.rendering import Row
from service_kit.routing import Router

if TYPE_CHECKING:
    from service_kit.foundation import Foundation

OPERATION: Final = "audit.read"
ACTIONS: Final = ("write", "read")
_KIND: Final = "/" + REASON

Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Action = Annotated[str, Query(pattern="^(write|read)$", json_schema_extra={"enum": list(ACTIONS)})]


class AuditedField(View, data_class=DataClass.confidential):
    """One field that a write changed: digests always, values while they are kept."""

    name: str
    old_digest: str | None
    """The salted SHA-256 of the value before; null where there was none."""
    new_digest: str | None
    old: str | None
    """The value before as JSON text; null where there was none and where it was erased."""
    new: str | None
    kept: bool
    """Whether the values are still kept; erasure and retention empty them, and the digests stay."""


class AuditEntryView(View, data_class=DataClass.confidential):
    """Who did or read what: one write of a record, or one answer that showed personal or confidential data."""

    SCOPED_BY = {}  # noqa: RUF012

    id: str
    service: str
    position: int
    """Its place in the service's log."""
    at: Timestamp
    action: Annotated[str, Field(json_schema_extra={"enum": list(ACTIONS)})]
    subject: str
    """Who."""
    on_behalf_of: list[str]
    """As whom: the roles of the caller, each with its authority, school or body."""
    client_id: str
    request_id: str
    reason: str | None
    """Why, where the caller said so and it is still kept."""
    record: str
    record_id: str
    """The record; empty for a read of several, which `records` names."""
    version: int | None
    """What the write made of the record; null for a read."""
    operation: str | None
    """The operation of a read; null for a write."""
    data_class: str | None
    """The class of what a read showed; null for a write."""
    records: list[str]
    fields: list[AuditedField]


class AuditRowView(View, data_class=DataClass.confidential):
    """One row of a service's log as it stands: the bytes that were hashed, the chain, the columns and the values."""

    SCOPED_BY = {}  # noqa: RUF012

    position: int
    chain: str
    """SHA-256 of the chain before and this entry, in hex."""
    entry: str
    """The hashed bytes, UTF-8."""
    entry_id: str
    at: str
    action: str
    subject: str
    client_id: str
    request_id: str
    record: str
    record_id: str
    values: dict[str, dict[str, str]] | None
    """By field: the salt and the values as JSON text; null for a read and where all were erased."""


class AuditCheckpointView(View, data_class=DataClass.internal):
    """What the chain was at a position, signed (JWS, Ed25519). Keep copies elsewhere."""

    SCOPED_BY = {}  # noqa: RUF012

    position: int
    signed_at: Timestamp
    signed: str


def audit_routers(service: str, shared: "Foundation") -> list[Router]:
    """The list that all services share, and this one's log and checkpoints; `create_app` adds them."""
    title = Text("Audit", "Archwilio")
    entries, log = Router("audit", title), Router("audit", title, prefix=f"/v1/audit/{service}")
    _add_entries(entries, service, shared.audit)
    _add_log(log, shared.audit)
    return [entries, log]


def _add_entries(router: Router, service: str, tables: AuditTables) -> None:
    log = tables.log

    @router.page("/audit", operation=OPERATION, response_model=Page[AuditEntryView], dated=False)
    async def list_audit_entries(
        call: Call,
        record: Word | None = None,
        record_id: Word | None = None,
        subject: Word | None = None,
        client_id: Word | None = None,
        request_id: Word | None = None,
        action: Action | None = None,
        since: Annotated[Timestamp | None, Query(alias="from")] = None,
        until: Annotated[Timestamp | None, Query(alias="to")] = None,
    ) -> Response:
        """Lists who did and read what, service after service, the newest first; `record_id` finds pages that showed it.

        `from` is the first moment, `to` the first that is no longer meant.
        """
        equal = {
            "record": record,
            "subject": subject,
            "client_id": client_id,
            "request_id": request_id,
            "action": action,
        }
        wanted = [log.c[name] == value for name, value in equal.items() if value is not None]
        if record_id is not None:
            wanted.append(_about(tables, record_id))
        if since is not None:
            wanted.append(log.c.at >= _moment(since, "from"))
        if until is not None:
            wanted.append(log.c.at < _moment(until, "to"))
        query = _rows(tables).where(*wanted)
        async with call.read() as uow:
            order = [descending(log.c.position)]
            return await call.page(uow, AuditEntryView, query, order, shape=_shown(service))


def _add_log(router: Router, tables: AuditTables) -> None:
    log, checkpoints = tables.log, tables.checkpoints

    @router.page("/log", operation=OPERATION, response_model=Page[AuditRowView], dated=False)
    async def export_audit_log(call: Call) -> Response:
        """Lists a service's audit log from its first entry on, as it was hashed: what the verifier reads offline."""
        async with call.read() as uow:
            order = [ascending(log.c.position)]
            return await call.page(uow, AuditRowView, _rows(tables), order, shape=_exported)

    @router.page("/checkpoints", operation=OPERATION, response_model=Page[AuditCheckpointView], dated=False)
    async def list_audit_checkpoints(call: Call) -> Response:
        """Lists the signed checkpoints of a service's audit log."""
        async with call.read() as uow:
            order = [ascending(checkpoints.c.position)]
            return await call.page(uow, AuditCheckpointView, select(checkpoints), order)


def _moment(given: datetime, name: str) -> datetime:
    """In UTC. Raises 422 for one that is before the first year there, or behind the last: Postgres has no such."""
    try:
        return given.astimezone(UTC)
    except OverflowError:
        raise ProblemError(
            "validation_failed", errors=[Fault(name, "must_be_timestamp", part="query")]
        ) from None


def _rows(tables: AuditTables) -> Select[Any]:
    log, values = tables.log, tables.values
    return select(log, values.c.fields).outerjoin(values, values.c.entry_id == log.c.entry_id)


def _about(tables: AuditTables, record_id: str) -> ColumnElement[bool]:
    """A record's own entries, and the reads that showed it among others: only their bytes name it."""
    log = tables.log
    named = cast(func.convert_from(log.c.entry, "UTF8"), JSONB)["records"]
    several = and_(log.c.action == "read", log.c.record_id == "", named.op("?")(record_id))
    return or_(log.c.record_id == record_id, several)


def _shown(service: str) -> Callable[[Row], Row]:
    def shape(row: Row) -> Row:
        said, kept = orjson.loads(row["entry"]), row["fields"] or {}
        return {
            **{name: row[name] for name in PROMOTED},
            "id": row["entry_id"],
            "service": service,
            "position": row["position"],
            "on_behalf_of": said["for"],
            "reason": orjson.loads(kept[_KIND]["new"]) if _KIND in kept else None,
            "version": said.get("version"),
            "operation": said.get("operation"),
            "data_class": said.get("data_class"),
            "records": said.get("records", ()),
            "fields": _fields(said.get("fields", {}), kept),
        }

    return shape


def _fields(digests: Row, kept: Row) -> Sequence[Row]:
    return [
        {
            "name": name,
            "old_digest": pair.get("old"),
            "new_digest": pair.get("new"),
            "old": kept.get(name, {}).get("old"),
            "new": kept.get(name, {}).get("new"),
            "kept": name in kept,
        }
        for name, pair in digests.items()
    ]


def _exported(row: Row) -> Row:
    promoted = {name: row[name] for name in PROMOTED}
    logged = LoggedEntry(row["position"], bytes(row["entry"]), bytes(row["chain"]), promoted, row["fields"])
    return {"id": str(row["position"]), **entry_document(logged)}
