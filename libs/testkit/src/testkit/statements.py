"""The statements that go to PostgreSQL while a block runs, seen where the driver sends them.

Hot statements do not pass the layer above the driver, so nothing that listens there can count them all.

    with statements_of(engine) as sent:
        await system.get("/v1/visits")
    assert len(sent) == 2
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import asyncpg
from asyncpg.cursor import BaseCursor
from asyncpg.introspection import INTRO_LOOKUP_TYPES
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy.ext.asyncio import AsyncEngine

_PREPARED: Final = "_PreparedStatement__do_execute"
_ASKED_FIRST: Final = ("select pg_catalog.version()", "select current_schema()", "show ")
_OWN: Final = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
"""How transactions begin and end; every one has these, so a count of work leaves them out."""


@contextmanager
def statements_of(engine: AsyncEngine | None = None, *, transactions: bool = False) -> Iterator[list[str]]:
    """Collects the statements sent as this engine's database user to its database; None: all of this process.

    `transactions`: also those that begin and end them.
    """
    sent: list[str] = []
    place = None if engine is None else (engine.url.username, engine.url.database)

    def note(connection: Any, statement: str) -> None:
        parameters = connection._params  # the driver tells it nowhere else
        if place is not None and place != (parameters.user, parameters.database):
            return
        if _of_the_driver(statement):
            return
        if transactions or not statement.lstrip().upper().startswith(_OWN):
            sent.append(statement)

    plain, with_arguments = asyncpg.Connection.execute, asyncpg.Connection._do_execute
    prepared, cursor = getattr(PreparedStatement, _PREPARED), BaseCursor._bind

    async def executed(self: Any, query: str, *arguments: Any, **named: Any) -> Any:
        if not arguments:  # with arguments it goes the way of the next one
            note(self, query)
        return await plain(self, query, *arguments, **named)

    async def bound(self: Any, query: str, *arguments: Any, **named: Any) -> Any:
        note(self, query)
        return await with_arguments(self, query, *arguments, **named)

    async def run(self: Any, *arguments: Any, **named: Any) -> Any:
        note(self._connection, self._query)
        return await prepared(self, *arguments, **named)

    async def opened(self: Any, *arguments: Any, **named: Any) -> Any:
        note(self._connection, self._query)
        return await cursor(self, *arguments, **named)

    # Its query loggers would have to be added to every connection, also to those that a pool has yet to open.
    ways = (
        (asyncpg.Connection, "execute"),
        (asyncpg.Connection, "_do_execute"),
        (PreparedStatement, _PREPARED),
        (BaseCursor, "_bind"),
    )
    before = [getattr(owner, name) for owner, name in ways]
    for (owner, name), noted in zip(ways, (executed, bound, run, opened), strict=True):
        setattr(owner, name, noted)
    try:
        yield sent
    finally:
        for (owner, name), original in zip(ways, before, strict=True):
            setattr(owner, name, original)


def _of_the_driver(statement: str) -> bool:
    """What is asked once a pool or a connection, about server and types: whoever comes first pays for it."""
    return (
        statement == INTRO_LOOKUP_TYPES or statement.strip().startswith(_ASKED_FIRST) or "'jit'" in statement
    )
