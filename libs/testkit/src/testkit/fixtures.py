"""The pytest plugin of the workspace: one PostgreSQL and one Kafka per test session, databases per test.

Loaded by the root `conftest.py`. Fixtures: `postgres`, `fresh_database`, `migrated_database`, `data_folder`, `kafka`,
`real_kafka`, `restartable_kafka`. `GWELLA_TEST_POSTGRES_URL` (a superuser's address) replaces the server from
the wheel, `KAFKA_BOOTSTRAP_SERVERS` the broker. Only where the jars of Apache Kafka cannot be had does a mock
broker stand in, and then the last lines of the report say so; with `CI=true` that is a failure instead.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import inspect
import logging
import os
import re
import secrets
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog

from testkit.databases import (
    ServiceDatabase,
    clone_service_database,
    create_service_database,
    drop_database,
)
from testkit.kafka import Kafka, KafkaServer, kafka_or_given
from testkit.kafka_jars import KafkaJarsUnreachableError
from testkit.kafka_mock import MockKafka, start_mock_kafka
from testkit.postgres import start_postgres

Migrate = Callable[[ServiceDatabase], Awaitable[object] | object]
FreshDatabase = Callable[..., ServiceDatabase]
MigratedDatabase = Callable[[str, Migrate], ServiceDatabase]

_MOCK_REASON = pytest.StashKey[str]()


@dataclass
class TestPostgres:
    """The session's server and what was made on it. Usable from fixtures of any scope."""

    __test__ = False  # the name is no test class

    superuser_url: str
    templates: dict[str, str] = field(default_factory=dict)

    def passwords(self, service: str) -> dict[str, str]:
        """The same in every session on one server, so that two sessions do not lock each other out."""
        return {
            role: hmac.new(self.superuser_url.encode(), role.encode(), hashlib.sha256).hexdigest()
            for role in (f"{service}_owner", f"{service}_api", f"{service}_worker")
        }

    def fresh(self, service: str = "service") -> ServiceDatabase:
        """An empty database with the roles of `service`. The caller drops it with `drop`."""
        name = f"{service}_{secrets.token_hex(5)}"
        return create_service_database(
            self.superuser_url, name, service=service, passwords=self.passwords(service)
        )

    def migrated(self, service: str, migrate: Migrate) -> ServiceDatabase:
        """A copy of a database that `migrate(database)` filled once in this session (about 50 ms a copy).

        `migrate` may be a coroutine function; it runs in a thread of its own, so it may start an event loop.
        It must close its connections: PostgreSQL copies no database that somebody is connected to.
        """
        module, name = getattr(migrate, "__module__", ""), getattr(migrate, "__qualname__", repr(migrate))
        key = f"{service}:{module}.{name}"
        if key not in self.templates:
            template = self.fresh(service)
            with ThreadPoolExecutor(max_workers=1) as thread:
                thread.submit(_run_migration, migrate, template).result()
            self.templates[key] = template.name
        return clone_service_database(
            self.superuser_url,
            self.templates[key],
            f"{service}_{secrets.token_hex(5)}",
            service=service,
            passwords=self.passwords(service),
        )

    def drop(self, database: ServiceDatabase) -> None:
        """Drop a database of this server, also while somebody is connected to it."""
        drop_database(self.superuser_url, database.name)


def _run_migration(migrate: Migrate, database: ServiceDatabase) -> None:
    outcome = migrate(database)
    if inspect.isawaitable(outcome):
        asyncio.run(_awaited(outcome))


async def _awaited(outcome: Awaitable[object]) -> None:
    await outcome


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """A folder for servers that a test starts.

    Not below pytest's own folder (`tmp_path`): every other pytest session of the same user closes that one to
    everybody else, and started by root, PostgreSQL runs as somebody else and panics at its next checkpoint.
    """
    with tempfile.TemporaryDirectory(prefix="gwella-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[TestPostgres]:
    """One throw-away PostgreSQL 18 for the session, or the server at `GWELLA_TEST_POSTGRES_URL`."""
    given = os.environ.get("GWELLA_TEST_POSTGRES_URL")
    if given:
        server = TestPostgres(re.sub(r"^postgres(ql)?(\+\w+)?:", "postgresql+asyncpg:", given))
        yield server
        for template in server.templates.values():
            drop_database(server.superuser_url, template)
        return
    with tempfile.TemporaryDirectory(prefix="gwella-postgres-", ignore_cleanup_errors=True) as folder:
        running = start_postgres(Path(folder), throwaway=True)
        try:
            yield TestPostgres(running.superuser_url)
        finally:
            running.stop()


@pytest.fixture
def fresh_database(postgres: TestPostgres) -> Iterator[FreshDatabase]:
    """`fresh_database(service="service") -> ServiceDatabase`: an empty database, dropped after the test."""
    with ExitStack() as after:

        def make(service: str = "service") -> ServiceDatabase:
            database = postgres.fresh(service)
            after.callback(postgres.drop, database)
            return database

        yield make


@pytest.fixture
def migrated_database(postgres: TestPostgres) -> Iterator[MigratedDatabase]:
    """`migrated_database(service, migrate) -> ServiceDatabase`: a migrated copy, dropped after the test."""
    with ExitStack() as after:

        def make(service: str, migrate: Migrate) -> ServiceDatabase:
            database = postgres.migrated(service, migrate)
            after.callback(postgres.drop, database)
            return database

        yield make


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Kafka]:
    """The session's broker: a given one, a real one of our own, or (never on CI) the mock."""
    try:
        broker: Kafka = kafka_or_given(tmp_path_factory.mktemp("kafka"))
    except KafkaJarsUnreachableError as problem:
        broker = mock_unless_ci(problem)
        pytestconfig.stash[_MOCK_REASON] = str(problem)
    try:
        yield broker
    finally:
        broker.stop()


def mock_unless_ci(problem: KafkaJarsUnreachableError) -> MockKafka:
    """The mock broker in place of a real one that cannot be had; with `CI=true` the test fails instead."""
    if os.environ.get("CI", "").lower() in {"true", "1"}:
        pytest.fail(
            f"with CI=true the tests run on a real Kafka, and there is none: {problem}", pytrace=False
        )
    return start_mock_kafka()


@pytest.fixture
def real_kafka(kafka: Kafka) -> Kafka:
    """A real broker; skips where only the mock could be had."""
    if isinstance(kafka, MockKafka):
        pytest.skip("needs a real Kafka; the mock broker stands in for it here")
    return kafka


@pytest.fixture
def restartable_kafka(real_kafka: Kafka) -> KafkaServer:
    """A real broker that the test may kill and restart; skips on one that was given to us."""
    if not isinstance(real_kafka, KafkaServer):
        pytest.skip("the broker at KAFKA_BOOTSTRAP_SERVERS is not ours to restart")
    return real_kafka


def pytest_configure() -> None:
    """Tests log warnings and worse: a line for each of thousands of requests would bury them."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in the last lines when a mock stood in for Kafka."""
    reason = config.stash.get(_MOCK_REASON, None)
    if reason is not None:
        terminalreporter.section("MOCK BROKER: the transport tests did not run on a real Kafka", red=True)
        terminalreporter.line(reason)
