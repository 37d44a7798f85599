"""Attaching a document to a further record: a paper that names it, an appendix of a reference."""

from typing import Any

from service_kit.call import RequestCall
from service_kit.documents import reading, writing
from service_kit.documents.kinds import Documents
from service_kit.policy.decide import decide
from service_kit.problems import Fault, ProblemError
from service_kit.unit_of_work import UnitOfWork


async def attach(
    call: RequestCall,
    uow: UnitOfWork,
    documents: Documents,
    document_id: str,
    *,
    kind: str,
    record_id: str,
    pointer: str,
    demanded: str | None = None,
) -> None:
    """Attaches a document that the caller may read to a record that it is writing; nothing where it is already.

    `demanded` is the least open class that a file of the record must have. Raises 422 at `pointer` for a document
    that is removed or refused, more open than its new record, or that the caller may not know of.
    """
    await writing.locked(uow, documents, document_id)
    await call.under(uow, decide(call.principal, "documents.read", call.memberships, call.serving.roles))
    accesses = await documents.access(call, uow)
    columns = documents.tables.documents.slices.c
    query = reading.showing(documents, accesses, call.clock.today(), None).where(columns.id == document_id)
    found: Any = (await uow.connection.execute(query)).mappings().first()
    if found is None or found["state"] in ("removed", "refused"):
        raise ProblemError("validation_failed", errors=[Fault(pointer, "no_such_document")])
    if demanded == "confidential" and found["classification"] != "confidential":
        raise ProblemError("validation_failed", errors=[Fault(pointer, "too_open", {"expected": demanded})])
    link = {"kind": kind, "id": record_id}
    if link not in found["records"]:
        await writing.move(
            uow, documents, documents.events.attached, found, records=[*found["records"], link]
        )
    await call.under(uow, call.decision)
