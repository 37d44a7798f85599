"""The files of a deployment that follow from the topology, the operations and the clients, by their paths."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import yaml

from gwella.deployment import kubernetes, operators
from gwella.deployment.compose import DOCUMENTS, compose_services
from gwella.deployment.keycloak import realm
from gwella.suite.topology import Topology
from testkit.issuer_directory import load_directory

BASE: Final = "k8s/base/services"
PRODUCTION: Final = "k8s/production/services"
DEVELOPMENT: Final = "k8s/development/services"
COMPOSE: Final = "deploy/compose/services.yaml"
REALM: Final = "deploy/keycloak/gwella-realm.json"
WHOLLY_OURS: Final = (BASE, PRODUCTION, DEVELOPMENT)
"""Folders with generated files only."""
_HEADER: Final = (
    "# Written by `gwella contracts` from deploy/topology.toml (tools/gwella/src/gwella/deployment); "
    "edit there, not here.\n"
)


def deployment_files(topology: Topology) -> dict[str, str]:
    """Every generated file of a deployment: its path from the root of the project and its text."""
    by_service = {
        f"{plan.name}.yaml": kubernetes.service_manifests(topology, plan) for plan in topology.services
    }
    made = {
        "databases.yaml": operators.databases(topology),
        "topics.yaml": operators.topics(topology),
        "scaled-consumers.yaml": operators.scaled_consumers(topology),
    }
    patches = {
        "database-passwords.yaml": [kubernetes.database_passwords(topology)],
        "documents.yaml": kubernetes.kept_documents(topology, DOCUMENTS),
    }
    files: dict[str, str] = {}
    for folder, contents in ((BASE, by_service), (PRODUCTION, made), (DEVELOPMENT, patches)):
        files |= {f"{folder}/{name}": generated(found) for name, found in contents.items()}
    files[f"{BASE}/kustomization.yaml"] = generated([kubernetes.index(sorted(by_service))])
    files[f"{PRODUCTION}/kustomization.yaml"] = generated([kubernetes.index(sorted(made))])
    files[COMPOSE] = generated([compose_services(topology)])
    files[REALM] = json.dumps(realm(load_directory()), indent=2, ensure_ascii=False) + "\n"
    return files


def generated(found: Iterable[dict[str, Any]]) -> str:
    """A generated file: says so first."""
    return f"{_HEADER}{manifests(found)}"


def manifests(found: Iterable[dict[str, Any]]) -> str:
    """YAML documents, in the order and with the members in the order given."""
    dumped: str = yaml.dump_all(
        found, Dumper=_Plain, sort_keys=False, width=110, allow_unicode=True, explicit_start=False
    )
    return dumped


class _Plain(yaml.SafeDumper):
    """Without anchors: what is alike is written out, so that each manifest can be read by itself."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
