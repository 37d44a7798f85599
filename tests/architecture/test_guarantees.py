"""The page of guarantees names tests and mutants that exist: a promise without its proof is not on it [E-05]."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/guarantees.md"
_QUOTED = re.compile(r"`([^`\s]+)`")
_DEFINED = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)


def unfounded(page: str) -> list[str]:
    """What the tables' rows quote as a test or a mutant and what is not there."""
    rows = [line for line in page.splitlines() if line.startswith("| ") and "test" in line]
    missing: list[str] = []
    for row in rows:
        held: dict[str, str] = {}
        last = ""
        for quoted in _QUOTED.findall(row):
            path, _, name = quoted.partition("::")
            if path.endswith(".py"):
                last = path
                held |= {last: _text(last)}
                if not held[last]:
                    missing.append(quoted)
            named = name or (quoted if quoted.startswith("test_") and "." not in quoted else "")
            if named and not any(named in _DEFINED.findall(text) for text in held.values()):
                missing.append(quoted)
    return missing


def unfounded_mutants(page: str, mutants: str) -> list[str]:
    """Mutants that the rows proved by the storm name and that its file does not have."""
    rows = [line for line in page.splitlines() if "| `storm` |" in line]
    named = [name for row in rows for name in _QUOTED.findall(row.rpartition("| `storm` |")[2])]
    return [name for name in named if f"def test_mutant_{name}(" not in mutants] or (
        [] if named else ["none"]
    )


def _text(path: str) -> str:
    """A test file by its path, or by its name alone where a row has named its folder before."""
    whole = ROOT / path
    if whole.exists():
        return whole.read_text("utf-8")
    found = [one for one in ROOT.glob(f"*/*/tests/**/{path}") if ".venv" not in one.parts]
    return found[0].read_text("utf-8") if len(found) == 1 else ""


def test_each_guarantee_names_tests_that_exist() -> None:
    page = PAGE.read_text("utf-8")
    assert unfounded(page) == []
    assert unfounded("| nothing | `tests/journeys/test_pullers.py::test_that_is_not_there` | |") != []
    assert unfounded("| nothing | `tests/journeys/test_nowhere.py` | |") != []


def test_each_mutant_of_the_storm_exists() -> None:
    page = PAGE.read_text("utf-8")
    mutants = (ROOT / "libs/eventing/tests/test_storm_mutants.py").read_text("utf-8")
    assert unfounded_mutants(page, mutants) == []
    assert unfounded_mutants("| order | `storm` | `no_such_mutant`: lost |", mutants) == ["no_such_mutant"]
