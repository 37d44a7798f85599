"""Which versions the files end in and which the database records: read without Alembic."""

import ast
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

FOUNDATION = Path(__file__).parent / "foundation"


def version_folders(service_package: Path) -> tuple[Path, ...]:
    """The folders of version files of a service, given its package's folder: the foundation's and its own."""
    return (FOUNDATION, service_package / "migrations")


def heads_of(folders: Sequence[Path]) -> frozenset[str]:
    """The revisions that no other revision follows or depends on: what a migrated database records."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for folder in folders:
        for path in sorted(folder.glob("[0-9]*.py")):
            values = _assignments(path)
            revisions.add(str(values["revision"]))
            for name in ("down_revision", "depends_on"):
                before = values.get(name)
                followed.update([before] if isinstance(before, str) else [str(item) for item in before or ()])
    return frozenset(revisions - followed)


def _assignments(path: Path) -> dict[str, str | Sequence[str] | None]:
    found = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision", "depends_on"):
                found[target.id] = ast.literal_eval(node.value)
    return found


async def recorded(connection: AsyncConnection) -> frozenset[str]:
    """The revisions at which the database stands; empty for one that was never migrated."""
    exists = await connection.scalar(text("select to_regclass('alembic_version') is not null"))
    if not exists:
        return frozenset()
    rows = await connection.execute(text("select version_num from alembic_version"))
    return frozenset(row.version_num for row in rows)
