"""Changes of documents: each is one write with its event, and says what becomes of the bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.document_facts import DocumentFacts
from service_kit.documents.kinds import Documents
from service_kit.problems import ProblemError
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]

UNCLAIMED: Final = timedelta(hours=1)
"""How long the bytes of an upload wait for their document; no upload takes as long (its deadline is minutes)."""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A file that was received and found to be what it says; `records` and whose they are."""

    id: str
    object_key: str
    file_name: str | None
    media_type: str
    size: int
    sha256: str
    language: str
    classification: str
    original_id: str | None
    records: Sequence[Mapping[str, str]]
    authority: str | None
    school_number: str | None
    body_id: str | None


def write_of(
    kind: type[DocumentFacts],
    id_: str,
    values: Row,
    *,
    create: bool = False,
    changed: tuple[str, ...] = (),
    reason: str | None = None,
) -> Write:
    """The write of one document; the event carries neither its name nor anything of its contents."""
    carried = (
        "state",
        "sha256",
        "size",
        "media_type",
        "language",
        "classification",
        "records",
        "original_id",
    )
    event = kind.model_validate(
        {
            **{name: values[name] for name in carried},
            "document_id": id_,
            "authority": values["authority"],
            "school": values["school_number"],
            "body_id": values["body_id"],
            "changed": changed,
        }
    )
    subject = f"/documents/{id_}"
    return Write(id=id_, subject=subject, values=values, event=event, create=create, reason=reason)


async def reserve(connection: AsyncConnection, documents: Documents, key: str, now: datetime) -> None:
    """Notes, before any byte is kept, that an object of this key is nobody's unless its document claims it."""
    await connection.execute(
        insert(documents.tables.leftovers).values(object_key=key, due_at=now + UNCLAIMED)
    )


async def add(uow: UnitOfWork, documents: Documents, new: NewDocument, *, quarantined: bool) -> None:
    """Makes the document, and the bytes its own. In a dry run nothing was kept, so nothing is claimed."""
    values = {
        **{name: getattr(new, name) for name in documents.tables.documents.own if hasattr(new, name)},
        "records": list(new.records),
        "state": "quarantined" if quarantined else "available",
        "added_at": uow.clock.now(),
    }
    await uow.write(
        documents.tables.documents, [write_of(documents.events.added, new.id, values, create=True)]
    )


async def claim(uow: UnitOfWork, documents: Documents, key: str) -> None:
    """Takes the bytes off the list of what is to be deleted. Raises 503 where they were deleted already."""
    leftovers = documents.tables.leftovers
    claimed = await uow.connection.execute(delete(leftovers).where(leftovers.c.object_key == key))
    if claimed.rowcount != 1:
        raise ProblemError("unavailable", headers={"Retry-After": "1"})


async def abandon(connection: AsyncConnection, documents: Documents, key: str, now: datetime) -> None:
    """Has bytes deleted that no document holds (any more)."""
    statement = upsert(documents.tables.leftovers).values(object_key=key, due_at=now)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["object_key"], set_={"due_at": now})
    )


async def move(
    uow: UnitOfWork,
    documents: Documents,
    kind: type[DocumentFacts],
    row: Row,
    *,
    reason: str | None = None,
    **new: Any,
) -> None:
    """Changes values of a document and tells it as `kind`; refused or removed, its bytes are to be deleted."""
    record = documents.tables.documents
    values = {name: row[name] for name in record.own} | new
    changed = tuple(name for name in new if name != "state" and row[name] != values[name])
    await uow.write(record, [write_of(kind, row["id"], values, changed=changed, reason=reason)])
    if values["state"] in ("refused", "removed"):
        await abandon(uow.connection, documents, row["object_key"], uow.clock.system_now())


async def locked(uow: UnitOfWork, documents: Documents, id_: str) -> None:
    """Keeps a document for this transaction: what is decided of its state is decided by one only."""
    heads = documents.tables.documents.heads
    await uow.connection.execute(select(heads.c.id).where(heads.c.id == id_).with_for_update())


async def now_of(uow: UnitOfWork, documents: Documents, id_: str) -> Row | None:
    """A document as known now; None where row-level security hides it, too."""
    slices = documents.tables.documents.slices
    query = select(slices).where(slices.c.id == id_, func.upper_inf(slices.c.known))
    found = (await uow.connection.execute(query)).mappings().first()
    return None if found is None else dict(found)
