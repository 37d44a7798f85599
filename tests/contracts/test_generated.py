"""What is committed is what the code says: E-07, and every generated page."""

from pathlib import Path

import pytest

from gwella.contracts.generate import differences, generated_files, release, write
from gwella.main import app
from gwella.suite.parts import load_service
from gwella.suite.topology import read_topology

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return generated_files([load_service(plan.name) for plan in read_topology().services], app)


def test_everything_committed_is_what_would_be_generated(files: dict[str, str]) -> None:
    found = differences(ROOT, files)
    assert not found, "run `make contracts` and commit what it writes:\n" + "\n".join(found)
    assert len(files) > 20


def test_what_was_written_by_hand_is_found_and_put_right(files: dict[str, str], tmp_path: Path) -> None:
    assert len(write(tmp_path, files)) == len(files)
    assert differences(tmp_path, files) == []
    (tmp_path / "docs/reference/metrics.md").write_text("# By hand\n")
    (tmp_path / "docs/reference/problems.md").unlink()
    (tmp_path / "docs/reference/events/cymru.gwella.gone.v1.json").write_text("{}")
    assert differences(tmp_path, files) == [
        "docs/reference/metrics.md is not what the code says",
        "docs/reference/problems.md is missing",
        "docs/reference/events/cymru.gwella.gone.v1.json comes from nothing any more",
    ]
    assert len(write(tmp_path, files)) == 3
    assert differences(tmp_path, files) == []


def test_a_version_is_released_once(tmp_path: Path) -> None:
    assert len(release(tmp_path, "1", ["registry"])) > 10
    with pytest.raises(FileExistsError):
        release(tmp_path, "1", ["registry"])
