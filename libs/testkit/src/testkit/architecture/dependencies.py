"""Every package declares what it imports: in one shared environment nothing else would notice."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

from testkit.architecture.workspace import Breach, SourceFile

COMES_WITH: Final[Mapping[str, str]] = {
    "starlette": "fastapi",
    "pydantic_core": "pydantic",
    "multidict": "aiohttp",
    "yarl": "aiohttp",
    "typing_extensions": "pydantic",
    "uvloop": "uvicorn",
    "requests": "jgo",
}
"""Packages that are part of what another one promises, by the one that is declared."""
PLUGIN: Final = ("testkit.fixtures", "pytest")
"""Only pytest itself loads its plugin."""


def declared(pyprojects: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """For each package of the workspace what it may import: what it declares, and what its own libraries declare.

    `pyprojects`: text of `pyproject.toml` by folder (`libs/eventing`).
    """
    direct: dict[str, set[str]] = {}
    for text in pyprojects.values():
        project = tomllib.loads(text)["project"]
        names = {_plain(name) for name in project.get("dependencies", ())}
        for extra in project.get("optional-dependencies", {}).values():
            names |= {_plain(name) for name in extra}
        direct[_plain(project["name"])] = names
    return {name: frozenset(_closure(name, direct)) for name in direct}


def undeclared_imports(file: SourceFile, allowed: frozenset[str]) -> Iterator[Breach]:
    """Imports of distributions that the file's package does not declare. `allowed`: see `declared`."""
    distributions = _distributions()
    for node in ast.walk(file.tree):
        for module in _imported(node):
            top = module.split(".")[0]
            if top in sys.stdlib_module_names or top == file.module.split(".")[0]:
                continue
            if (file.module, top) == PLUGIN:
                continue
            owners = {_plain(name) for name in distributions.get(COMES_WITH.get(top, top), [top])}
            if module.startswith("opentelemetry"):
                owners = {name for name in allowed if name.startswith("opentelemetry")}
            if not owners & allowed:
                yield file.breach("declared-imports", node, f"{top} is not declared by its package")


def pyprojects(root: Path) -> dict[str, str]:
    """The project files of the workspace's packages by their folders."""
    return {
        path.parent.relative_to(root).as_posix(): path.read_text("utf-8")
        for folder in ("libs", "services", "tools", "clients")
        for path in sorted((root / folder).glob("*/pyproject.toml"))
    }


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def _closure(name: str, direct: Mapping[str, set[str]]) -> Iterable[str]:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for dependency in direct.get(waiting.pop(), ()):
            if dependency not in seen:
                seen.add(dependency)
                waiting.append(dependency)
    return seen


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module


def _plain(requirement: str) -> str:
    """The name of a requirement as registries compare it."""
    name = re.split(r"[\s\[<>=!~;]", requirement.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()
