"""Pages for the next person stay usable: numbered decisions, links that lead somewhere, how-tos to follow."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
HOW_TOS = sorted((DOCS / "how-to").glob("*.md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)]*)?\)")
CODE_PATH = re.compile(r"`((?:libs|services|tools|deploy|docs|tests)/[\w./-]+\.\w+)`")


def gaps(numbers: list[int]) -> list[int]:
    """Numbers that are missing or doubled in a series from 1."""
    return sorted(set(range(1, len(numbers) + 1)) ^ set(numbers))


def missing_parts(text: str) -> list[str]:
    return [
        part
        for part in ("**Decision.**", "**Why.**", "**Rejected.**", "**Revisit when**")
        if part not in text
    ]


def dead_links(page: Path, text: str) -> Iterator[str]:
    for target in LINK.findall(text):
        if "://" not in target and not target.startswith("/") and not (page.parent / target).exists():
            yield target


def dead_paths(text: str) -> list[str]:
    return [path for path in CODE_PATH.findall(text) if not (ROOT / path).exists()]


def test_decisions_are_numbered_without_a_gap() -> None:
    assert len(DECISIONS) >= 10
    assert gaps([int(page.name[:4]) for page in DECISIONS]) == []
    assert gaps([1, 2, 4]) == [3, 4]
    assert gaps([1, 2, 2]) == [3]


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_says_what_was_rejected_and_when_to_look_again(page: Path) -> None:
    text = page.read_text("utf-8")
    assert missing_parts(text) == []
    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert len(text.splitlines()) <= 60, "a decision is one page"


def test_an_incomplete_decision_is_found() -> None:
    assert missing_parts("**Decision.** x **Why.** y **Revisit when** z") == ["**Rejected.**"]


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda page: page.name
)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    assert list(dead_links(page, text)) == []
    if page.parent not in (DOCS / "how-to", DOCS / "reference"):
        assert dead_paths(text) == []


def test_a_dead_link_and_a_dead_path_are_found() -> None:
    assert list(dead_links(DOCS / "map.md", "[x](nowhere.md) [y](decisions/) [z](https://a.b/c)")) == [
        "nowhere.md"
    ]
    assert dead_paths("see `libs/nowhere/x.py` and `Makefile`") == ["libs/nowhere/x.py"]


RULE = re.compile(r"^- \*\*([A-Z]+\d+)\*\* ", re.MULTILINE)


def doubled(text: str) -> list[str]:
    numbers = RULE.findall(text)
    return sorted({number for number in numbers if numbers.count(number) > 1})


def test_a_rules_number_is_never_given_to_another_rule() -> None:
    text = (DOCS / "rules.md").read_text("utf-8")
    assert len(RULE.findall(text)) > 20
    assert doubled(text) == []
    assert doubled("- **R01** One.\n- **R02** Two.\n- **R01** Another.\n") == ["R01"]


def test_the_index_of_invariants_has_no_gap() -> None:
    numbers = re.findall(r"^(\d+)\. \*\*", (DOCS / "invariants.md").read_text("utf-8"), re.MULTILINE)
    assert gaps([int(number) for number in numbers]) == []


@pytest.mark.parametrize("page", HOW_TOS, ids=lambda page: page.stem)
def test_a_how_to_is_numbered_and_copyable(page: Path) -> None:
    text = page.read_text("utf-8")
    steps = [int(number) for number in re.findall(r"^## (\d+)\. ", text, re.MULTILINE)]
    assert len(steps) >= 3
    assert gaps(steps) == []
    assert "```" in text


def test_the_how_tos_exist() -> None:
    assert {page.stem for page in HOW_TOS} >= {"add-an-endpoint", "add-an-event", "add-a-service"}
