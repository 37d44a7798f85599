"""Drafts a version file: what a service's tables in the code have and a migrated database has not."""

import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from alembic import command
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from service_kit.migrations.draft import draft
from service_kit.migrations.heads import FOUNDATION, heads_of
from service_kit.migrations.upgrade import configuration
from service_kit.service import Service
from testkit.postgres import start_postgres

_TEXT: Final = '''\
"""{title}."""

{imports}

revision = "{revision}"
down_revision = {down}
branch_labels = {labels}
depends_on = {depends}


def upgrade() -> None:
    {body}
'''


class NothingDiffersError(Exception):
    """The version files already make every table that the code declares."""


def write_migration(service: Service, title: str) -> Path:
    """Writes the next version file of a service from the difference to a freshly migrated database.

    Raises NothingDiffersError where there is none, and ValueError for a service without data or with two heads.
    """
    if service.metadata is None:
        raise ValueError(f"{service.name} keeps no data")
    folder = service.package / "migrations"
    previous = _only(heads_of([folder]))
    number = len(list(folder.glob("[0-9]*.py"))) + 1
    body = _without_remarks(_difference(service, _without_rules(service.metadata)))
    if body == "pass":
        raise NothingDiffersError(f"the version files of {service.name} make all its tables already")
    imports = ["import sqlalchemy as sa"] if "sa." in body else []
    imports.append("from alembic import op")
    if "postgresql." in body:
        imports.append("from sqlalchemy.dialects import postgresql")
    text = _TEXT.format(
        title=title,
        imports="\n".join(imports),
        revision=f"{service.name}_{number:04d}",
        down=_quoted(previous),
        labels="None" if previous else f'("{service.name}",)',
        depends="None" if previous else _quoted(_only(heads_of([FOUNDATION]))),
        body=body,
    )
    path = folder / f"{number:04d}_{_slug(title)}.py"
    folder.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(path)], check=True)
    return path


def _without_rules(metadata: MetaData) -> MetaData:
    """The same tables without what only our code reads of them (`info`), which no version file can hold."""
    bare = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        table.to_metadata(bare).info = {}
    return bare


def _difference(service: Service, declared: MetaData) -> str:
    with tempfile.TemporaryDirectory() as folder:
        server = start_postgres(Path(folder), throwaway=True)
        try:
            database = server.create_service_database(service.name)
            return asyncio.run(_compared(database.owner_url, service, declared))
        finally:
            server.stop()


async def _compared(owner_url: str, service: Service, declared: MetaData) -> str:
    engine = create_async_engine(owner_url)

    def compare(connection: Connection) -> str:
        command.upgrade(configuration(service.version_folders, connection), "heads")
        return draft(connection, declared)

    async with engine.begin() as connection:
        code = await connection.run_sync(compare)
    await engine.dispose()
    return code


def _without_remarks(code: str) -> str:
    return "\n".join(line for line in code.splitlines() if not line.lstrip().startswith("#")).strip()


def _only(heads: frozenset[str]) -> str | None:
    if len(heads) > 1:
        raise ValueError(f"two version files follow the same one: {sorted(heads)}")
    return next(iter(heads), None)


def _quoted(name: str | None) -> str:
    return "None" if name is None else f'"{name}"'


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:40]
