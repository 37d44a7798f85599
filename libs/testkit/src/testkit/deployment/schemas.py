"""Whether a manifest is what its kind demands: core kinds by `kubernetes-validate`, operators' kinds by our schemas.

A kind that neither knows is refused: an unchecked manifest would only look checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import jsonschema
import kubernetes_validate
from kubernetes_validate.utils import SchemaNotFoundError, ValidationError

Manifest = dict[str, Any]

KUBERNETES: Final = "1.35"
"""The oldest Kubernetes that we promise to run on."""


def own_schemas(folder: Path) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The committed schemas by (apiVersion, kind)."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        schema = json.loads(path.read_text("utf-8"))
        members = schema["properties"]
        found[members["apiVersion"]["const"], members["kind"]["const"]] = schema
    return found


def faults(manifest: Manifest, own: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with a manifest."""
    name = f"{manifest.get('kind')}/{manifest.get('metadata', {}).get('name')}"
    schema = own.get((manifest.get("apiVersion", ""), manifest.get("kind", "")))
    if schema is not None:
        for error in jsonschema.Draft202012Validator(schema).iter_errors(manifest):
            yield f"{name}: {error.json_path}: {error.message}"
        return
    try:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    except SchemaNotFoundError:
        yield f"{name}: nobody checks {manifest.get('apiVersion')} {manifest.get('kind')}"
    except ValidationError as error:
        yield f"{name}: {error.message}"
