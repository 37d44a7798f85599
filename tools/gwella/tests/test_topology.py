"""The topology is one file that is checked before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from gwella.exits import CommandError, Exit
from gwella.suite.secret_store import suite_secrets
from gwella.suite.topology import read_topology
from gwella.suite.wiring import Wiring, as_environment
from service_kit.settings import Settings
from testkit.databases import ServiceDatabase

SMALL = """
[issuer]
port = 9000
[services.front]
port = 9001
database = false
roles = ["api"]
upstreams = ["back"]
[services.back]
port = 9002
database = true
roles = ["api", "relay", "consumer"]
publishes = "back.events"
hears = ["back.events"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "topology.toml"
    path.write_text(text)
    return path


def test_the_projects_own_topology_is_sound() -> None:
    topology = read_topology()
    assert topology.front.name == "gateway"
    published = {service.publishes for service in topology.services if service.publishes}
    assert set(topology.service("exchange").hears) == published


def test_every_port_moves_with_the_offset(tmp_path: Path) -> None:
    topology = read_topology(written(tmp_path, SMALL))
    before = dict(topology.listeners(split=True))
    moved = dict(topology.shifted(1000).listeners(split=True))
    assert moved == {port + 1000: name for port, name in before.items()}
    assert len(moved) == 5


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("9002", "9001"), "share port 9001"),
        (('"back"]', '"nobody"]'), "unknown service 'nobody'"),
        (('"relay"', '"relais"'), "unknown role 'relais'"),
        (('hears = ["back.events"]', 'hears = ["lost.events"]'), "which nobody publishes"),
        (("port = 9000", ""), "is no topology"),
        (("[issuer]", "[issuer"), "is no topology"),
    ],
)
def test_a_fault_is_named_with_its_file(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint) as problem:
        read_topology(written(tmp_path, SMALL.replace(*change)))
    assert problem.value.status is Exit.USAGE
    assert "topology.toml" in problem.value.message


def test_each_role_is_told_only_its_own_database_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Design §6: owner migrates, api serves, worker relays and consumes."""
    topology = read_topology(written(tmp_path, SMALL))
    database = ServiceDatabase("back", "owner", "api", "worker")
    wiring = Wiring(topology, "0.0.0.0", suite_secrets(tmp_path), {"back": database}, "broker:1")
    back = topology.service("back")
    told = {
        role: {name.split("_")[0] for name in wiring.values(back, role) if name.endswith("database_url")}
        for role in ("api", "relay", "consumer", "all", None)
    }
    assert told == {
        "api": {"database"},
        "relay": {"worker"},
        "consumer": {"worker"},
        "all": {"database", "worker"},
        None: {"owner"},
    }
    assert wiring.issuer_url == "http://127.0.0.1:9000"
    monkeypatch.setenv("GWELLA_OWNER_DATABASE_URL", "left over from the caller")
    environment = as_environment(wiring.values(topology.service("front"), "all"))
    assert "GWELLA_OWNER_DATABASE_URL" not in environment
    for name in [name for name in environment if name.startswith("GWELLA_")]:
        monkeypatch.setenv(name, environment[name])
    assert Settings().upstreams == {"back": "http://127.0.0.1:9002"}


def test_secrets_stay_the_same_and_private(tmp_path: Path) -> None:
    once = suite_secrets(tmp_path)
    assert suite_secrets(tmp_path) == once
    assert once.audit_key_file.stat().st_mode & 0o077 == 0
