"""The exchange as it runs: migrated database, consumer and relay on a local transport, its API over ASGI."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from contracts.event import Event
from contracts.identifiers import new_id
from eventing.envelope import Envelope, envelope_of, packed_headers
from eventing.transports.local import LocalTransport
from eventing.transports.port import Record
from exchange.service import service
from service_kit.app import create_app
from service_kit.clock import SystemClock
from service_kit.migrations.upgrade import migrate
from service_kit.process import Runtime
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase
from testkit.tokens import TokenFactory


async def migrated(database: ServiceDatabase) -> None:
    """Fills the session's template."""
    await migrate(database.owner_url, service)


@dataclass
class Exchange:
    """A running exchange: tell it events, ask it as anybody."""

    transport: LocalTransport
    client: httpx.AsyncClient
    tokens: TokenFactory
    position: int = 0
    versions: dict[str, int] = field(default_factory=dict)

    def envelope(self, event: Event, key: str) -> Envelope:
        """The next event of an aggregate, as its publisher would have sequenced it."""
        self.position += 1
        self.versions[key] = self.versions.get(key, 0) + 1
        now = SystemClock().now()
        made = envelope_of(
            event, event_id=new_id(), key=key, version=self.versions[key], subject=f"/{event.AGGREGATE}s/{key}",
            time=now, recorded_time=now,
        )  # fmt: skip
        return made.at(self.position)

    async def hear(self, *envelopes: Envelope) -> None:
        """Publishes events and returns when the exchange has committed them."""
        records = [Record(e.position or 0, e.key, packed_headers(e), e.data) for e in envelopes]
        await self.transport.publish("registry.events", records)

    async def changes(self, role: str, *, of: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
        """The feed as a caller sees it; waits up to five seconds for an entry where nothing else is asked."""
        token = self.tokens.token(role, **(of or {}))
        answer = await self.client.get(
            "/v1/changes", params={"wait": 5, **query}, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

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
async def exchange(migrated_database: MigratedDatabase) -> AsyncIterator[Exchange]:
    """A running exchange of this test alone."""
    urls = migrated_database("exchange", migrated)
    settings = Settings(
        database_url=SecretStr(urls.api_url), worker_database_url=SecretStr(urls.worker_url),
        cursor_secret=SecretStr("a secret of this test"),
    )  # fmt: skip
    transport = LocalTransport({"exchange": frozenset(service.hears)})
    tokens = TokenFactory()
    runtime = Runtime(service, settings, transport, SystemClock())
    await runtime.start(["relay", "consumer"])
    app = create_app(service, settings, authenticate=tokens.bearer())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://exchange") as client,
    ):
        yield Exchange(transport, client, tokens)
    await runtime.stop()


def positions(items: Sequence[dict[str, Any]]) -> list[int]:
    """The positions of feed entries."""
    return [item["position"] for item in items]
