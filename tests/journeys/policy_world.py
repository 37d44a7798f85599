"""The running suite as `test_one_policy` asks it: every service by its own address, the gateway, and what is there.

`World.universe` is every record that any service ever told of, whoever may see it, taken from the change log itself:
against it is held what each surface shows to a caller.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from service_kit.auth.principal import Grant
from testkit.fixtures import MigratedDatabase
from testkit.whole_suite import NAMES, Suite, running

_keys = count(1)
_STANDING = """
select (select count(*) from outbox) = 0
   and (select coalesce(bool_and(position = (select position from log_head)), true) from cursors)
"""
_HEARD = "select count(*) = 0 from changes_outbox"
_TOLD = "select aggregate, key, subject from changes order by position"


@dataclass(frozen=True)
class Asker:
    """Who asks: `grants`, a person or none, and the operations to which the token is narrowed (`*`: not at all)."""

    grants: tuple[Grant, ...]
    person: str | None = None
    scopes: str = "*"
    client: str = "metamorphic"

    @property
    def roles(self) -> frozenset[str]:
        """The names of its roles."""
        return frozenset(grant.role for grant in self.grants)


@dataclass
class World:
    """The suite with what was made in it."""

    suite: Suite
    gateway: httpx.AsyncClient
    services: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    engines: dict[str, AsyncEngine] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    made: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What was made by name of the list, so that later acts go on from it."""
    refusals: list[str] = field(default_factory=list)
    universe: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Aggregate and key of every record by its path below `/v1`."""
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Every field that the description gives the records of a kind, whoever may see it."""
    operations: Sequence[Any] = ()
    """What `policy_refusals` tries."""
    compared: int = 0
    """Refusals that were held against each other."""
    compositions: Sequence[str] = ()
    """Composed views beside those of a school and an authority."""

    def headers(self, asker: Asker, language: str = "en") -> dict[str, str]:
        """What a request of this caller carries; a token of this moment."""
        claims: dict[str, Any] = {"scope": asker.scopes, "client_id": asker.client}
        claims["sub"] = asker.person or asker.client
        if asker.person is not None:
            claims["person_id"] = asker.person
        token = self.suite.tokens.signed(asker.grants, **claims)
        return {"Authorization": f"Bearer {token}", "Accept-Language": language}

    def home(self, path: str) -> httpx.AsyncClient:
        """The service that has a path."""
        return self.services[self.homes[path.split("/")[2].partition("?")[0]]]

    async def ask(self, asker: Asker, path: str, **query: Any) -> httpx.Response:
        """One read at the service itself, whose answer the gateway passes on as it is."""
        return await self.home(path).get(path, params=query or None, headers=self.headers(asker))

    async def send(
        self, asker: Asker, method: str, path: str, body: Any = None, *, gateway: bool = False, **headers: str
    ) -> httpx.Response:
        """One request with a body, at the service itself or through the gateway."""
        sent = {**self.headers(asker), **headers}
        if method == "POST":
            sent.setdefault("Idempotency-Key", f"metamorphic-{next(_keys)}")
        content = None if body is None else orjson.dumps(body)
        if content is not None:
            merge = "application/merge-patch+json" if method == "PATCH" else "application/json"
            sent.setdefault("Content-Type", merge)
        client = self.gateway if gateway else self.home(path)
        return await client.request(method, path, content=content, headers=sent)

    async def make(self, asker: Asker, path: str, body: Any = None) -> dict[str, Any] | None:
        """A command, kept under its list; None where the rules refuse it, which a random act may well be."""
        answer = await self.send(asker, "POST", path, body)
        if answer.status_code not in (200, 201):
            if answer.status_code >= 500:
                raise RuntimeError(f"{path}: {answer.text}")
            self.refusals.append(f"{path}: {answer.text}"[:600])
            return None
        done: dict[str, Any] = answer.json()
        self.made.setdefault(path.rsplit("/", 1)[-1], []).append(done)
        return done

    async def settle(self) -> None:
        """Waits until every service has heard everything, and learns what there is."""
        async with asyncio.timeout(60):
            while not await self._stands():  # noqa: ASYNC110  the databases say so, nobody rings
                await asyncio.sleep(0.02)
        async with self.engines["exchange"].connect() as connection:
            rows = (await connection.execute(text(_TOLD))).all()
        self.universe = {row.subject: (row.aggregate, row.key) for row in rows}

    async def _stands(self) -> bool:
        # Twice: what one has heard may make it tell something itself.
        for _ in range(2):
            for name, engine in self.engines.items():
                async with engine.connect() as connection:
                    asked = [_STANDING] + ([_HEARD] if name == "exchange" else [])
                    if not all([await connection.scalar(text(one)) for one in asked]):
                        return False
        return True


@asynccontextmanager
async def standing(migrated_database: MigratedDatabase) -> AsyncIterator[World]:
    """An empty region."""
    async with AsyncExitStack() as stack:
        suite = await stack.enter_async_context(
            running(migrated_database, requests_per_minute=1_000_000, concurrent_requests=1_000)
        )
        gateway = httpx.AsyncClient(base_url=suite.url, timeout=30)
        world = World(suite, await stack.enter_async_context(gateway))
        for name in NAMES:
            direct = httpx.ASGITransport(suite.apps[name])
            client = httpx.AsyncClient(transport=direct, base_url=f"http://{name}")
            world.services[name] = await stack.enter_async_context(client)
            world.engines[name] = create_async_engine(suite.databases[name].worker_url, pool_size=1)
            stack.push_async_callback(world.engines[name].dispose)
            for path in suite.documents[name]["paths"]:
                if path.startswith("/v1/"):
                    collection, own = path.split("/")[2], path.count("/") == 2
                    # The chain of a finding is the exchange's, findings are not.
                    world.homes[collection] = name if own else world.homes.get(collection, name)
        yield world


def of(role: str, **more: Any) -> Asker:
    """Somebody with one role; `person` makes it that person."""
    person = more.pop("person", None)
    return Asker((Grant(role, **more),), person, client=f"{role}-client")


def paths_of(rows: Sequence[Mapping[str, Any]], template: str) -> dict[str, Mapping[str, Any]]:
    """Rows of a list by the path of the record that each is."""
    return {template.format_map(row): row for row in rows}
