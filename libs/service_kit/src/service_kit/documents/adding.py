"""Adding a document to a record: rights first, then the file, then its bytes, then the row that makes it visible.

Killed at any point, nothing is visible: bytes without a document are on the list of what is to be deleted before the
first of them is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from contracts.identifiers import new_id
from service_kit.call import RequestCall
from service_kit.documents import reading, writing
from service_kit.documents.kinds import DocumentKind, Documents
from service_kit.documents.receiving import checked
from service_kit.documents.serving import DocumentServing
from service_kit.documents.views import DocumentView, shaped
from service_kit.problems import Fault, ProblemError
from service_kit.unit_of_work import UnitOfWork
from service_kit.uploads import Received

_OPENNESS = ("public", "internal", "confidential")


@dataclass(frozen=True, slots=True)
class Asked:
    """To which record, and what the caller says of the file."""

    kind: DocumentKind
    record_id: str
    language: str
    classification: str | None
    original_id: str | None


async def add_document(call: RequestCall, serving: DocumentServing, asked: Asked) -> Response:
    """Adds the file of the request. Raises 404, 403, 409, 422 and 503; see `documents.api`."""
    received = call.upload
    if received is None:
        raise RuntimeError("the route takes no file")
    async with call.read() as uow:
        await bearer_of(call, uow, serving.documents, asked)
    file_name = await checked(call.request, received)
    key = new_id()
    kept = False
    try:
        if not call.dry_run:
            await _keep(call, serving, key, received)
            kept = True
        return await _made(call, serving, asked, received, key, file_name)
    except ProblemError:
        if kept:
            await _drop(call, serving, key)
        raise


async def _keep(call: RequestCall, serving: DocumentServing, key: str, received: Received) -> None:
    store, database = serving.open_store, call.serving.database
    if database is None:
        raise RuntimeError(f"{call.serving.service} has no database")
    async with database.transaction() as connection:
        await writing.reserve(connection, serving.documents, key, call.clock.system_now())
    try:
        await store.put(key, received.file, received.size)
    except OSError as error:
        raise ProblemError("unavailable", headers={"Retry-After": "30"}) from error


async def _drop(call: RequestCall, serving: DocumentServing, key: str) -> None:
    """What was refused after all is deleted at the next sweep, not in an hour."""
    database = call.serving.database
    if database is not None:
        async with database.transaction() as connection:
            await writing.abandon(connection, serving.documents, key, call.clock.system_now())


async def _made(
    call: RequestCall,
    serving: DocumentServing,
    asked: Asked,
    received: Received,
    key: str,
    file_name: str | None,
) -> Response:
    documents, id_ = serving.documents, f"{call.serving.service}-{key}"
    replayed = True

    async def do(uow: UnitOfWork) -> Mapping[str, Any]:
        nonlocal replayed
        replayed = False
        facts = await bearer_of(call, uow, documents, asked)
        new = writing.NewDocument(
            id=id_, object_key=key, file_name=file_name, media_type=received.media_type, size=received.size,
            sha256=received.sha256.hex(), language=asked.language,
            classification=_classification(asked, facts), original_id=asked.original_id,
            records=[{"kind": asked.kind.name, "id": asked.record_id}],
            authority=facts["authority"], school_number=facts["school_number"],
            body_id=facts["body_id"],
        )  # fmt: skip
        await writing.add(uow, documents, new, quarantined=serving.quarantine)
        if not call.dry_run:
            await writing.claim(uow, documents, key)
        row = await one_document(call, uow, documents, id_)
        if row is None:
            raise ProblemError("not_found")
        return row

    answer = await call.command(DocumentView, do, location="/v1/documents/{id}")
    if replayed and not call.dry_run:
        await _drop(call, serving, key)
    return answer


async def bearer_of(
    call: RequestCall, uow: UnitOfWork, documents: Documents, asked: Asked
) -> Mapping[str, Any]:
    """Whose the record is. Raises 404 where the caller may not know of it, 403 where it may not write it, 409
    `record_closed_to_documents` where its files are settled, 422 for an original that is none.

    A redacted rendering changes no evidence: it may be added whatever the record's state.
    """
    await call.under(uow, call.reading)
    accesses = await documents.access(call, uow)
    access = accesses[asked.kind.name]
    seen = await _ids(uow, asked.record_id, *(ids for _, ids in access.readable))
    if not seen:
        raise ProblemError("not_found")
    if not await _ids(uow, asked.record_id, access.writable):
        raise ProblemError("operation_not_permitted", {"operation": call.decision.operation})
    if asked.original_id is None and not await _ids(uow, asked.record_id, access.open):
        raise ProblemError("record_closed_to_documents")
    if asked.original_id is not None:
        original = await one_document(call, uow, documents, asked.original_id)
        if original is None or original["state"] != "available" or original["original_id"] is not None:
            raise ProblemError(
                "validation_failed", errors=[Fault("original_id", "no_such_document", {}, "query")]
            )
    facts = access.facts.subquery()
    found = await uow.connection.execute(select(facts).where(facts.c.id == asked.record_id))
    row = dict(found.mappings().one())
    await call.under(uow, call.decision)
    _classification(asked, row)
    return row


async def _ids(uow: UnitOfWork, record_id: str, *selects: Any) -> bool:
    for ids in selects:
        these = ids.subquery()
        if await uow.connection.scalar(select(these.c.id).where(these.c.id == record_id).limit(1)):
            return True
    return False


def _classification(asked: Asked, facts: Mapping[str, Any]) -> str:
    """The class of the file: at least the record's, except for a rendering made so that it can be more open."""
    demanded: str = facts["data_class"]
    if asked.classification is None:
        return demanded
    too_open = _OPENNESS.index(asked.classification) < _OPENNESS.index(demanded)
    if too_open and asked.original_id is None:
        fault = Fault("classification", "too_open", {"expected": demanded}, "query")
        raise ProblemError("validation_failed", errors=[fault])
    return asked.classification


async def one_document(
    call: RequestCall, uow: UnitOfWork, documents: Documents, id_: str
) -> Mapping[str, Any] | None:
    """One document as the caller may see it now or as known then; None where it may not."""
    decided, reads = call.decision, call.reading
    if reads is not decided:
        await call.under(uow, reads)
    accesses = await documents.access(call, uow)
    columns = documents.tables.documents.slices.c
    query = reading.showing(documents, accesses, call.valid_at, call.known_at).where(columns.id == id_)
    query = call.with_references(query, "document", columns.id)
    found = (await uow.connection.execute(query)).mappings().first()
    if reads is not decided:
        await call.under(uow, decided)
    return None if found is None else shaped(found, call.language)
