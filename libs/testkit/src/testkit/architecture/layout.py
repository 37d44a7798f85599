"""Rules about where things lie, what they are called, and what a tracked file may say."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from testkit.architecture.workspace import Breach, SourceFile

FORBIDDEN_NAMES: Final = frozenset(
    {
        "common", "commons", "util", "utils", "utilities", "core", "base", "bases", "helper", "helpers",
        "manager", "managers", "misc", "stuff", "shared", "lib",
    }
)  # fmt: skip

SERVICE_FILES: Final = frozenset({"__init__.py", "__main__.py", "main.py", "service.py"})
"""In every service, whatever it does."""
OPTIONAL_FILES: Final = frozenset({"reactions.py", "problems.toml", "dictionary.toml", "py.typed"})
SERVICE_FOLDERS: Final = frozenset({"api", "usecases", "storage", "domain"})
DATA_FOLDERS: Final = frozenset({"migrations", "data", "upstreams", "pages"})
"""Folders of what a service carries along: its schema's versions, and files that are no code."""
MAX_LINES: Final = {"service.py": 60, "main.py": 10}

_PLACES: Final = (
    re.compile(r"(?<![\w.$}-])/(work|root)/"),
    re.compile(r"(?<![\w.$}-])/(home|Users)/[a-z]"),
    re.compile(r"(?<![\w.$}-])/tmp/[a-z]"),
    re.compile(r"\.\./shared\b|(?<![\w/.-])shared/(data|design|domain|flows|capabilities|engineering)\b"),
    re.compile(
        r"(?i)\b(files\.pythonhosted\.org|pypi\.org|registry\.npmjs\.org|repo1?\.maven|crates\.io|deb\.debian\.org)"
    ),
)
MADE_BY_TOOLS: Final = ("uv.lock",)
"""Lock files name the address of each package; everything else names packages only."""


def has_empty_name(file: SourceFile) -> Iterator[Breach]:
    """A module says what it holds; names that could hold anything are refused."""
    path = PurePosixPath(file.path)
    for part in (*path.parts[:-1], path.stem):
        if part in FORBIDDEN_NAMES:
            yield file.breach("speaking-names", None, f"nothing is called {part!r} here")


def names_a_place(path: str, text: str) -> Iterator[Breach]:
    """No tracked file names a folder of one machine or the address of a package registry."""
    if PurePosixPath(path).name in MADE_BY_TOOLS or path.endswith(".lock"):
        return
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern in _PLACES:
            found = pattern.search(line)
            if found:
                yield Breach("no-places", path, number, f"names {found.group(0)!r}")


def strays_from_the_layout(service: str, paths: Iterable[str]) -> Iterator[Breach]:
    """Every service has the same names in the same places, so that nobody searches.

    `paths` are those of the service's package, relative to it (`service.py`, `api/schools.py`).
    """
    held = [PurePosixPath(path) for path in paths if "__pycache__" not in path]
    top = {path.parts[0] for path in held if len(path.parts) == 1}
    folders = {path.parts[0] for path in held if len(path.parts) > 1}
    for missing in sorted(SERVICE_FILES - top):
        yield Breach("same-names", f"services/{service}", 0, f"{missing} is missing")
    for stray in sorted(top - SERVICE_FILES - OPTIONAL_FILES):
        yield Breach(
            "same-names", f"services/{service}", 0, f"{stray} belongs into one of {sorted(SERVICE_FOLDERS)}"
        )
    for path in held:
        if path.suffix == ".py" and path.parts[0] in DATA_FOLDERS - {"migrations"}:
            yield Breach(
                "same-names", f"services/{service}", 0, f"{path}: no code among the files carried along"
            )
    for stray in sorted(folders - SERVICE_FOLDERS - DATA_FOLDERS):
        yield Breach("same-names", f"services/{service}", 0, f"a folder {stray!r} exists in no other service")


def index_grows(file: SourceFile) -> Iterator[Breach]:
    """`service.py` stays an index of 60 lines, `main.py` of 10."""
    path = PurePosixPath(file.path)
    if path.parts[0] != "services" or "src" not in path.parts or len(path.parts) != 5:
        return
    limit = MAX_LINES.get(path.name)
    if limit is not None and file.lines > limit:
        yield file.breach("short-index", None, f"{file.lines} lines, at most {limit}")


LAYOUT_RULES: Final = (has_empty_name, index_grows)
