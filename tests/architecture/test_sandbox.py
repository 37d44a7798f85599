"""What only a sandbox may have is in no deployment file (flows, section 4: the clock is set in the sandbox alone)."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DEPLOYED = ("deploy", "k8s", "docker-compose.yml", "Dockerfile")


def _files() -> list[Path]:
    named = [ROOT / name for name in DEPLOYED]
    within = [file for folder in named if folder.is_dir() for file in folder.rglob("*") if file.is_file()]
    return within + [file for file in named if file.is_file()]


def test_no_deployment_sets_a_clock() -> None:
    """A deployment that named the sandbox or its clock could be made to forget a deadline."""
    files = _files()
    assert ROOT / "deploy" / "topology.toml" in files
    saying = [str(file) for file in files if b"GWELLA_SANDBOX" in file.read_bytes()]
    assert saying == []
