"""The deployment files as their tools read them."""

import os
from pathlib import Path
from typing import Any

import pytest

from gwella.suite.topology import Topology, read_topology
from testkit.deployment.compose import read_compose
from testkit.deployment.kustomize import KustomizeMissingError, command, rendered

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def topology() -> Topology:
    return read_topology(ROOT / "deploy" / "topology.toml")


@pytest.fixture(scope="session")
def overlays() -> dict[str, list[dict[str, Any]]]:
    """Every overlay, rendered. On CI Kustomize is required."""
    try:
        command()
    except KustomizeMissingError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"overlays are not rendered: {missing}")
    return {name: rendered(ROOT / "k8s" / name) for name in ("development", "production")}


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    return read_compose(ROOT / "docker-compose.yml")
