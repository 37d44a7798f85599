"""Things lie where the layout says, and tracked files name no machine (design §3)."""

from pathlib import Path

import pytest

from testkit.architecture import SourceFile, service_names, tracked_files
from testkit.architecture.layout import (
    has_empty_name,
    index_grows,
    names_a_place,
    strays_from_the_layout,
)

ROOT = Path(__file__).parents[2]


def package(service: str) -> list[str]:
    folder = ROOT / "services" / service / "src" / service
    return [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]


@pytest.mark.parametrize("service", service_names(ROOT))
def test_every_service_has_the_same_names(service: str) -> None:
    breaches = [str(breach) for breach in strays_from_the_layout(service, package(service))]
    assert not breaches, "\n".join(breaches)


def test_a_missing_and_a_stray_file_are_found() -> None:
    good = ["__init__.py", "__main__.py", "main.py", "service.py", "api/schools.py", "__pycache__/x.pyc"]
    assert list(strays_from_the_layout("visits", good)) == []
    assert [b.message for b in strays_from_the_layout("visits", [n for n in good if n != "main.py"])] == [
        "main.py is missing"
    ]
    assert len(list(strays_from_the_layout("visits", [*good, "handlers.py"]))) == 1
    assert len(list(strays_from_the_layout("visits", [*good, "gateways/registry.py"]))) == 1
    assert list(strays_from_the_layout("visits", [*good, "migrations/v0001.py", "data/list.ods"])) == []
    assert len(list(strays_from_the_layout("visits", [*good, "data/reading.py"]))) == 1


@pytest.mark.parametrize("name", ["common", "utils", "core", "base", "helpers", "manager", "misc"])
def test_empty_names_are_found(name: str) -> None:
    assert len(list(has_empty_name(SourceFile.parse(f"libs/eventing/src/eventing/{name}.py", "")))) == 1
    assert len(list(has_empty_name(SourceFile.parse(f"services/x/src/x/{name}/one.py", "")))) == 1
    assert list(has_empty_name(SourceFile.parse(f"libs/eventing/src/eventing/{name}_log.py", ""))) == []


def test_a_grown_index_is_found() -> None:
    service = "services/visits/src/visits/service.py"
    assert list(index_grows(SourceFile.parse(service, "x = 1\n" * 60))) == []
    assert len(list(index_grows(SourceFile.parse(service, "x = 1\n" * 61)))) == 1
    assert len(list(index_grows(SourceFile.parse("services/visits/src/visits/main.py", "x = 1\n" * 11)))) == 1
    assert list(index_grows(SourceFile.parse("services/visits/tests/service.py", "x = 1\n" * 61))) == []


def test_no_tracked_file_names_a_place() -> None:
    tracked = tracked_files(ROOT)
    assert "README.md" in tracked or "pyproject.toml" in tracked
    breaches: list[str] = []
    for path in tracked:
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            text = content.decode("utf-8", errors="replace")
            breaches += [str(breach) for breach in names_a_place(path, text)]
    assert not breaches, "\n".join(breaches)


# Put together here so that this file does not name them itself.
PLACES = [
    "see " + "/" + "work/main for more",
    "cd " + "/" + "root/x",
    "open('" + "/" + "home/somebody/x')",
    "Path('" + "/" + "tmp/brief')",
    ".." + "/shared/data",
    "read " + "shared" + "/design.md",
    "https://" + "pypi" + ".org/simple",
    "https://" + "repo" + ".maven.apache.org/maven2",
]


@pytest.mark.parametrize("line", PLACES)
def test_a_named_place_is_found(line: str) -> None:
    assert [breach.line for breach in names_a_place("docs/map.md", f"first\n{line}\n")] == [2]
    assert list(names_a_place("uv.lock", line)) == []


@pytest.mark.parametrize(
    "line",
    [
        "the work is shared by two",
        "GET /v1/works/1",
        "a shared pool",
        "/var/tmp is not named",
        "team/work/plan",
    ],
)
def test_ordinary_words_are_no_places(line: str) -> None:
    assert list(names_a_place("docs/map.md", line)) == []
