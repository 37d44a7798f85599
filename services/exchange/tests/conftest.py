"""The exchange as it runs: migrated database, consumer and relay on a local transport, its API over ASGI."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import OKPKey
from pydantic import SecretStr
from sqlalchemy import func, select

from contracts.event import Event
from contracts.identifiers import new_id
from eventing.envelope import Envelope, envelope_of, packed_headers
from eventing.transports.local import LocalTransport
from eventing.transports.port import Record
from exchange.service import service
from exchange.storage.tables import changes_outbox
from service_kit.app import create_app
from service_kit.clock import SystemClock
from service_kit.database import Database
from service_kit.migrations.upgrade import migrate
from service_kit.process import Runtime
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase
from testkit.tokens import TokenFactory

sys.path.insert(0, str(Path(__file__).parent))

from returning import opened, region, told


async def migrated(database: ServiceDatabase) -> None:
    """Fills the session's template."""
    await migrate(database.owner_url, service)


@dataclass
class Exchange:
    """A running exchange: tell it events, ask it as anybody."""

    transport: LocalTransport
    client: httpx.AsyncClient
    tokens: TokenFactory
    worker: Database
    api: Database
    owner_url: str = ""
    position: int = 0
    versions: dict[str, int] = field(default_factory=dict)
    told_at: datetime | None = None
    """When the publishers recorded what they tell; None: now."""

    def envelope(self, event: Event, key: str) -> Envelope:
        """The next event of an aggregate, as its publisher would have sequenced it."""
        self.position += 1
        self.versions[key] = self.versions.get(key, 0) + 1
        now = self.told_at or SystemClock().now()
        made = envelope_of(
            event, event_id=new_id(), key=key, version=self.versions[key], subject=f"/{event.AGGREGATE}s/{key}",
            time=now, recorded_time=now,
        )  # fmt: skip
        return made.at(self.position)

    async def hear(self, *envelopes: Envelope) -> None:
        """Publishes events and returns when the exchange has committed them."""
        records = [Record(e.position or 0, e.key, packed_headers(e), e.data) for e in envelopes]
        await self.transport.publish("registry.events", records)

    async def settled(self) -> None:
        """Returns when everything heard has its position in the change log."""
        waiting = select(func.count()).select_from(changes_outbox)
        async with asyncio.timeout(10):
            while True:
                async with self.worker.transaction() as connection:
                    if not await connection.scalar(waiting):
                        return
                await asyncio.sleep(0.01)

    async def changes(self, role: str, *, of: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
        """The feed as a caller sees it; waits up to five seconds for an entry where nothing else is asked."""
        token = self.tokens.token(role, **(of or {}))
        answer = await self.client.get(
            "/v1/changes", params={"wait": 5, **query}, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def ask(self, method: str, path: str, role: str, *, sent: Any = None, **of: Any) -> httpx.Response:
        """A request as anybody: `headers` and `query` are the request's, everything else goes into the token."""
        headers, query = of.pop("headers", {}), of.pop("query", {})
        headers = {"Authorization": f"Bearer {self.tokens.token(role, **of)}", **headers}
        if method == "POST":
            headers["Idempotency-Key"] = new_id()
        options = {} if sent is None else {"json": sent}
        return await self.client.request(method, path, headers=headers, params=query, **options)

    async def everything(self, role: str, until: int, **of: Any) -> list[dict[str, Any]]:
        """Follows the feed until a position was considered."""
        items: list[dict[str, Any]] = []
        after = 0
        while after < until:
            page = await self.changes(role, of=of, after=after, limit=7)
            items += page["items"]
            after = page["next_after"]
        return items


@pytest.fixture
async def exchange(migrated_database: MigratedDatabase, tmp_path: Path) -> AsyncIterator[Exchange]:
    """A running exchange of this test alone."""
    urls = migrated_database("exchange", migrated)
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    (tmp_path / "return-key.json").write_text(json.dumps(key.as_dict(private=True)))
    settings = Settings(
        database_url=SecretStr(urls.api_url), worker_database_url=SecretStr(urls.worker_url),
        cursor_secret=SecretStr("a secret of this test"), return_key_file=tmp_path / "return-key.json",
    )  # fmt: skip
    transport = LocalTransport({topic: frozenset({"exchange"}) for topic in service.hears})
    tokens = TokenFactory()
    runtime = Runtime(service, settings, transport, SystemClock())
    await runtime.start(["relay", "consumer"])
    app = create_app(service, settings, authenticate=tokens.bearer())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://exchange") as client,
    ):
        assert runtime.worker is not None
        yield Exchange(transport, client, tokens, runtime.worker, app.state.serving.database, urls.owner_url)
    await runtime.stop()


def positions(items: Sequence[dict[str, Any]]) -> list[int]:
    """The positions of feed entries."""
    return [item["position"] for item in items]


@pytest.fixture
async def filled(exchange: Any) -> Any:
    """An exchange that was told of the region, with the return open."""
    await told(exchange, region())
    await opened(exchange)
    return exchange
