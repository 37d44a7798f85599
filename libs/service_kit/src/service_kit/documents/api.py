"""Documents on the API: added to a record, found, downloaded, removed. `create_app` adds the routes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.identifiers import RecordId
from contracts.text import Text
from service_kit.audit.entries import reading as read_entry
from service_kit.call import Call, RequestCall
from service_kit.documents import reading, sending, writing
from service_kit.documents.adding import Asked, add_document, one_document
from service_kit.documents.content import MEDIA_TYPES
from service_kit.documents.kinds import DocumentKind, Documents
from service_kit.documents.machine import DOCUMENT, why_not
from service_kit.documents.serving import DocumentServing
from service_kit.documents.views import (
    Classification,
    DocumentLanguage,
    DocumentLinkView,
    DocumentView,
    RecordKind,
    Removal,
    shaped,
)
from service_kit.journal import Actor
from service_kit.models import Page
from service_kit.own_references import takes_references
from service_kit.paging import descending
from service_kit.problems import ProblemError
from service_kit.routing import Router
from service_kit.transitions import demanded
from service_kit.unit_of_work import UnitOfWork
from service_kit.uploads import Upload

TITLE = Text("Documents", "Dogfennau")
Expires = Annotated[int, Query(ge=0, le=2**40)]
Signature = Annotated[str, Query(min_length=1, max_length=100)]


def documents_routers(documents: Documents) -> Sequence[Router]:
    """The routes of a service with documents: `/v1/documents`, and one below each kind of record."""
    router = Router("documents", TITLE)
    for kind in documents.kinds:
        _adding(router, kind)
    _reading(router, documents)
    _downloading(router, documents)
    _changing(router, documents)
    return [router]


def _serving(call: RequestCall) -> DocumentServing:
    if call.serving.documents is None:
        raise RuntimeError(f"{call.serving.service} keeps no documents")
    return call.serving.documents


def _adding(router: Router, kind: DocumentKind) -> None:
    async def add(
        id: RecordId,  # noqa: A002  the path's own word
        call: Call,
        language: DocumentLanguage,
        classification: Classification | None = None,
        original_id: RecordId | None = None,
    ) -> Response:
        asked = Asked(kind, id, language, classification, original_id)
        return await add_document(call, _serving(call), asked)

    add.__name__ = f"add_document_to_{kind.name}"
    add.__doc__ = (
        f"Adds a file to a record ({kind.title.en.lower()}): the body is the file, Content-Type its type, "
        "Content-Disposition its name, Content-Digest (sha-256) what it must be. "
        "With `original_id` it is a redacted rendering of another document."
    )
    router.post(
        f"/{kind.plural}/{{id}}/documents", operation="documents.write", response_model=DocumentView,
        upload=Upload(MEDIA_TYPES),
        problems=[
            "record_closed_to_documents", "digest_mismatch", "document_type_mismatch", "document_unsafe",
            "document_empty", "document_store_missing",
        ],
    )(add)  # fmt: skip


def _reading(router: Router, documents: Documents) -> None:
    columns = documents.tables.documents.slices.c

    @router.page("/documents", operation="documents.read", response_model=Page[DocumentView], referenced=True)
    async def list_documents(
        call: Call,
        record_kind: RecordKind | None = None,
        record_id: RecordId | None = None,
        original_id: RecordId | None = None,
    ) -> Response:
        """Lists documents that you may read, the newest first; those removed are left out."""
        async with call.read() as uow:
            accesses = await documents.access(call, uow)
            query = reading.showing(documents, accesses, call.valid_at, call.known_at)
            query = query.where(
                reading.attached_to(documents, record_kind, record_id), columns.state != "removed"
            )
            if original_id is not None:
                query = query.where(columns.original_id == original_id)
            query = call.with_references(query, "document", columns.id)
            listed: list[Mapping[str, Any]] = []

            async def audit_listed() -> None:
                shown = listed[:]
                listed.clear()
                await _audited(call, shown)

            def shape(row: Mapping[str, Any]) -> Mapping[str, Any]:
                listed.append(row)
                return shaped(row, call.language)

            order = [descending(columns.added_at), descending(columns.id)]
            call.further_audits.append(audit_listed)
            return await call.page(uow, DocumentView, query, order, shape=shape)

    @router.get("/documents/{id}", operation="documents.read", response_model=DocumentView)
    async def read_document(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
        """Reads what is known of one document; the file itself is behind its link."""
        async with call.read() as uow:
            row = await one_document(call, uow, documents, id)
            if row is not None:
                await _audited(call, [row])
            return call.record(DocumentView, row)


def _downloading(router: Router, documents: Documents) -> None:
    @router.get(
        "/documents/{id}/link", operation="documents.read", response_model=DocumentLinkView, dated=False,
        problems=["document_in_quarantine", "document_refused", "document_removed"],
    )  # fmt: skip
    async def link_to_document(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
        """Gives the address of the file for some minutes: for you alone, to be followed with your token."""
        async with call.read() as uow:
            _available(await one_document(call, uow, documents, id))
        from_now = call.clock.system_now().timestamp() + call.serving.settings.document_link_seconds
        return call.answer(_link(call, id, int(from_now)))

    @router.file(
        "/documents/{id}/content", operation="documents.read",
        problems=[
            "link_expired", "document_in_quarantine", "document_refused", "document_removed",
            "range_not_satisfiable", "document_bytes_missing", "document_store_missing",
        ],
    )  # fmt: skip
    async def download_document(
        id: RecordId,  # noqa: A002  the path's own word
        call: Call,
        expires: Expires,
        signature: Signature,
    ) -> Response:
        """Gives the file as an attachment, whole or a range of it, to whoever was given the link."""
        serving, principal = _serving(call), call.principal
        serving.links.check(
            id, principal.subject, principal.client_id, expires, signature, call.clock.system_now()
        )
        async with call.read() as uow:
            row = _available(await one_document(call, uow, documents, id))
        await _audited(call, [row], "document_content")
        return await sending.answer(call.request, serving.open_store, row, call.headers())


def _link(call: RequestCall, id_: str, expires: int) -> DocumentLinkView:
    principal = call.principal
    signature = _serving(call).links.signature(id_, principal.subject, principal.client_id, expires)
    base = call.serving.settings.public_url.rstrip("/")
    address = f"{base}/v1/documents/{id_}/content?expires={expires}&signature={signature}"
    return DocumentLinkView.model_validate(
        {"url": address, "expires_at": datetime.fromtimestamp(expires, UTC)}
    )


def _changing(router: Router, documents: Documents) -> None:
    @router.post(
        "/documents/{id}/remove", operation="documents.write", response_model=DocumentView, status=200,
        problems=["transition_not_allowed"],
    )  # fmt: skip
    async def remove_document(id: RecordId, why: Removal, call: Call) -> Response:  # noqa: A002
        """Removes a file from records that you may write; from a final one never."""

        async def do(uow: UnitOfWork) -> Mapping[str, Any]:
            await writing.locked(uow, documents, id)
            row = await one_document(call, uow, documents, id)
            if row is None:
                raise ProblemError("not_found")
            demanded(DOCUMENT, row["state"], "remove", why_not(row))
            kind = documents.events.removed
            await writing.move(uow, documents, kind, row, reason=why.reason, state="removed")
            after = await one_document(call, uow, documents, id)
            if after is None:
                raise RuntimeError("a document made itself unknown to the caller")
            return after

        return await call.command(DocumentView, do, status=200)

    load = partial(_loaded, documents)
    takes_references(router, "/documents/{id}", DocumentView, "document", "documents.read", load)


async def _loaded(
    documents: Documents, call: RequestCall, uow: UnitOfWork, id_: str
) -> Mapping[str, Any] | None:
    return await one_document(call, uow, documents, id_)


_NOT_TO_BE_HAD: Mapping[str, str] = {
    "quarantined": "document_in_quarantine",
    "refused": "document_refused",
    "removed": "document_removed",
}


def _available(row: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if row is None:
        raise ProblemError("not_found")
    if row["state"] != "available":
        raise ProblemError(_NOT_TO_BE_HAD[row["state"]])
    return row


async def _audited(call: RequestCall, rows: Sequence[Mapping[str, Any]], record: str = "document") -> None:
    """Leaves an entry for the confidential documents of an answer: even a name may tell something."""
    ids = [row["id"] for row in rows if row["classification"] == "confidential"]
    if not ids or call.serving.read_audit is None:
        return
    principal = call.principal
    actor = Actor(principal.subject, principal.client_id, call.request_id, principal)
    entry = read_entry(
        actor=actor, at=call.clock.now(), operation=call.decision.operation, record=record, record_ids=ids,
        data_class=DataClass.confidential,
    )  # fmt: skip
    await call.serving.read_audit.note(entry)
