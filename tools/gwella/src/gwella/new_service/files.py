"""The files of a service that has no rule yet. Everything that all services share is called, not copied."""

from dataclasses import dataclass
from itertools import groupby
from string import Template
from typing import Final


@dataclass(frozen=True, slots=True)
class NewService:
    """What a new service is called. `name` is its package and database, `port` where its API listens."""

    name: str
    title: str
    title_cy: str
    port: int


_PYPROJECT: Final = """\
[project]
name = "$name"
version = "0.1.0"
description = "$title."
requires-python = ">=3.11"
dependencies = [
  "contracts",
  "eventing",
  "service-kit",
]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[tool.hatch.build.targets.wheel]
packages = ["src/$name"]

[tool.uv.sources]
contracts = { workspace = true }
eventing = { workspace = true }
service-kit = { workspace = true }
"""

_MAIN: Final = '''\
"""The application, for a server that imports it."""

from $name.service import service
from service_kit.app import create_app

app = create_app(service)
'''

_ENTRY: Final = '''\
"""`python -m $name <role>`: the roles of the one image."""

from $name.service import service
from service_kit.process import run

if __name__ == "__main__":
    run(service)
'''

_SERVICE: Final = '''\
"""$title: every way in and every way out of this service."""

from pathlib import Path

from $name.storage.tables import metadata, shared
from contracts.text import Text
from service_kit.service import Service

service = Service(
    name="$name",
    title=Text("$title", "$title_cy"),
    package=Path(__file__).parent,
    metadata=metadata,
    foundation=shared,
    routers=[],
    publishes=[],
)
'''

_TABLES: Final = '''\
"""The tables of this service. Those that every service has (outbox, log, inbox, audit, ...) are the foundation's."""

from service_kit.database import new_metadata
from service_kit.foundation import foundation

metadata = new_metadata()
shared = foundation(metadata)
'''

_TEST: Final = '''\
"""The service starts on a migrated database and says that it is ready."""

import httpx

from $name.service import service
from service_kit.app import create_app
from service_kit.auth.principal import Principal
from service_kit.migrations.upgrade import migrate
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase
from testkit.fixtures import MigratedDatabase


async def migrated(database: ServiceDatabase) -> None:
    await migrate(database.owner_url, service)


async def nobody(_authorization: str | None) -> Principal:
    raise AssertionError("no route of this test asks who calls")


async def test_the_service_is_ready(migrated_database: MigratedDatabase) -> None:
    database = migrated_database("$name", migrated)
    settings = Settings(database_url=database.api_url, cursor_secret="known to this test")
    app = create_app(service, settings, authenticate=nobody)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")
    async with app.router.lifespan_context(app), client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
'''

_FILES: Final = {
    "pyproject.toml": _PYPROJECT,
    "src/$name/__init__.py": '"""$title."""\n',
    "src/$name/__main__.py": _ENTRY,
    "src/$name/main.py": _MAIN,
    "src/$name/service.py": _SERVICE,
    "src/$name/py.typed": "",
    "src/$name/storage/__init__.py": '"""Tables and SQL."""\n',
    "src/$name/storage/tables.py": _TABLES,
    "tests/test_service.py": _TEST,
}


def service_files(new: NewService) -> dict[str, str]:
    """The files by their paths below `services/<name>`, imports in the order that the linter wants."""
    values = {"name": new.name, "title": new.title, "title_cy": new.title_cy}
    return {
        Template(path).substitute(values): _with_sorted_imports(Template(text).substitute(values))
        for path, text in _FILES.items()
    }


def _with_sorted_imports(text: str) -> str:
    blocks = groupby(text.splitlines(keepends=True), key=lambda line: line.startswith("from "))
    return "".join(line for imports, lines in blocks for line in (sorted(lines) if imports else lines))
