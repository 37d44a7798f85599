"""All generated files by their paths; written, or compared with what is committed."""

import importlib.metadata
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import typer

from gwella.contracts import interface, pages
from gwella.contracts.asyncapi import asyncapi_document
from gwella.contracts.dictionary_page import dictionary_page
from gwella.contracts.monitoring import CATALOGUE, monitoring_files
from gwella.contracts.openapi import merged_document, service_document
from gwella.contracts.schemas import as_json, event_schema, events_by_publisher
from gwella.deployment.files import WHOLLY_OURS, deployment_files
from gwella.suite.topology import read_topology
from service_kit.policy.rights_page import rights_page
from service_kit.policy.roles import roles
from service_kit.problems import Catalogue, generic_catalogue, load_catalogue
from service_kit.service import Service

REFERENCE: Final = "docs/reference"
UPSTREAMS: Final = "services/gateway/src/gateway/upstreams"
_CHECKOUT: Final = Path(__file__).parents[5]
_WHOLLY_OURS: Final = (
    f"{REFERENCE}/events",
    f"{REFERENCE}/asyncapi",
    UPSTREAMS,
    "deploy/grafana",
    *WHOLLY_OURS,
)
"""Folders with generated files only: what should not be there is removed."""


def generated_files(services: Sequence[Service], app: typer.Typer) -> dict[str, str]:
    """Every generated file: its path from the root of the project and its text. `app` is the command line."""
    version = importlib.metadata.version("contracts")
    by_name = {service.name: service for service in services}
    # What no service publishes yet is no promise; that it has a publisher is another rule's concern.
    publishers = {name: classes for name, classes in events_by_publisher().items() if name in by_name}
    files: dict[str, str] = {}
    for publisher, classes in publishers.items():
        for cls in classes:
            files[f"{REFERENCE}/events/{cls.TYPE}.json"] = as_json(event_schema(cls))
        document = asyncapi_document(publisher, by_name[publisher].title, version, classes)
        files[f"{REFERENCE}/asyncapi/{publisher}.json"] = as_json(document)
    documents = {service.name: service_document(service) for service in services}
    for name, document in documents.items():
        if name != "gateway":
            files[f"{UPSTREAMS}/{name}.openapi.json"] = as_json(document)
    whole = merged_document(documents)
    files[f"{REFERENCE}/openapi.json"] = as_json(whole)
    files[interface.PAGE] = interface.changelog(*interface.last_release(_CHECKOUT), interface.surface(whole))
    files[f"{REFERENCE}/data-dictionary.md"] = dictionary_page(documents)
    files[f"{REFERENCE}/events.md"] = pages.events_page(publishers)
    files[f"{REFERENCE}/problems.md"] = pages.problems_page(catalogues(services))
    files[f"{REFERENCE}/metrics.md"] = pages.metrics_page(CATALOGUE)
    files[f"{REFERENCE}/rights.md"] = rights_page(roles())
    files[f"{REFERENCE}/command-line.md"] = pages.command_line_page(app, "gwella")
    return files | deployment_files(read_topology()) | monitoring_files()


def catalogues(services: Sequence[Service]) -> dict[str, Catalogue]:
    """The problems by where they are declared: of every service, then of each."""
    found = {"every service": generic_catalogue()}
    for service in services:
        path = service.package / "problems.toml"
        if path.exists():
            found[service.name] = load_catalogue(path)
    return found


def differences(root: Path, files: Mapping[str, str]) -> list[str]:
    """What is committed differently from what would be generated, a line each; empty when nothing is."""
    found = []
    for path, text in sorted(files.items()):
        on_disk = root / path
        if not on_disk.exists():
            found.append(f"{path} is missing")
        elif on_disk.read_text("utf-8") != text:
            found.append(f"{path} is not what the code says")
    return found + [f"{path} comes from nothing any more" for path in _left_over(root, files)]


def write(root: Path, files: Mapping[str, str]) -> list[str]:
    """Writes the files that differ and removes what comes from nothing; gives the paths that changed."""
    changed = []
    for path, text in sorted(files.items()):
        on_disk = root / path
        if not on_disk.exists() or on_disk.read_text("utf-8") != text:
            on_disk.parent.mkdir(parents=True, exist_ok=True)
            on_disk.write_text(text, "utf-8")
            changed.append(path)
    for path in _left_over(root, files):
        (root / path).unlink()
        changed.append(path)
    return changed


def release(root: Path, version: str, publishers: Collection[str]) -> list[str]:
    """Keeps the schemas of these services' events as released with `version`: every later change is compared with them.

    Raises FileExistsError when that version was released before: what was promised is not rewritten.
    """
    folder = root / REFERENCE / "released" / version
    folder.mkdir(parents=True)
    written = []
    for publisher, classes in events_by_publisher().items():
        for cls in classes if publisher in publishers else ():
            path = folder / f"{cls.TYPE}.json"
            path.write_text(as_json(event_schema(cls)), "utf-8")
            written.append(path.relative_to(root).as_posix())
    return written


def _left_over(root: Path, files: Mapping[str, str]) -> list[str]:
    held = [
        path
        for folder in _WHOLLY_OURS
        for kind in ("*.json", "*.yaml")
        for path in sorted((root / folder).glob(kind))
    ]
    return [name for path in held if (name := path.relative_to(root).as_posix()) not in files]
