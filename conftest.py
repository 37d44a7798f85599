"""The whole workspace shares one PostgreSQL and one Kafka per worker: see `testkit.fixtures`."""

from pathlib import Path

import pytest

pytest_plugins = ["testkit.fixtures"]

_LONGEST = ("tests/faults", "tests/journeys", "tools", "tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first: what begins last should be short, or one worker waits for the other."""
    root = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(root).as_posix()
        return next((n for n, folder in enumerate(_LONGEST) if path.startswith(f"{folder}/")), len(_LONGEST))

    items.sort(key=place)
