"""The compose file as Compose reads it: with what it includes and what its services extend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]


def read_compose(path: Path) -> Document:
    """The whole document: `services`, `secrets`, `volumes`. Paths stay as written, from the root of the project."""
    document: Document = yaml.safe_load(path.read_text("utf-8"))
    for one in document.pop("include", []):
        included = read_compose(path.parent / one["path"])
        for part, entries in included.items():
            held = document.setdefault(part, {})
            if doubled := set(held) & set(entries):
                raise ValueError(f"{path}: {part} {sorted(doubled)} are in two files")
            held |= entries
    root = path.parent
    document["services"] = {
        name: _extended(service, root, path) for name, service in document["services"].items()
    }
    return document


def _extended(service: Document, root: Path, path: Path) -> Document:
    if "extends" not in service:
        return service
    own = {name: value for name, value in service.items() if name != "extends"}
    whence = service["extends"]
    other = (
        next(
            (place for place in (root / whence["file"], _project(path) / whence["file"]) if place.exists()),
            None,
        )
        if "file" in whence
        else path
    )
    if other is None:
        raise ValueError(f"{path}: {whence['file']} does not exist")
    base = yaml.safe_load(other.read_text("utf-8"))["services"][whence["service"]]
    return _merged(_extended(base, other.parent, other), own)


def _project(path: Path) -> Path:
    return next(folder for folder in path.parents if (folder / "docker-compose.yml").exists())


def _merged(base: Document, own: Document) -> Document:
    """What the extending service says wins, member by member."""
    found = dict(base)
    for name, value in own.items():
        held = found.get(name)
        found[name] = _merged(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return found
