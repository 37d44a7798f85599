"""What the worker does with documents as time passes: has files scanned, deletes bytes that nobody holds."""

from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy import delete, func, select

from service_kit.clock_tasks import ClockTask
from service_kit.documents import writing
from service_kit.documents.kinds import Documents
from service_kit.documents.scanning import ScanFailedError, Scanner
from service_kit.documents.store import ObjectMissingError, ObjectStore
from service_kit.unit_of_work import UnitOfWork

SCANNED_AT_ONCE: Final = 4
LOOKED_AT: Final = 50
"""Files in quarantine that one round looks at: one whose bytes are missing keeps no other from its turn."""
SWEPT_AT_ONCE: Final = 100

_log = structlog.get_logger("documents")


def tasks_of(documents: Documents, store: ObjectStore | None, scanner: Scanner | None) -> Sequence[ClockTask]:
    """The clock tasks of a service with documents; none where no store is configured."""
    if store is None:
        return ()

    async def scan(uow: UnitOfWork) -> int:
        return await _scan(uow, documents, store, scanner)

    async def sweep(uow: UnitOfWork) -> int:
        return await _sweep(uow, documents, store)

    return ClockTask("scan_documents", scan), ClockTask("sweep_documents", sweep)


async def _scan(uow: UnitOfWork, documents: Documents, store: ObjectStore, scanner: Scanner | None) -> int:
    """The oldest files in quarantine. Without a verdict a file stays there and is tried again.

    A region that switches its scanner off releases what still waits: the setting says that none is asked.
    """
    slices = documents.tables.documents.slices
    waiting = (
        select(slices)
        .where(slices.c.state == "quarantined", func.upper_inf(slices.c.known))
        .order_by(slices.c.added_at)
        .limit(LOOKED_AT)
    )
    decided = 0
    for row in (await uow.connection.execute(waiting)).mappings().all():
        try:
            passed = scanner is None or await scanner.passes(store.read(row["object_key"], 0, row["size"]))
        except ScanFailedError as error:
            _log.warning("scan_failed", document=row["id"], error_type=type(error).__name__)
            break
        except ObjectMissingError:
            _log.error("document_bytes_missing", document=row["id"])
            continue
        kind = documents.events.released if passed else documents.events.refused
        await writing.move(uow, documents, kind, dict(row), state="available" if passed else "refused")
        decided += 1
        if decided == SCANNED_AT_ONCE:
            break
    return decided


async def _sweep(uow: UnitOfWork, documents: Documents, store: ObjectStore) -> int:
    """Bytes of uploads that never became a document, of files removed and refused."""
    leftovers = documents.tables.leftovers
    due = (
        select(leftovers.c.object_key)
        .where(leftovers.c.due_at <= uow.clock.system_now())
        .limit(SWEPT_AT_ONCE)
    )
    keys = (await uow.connection.scalars(due.with_for_update(skip_locked=True))).all()
    for key in keys:
        await store.delete(key)
    await uow.connection.execute(delete(leftovers).where(leftovers.c.object_key.in_(keys)))
    return len(keys)
