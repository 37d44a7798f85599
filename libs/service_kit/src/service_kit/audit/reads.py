"""Reads of personal and confidential data, audited in batches beside the read.

A read must not wait for a write, and must not go unrecorded: entries wait in a bounded queue that a task empties
every half second; what no longer fits is written at once by the reader itself, and closing writes what is left.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.audit.appending import append
from service_kit.audit.entries import AuditEntry
from service_kit.audit.tables import AuditTables

QUEUE_ENTRIES: Final = 2_000
BATCH_ENTRIES: Final = 500
FLUSH_SECONDS: Final = 0.5

Transaction = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""Opens a transaction of the api role that commits at its end: `Database.transaction`."""

_log = structlog.get_logger("audit.reads")


class ReadAudit:
    """The queue of one process and the task that empties it. `start` and `close` belong to the application's life."""

    def __init__(
        self,
        transaction: Transaction,
        tables: AuditTables,
        *,
        capacity: int = QUEUE_ENTRIES,
        every: float = FLUSH_SECONDS,
    ) -> None:
        self._transaction = transaction
        self._tables = tables
        self._capacity = capacity
        self._every = every
        self._queue: deque[AuditEntry] = deque()
        self._turn = asyncio.Lock()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Entries that are not stored yet."""
        return len(self._queue)

    async def note(self, entry: AuditEntry) -> None:
        """Takes one entry: at once into the queue, or, when that is full, into the database before it returns.

        Raises SQLAlchemyError only in the second case: a read that can be recorded nowhere is not answered.
        """
        if len(self._queue) < self._capacity:
            self._queue.append(entry)
            return
        await self._store([entry])

    def start(self) -> None:
        """Begins to empty the queue regularly."""
        self._task = asyncio.create_task(self._run(), name="audit-reads")

    async def close(self) -> None:
        """Stops the task and stores what waits. Raises SQLAlchemyError when that fails: it must not pass unseen."""
        if self._task is not None:
            # Never cancelled: a batch cut off while it commits would be stored twice.
            self._closing.set()
            await self._task
            self._task = None
        await self.flush()

    async def flush(self) -> None:
        """Stores everything that waits, in order. On failure the entries stay in the queue."""
        async with self._turn:
            while self._queue:
                batch = [self._queue[i] for i in range(min(BATCH_ENTRIES, len(self._queue)))]
                await self._store(batch)
                for _ in batch:
                    self._queue.popleft()

    async def _store(self, entries: Sequence[AuditEntry]) -> None:
        async with self._transaction() as connection:
            await append(connection, self._tables, entries)

    async def _run(self) -> None:
        while not self._closing.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._every)
            try:
                await self.flush()
            except (SQLAlchemyError, OSError) as error:
                # The entries are kept: the next round tries again, and a full queue makes readers write themselves.
                _log.error("audit_of_reads_delayed", waiting=len(self._queue), error=type(error).__name__)
