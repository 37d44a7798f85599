"""Is this process alive, ready, started? Asked by the platform; says nothing about services beside this one.

`/livez`: the event loop turns. `/readyz`: not draining, and every check holds (database reachable, migrations at head,
issuer's keys loaded, consumer not stopped). `/startupz`: started once.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from service_kit.database import Database
from service_kit.migrations.heads import heads_of, recorded

Check = Callable[[], Awaitable[bool]]
"""Whether one part is well. It may raise OSError, TimeoutError or SQLAlchemyError, which count as no."""

TICK_SECONDS: Final = 1.0
STUCK_SECONDS: Final = 15.0
CHECK_SECONDS: Final = 2.0

log = structlog.get_logger("health")


@dataclass
class Health:
    """The state of one process. `checks` may be added to until it starts."""

    checks: dict[str, Check] = field(default_factory=dict)
    started: bool = False
    draining: bool = False
    _ticked: float = field(default_factory=time.monotonic)
    _ticker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to watch the loop, and says that the process has started."""
        self._ticked = time.monotonic()
        self._ticker = asyncio.create_task(self._tick(), name="health")
        self.started = True

    async def close(self) -> None:
        """Stops watching."""
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
            self._ticker = None

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._ticked = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the loop has turned lately; before the start there is nothing to be stuck."""
        return self._ticker is None or time.monotonic() - self._ticked < STUCK_SECONDS

    async def ready(self) -> Mapping[str, bool]:
        """Every check by name, run at the same time."""
        held = await asyncio.gather(*(_holds(name, check) for name, check in self.checks.items()))
        return {"accepting": self.started and not self.draining, **dict(zip(self.checks, held, strict=True))}

    def routes(self) -> list[Route]:
        """The three addresses."""

        async def livez(_: Request) -> Response:
            return _answer({"loop": self.alive})

        async def readyz(_: Request) -> Response:
            return _answer(await self.ready())

        async def startupz(_: Request) -> Response:
            return _answer({"started": self.started})

        return [
            Route("/livez", livez, include_in_schema=False),
            Route("/readyz", readyz, include_in_schema=False),
            Route("/startupz", startupz, include_in_schema=False),
        ]


def _answer(checks: Mapping[str, bool]) -> Response:
    well = all(checks.values())
    body = {"status": "ok" if well else "failing", "checks": dict(checks)}
    return JSONResponse(body, 200 if well else 503, {"Cache-Control": "no-store"})


async def _holds(name: str, check: Check) -> bool:
    try:
        return await asyncio.wait_for(check(), CHECK_SECONDS)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        log.warning("check_failed", component=name, error_type=type(error).__name__)
        return False


def reachable(database: Database) -> Check:
    """Whether the database answers."""

    async def check() -> bool:
        async with database.engine.connect() as connection:
            return bool(await connection.scalar(text("select 1")) == 1)

    return check


def at_head(database: Database, folders: Sequence[Path]) -> Check:
    """Whether the database stands where the version files end. Once it does, it is not asked again."""
    expected = heads_of(folders)
    held = False

    async def check() -> bool:
        nonlocal held
        if not held:
            async with database.engine.connect() as connection:
                held = await recorded(connection) == expected
        return held

    return check
