"""A newcomer adds an endpoint, an event and a service by the pages alone: followed to the letter in a copy.

The copy borrows the installed packages, so the two lines of a page that install (`uv lock`, `uv sync`) are left out:
they need the package registry, and `make install` does the same.
"""

from pathlib import Path

import pytest

from testkit.how_to import Step, StepError, copy_of_workspace, environment_of, follow, steps_of

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))


@pytest.mark.journey
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_works_to_the_letter(page: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    environment = copy_of_workspace(ROOT, workspace)
    text, printed = page.read_text("utf-8"), ""
    for step in steps_of(text):
        block = "".join(line for line in step.block.splitlines(keepends=True) if not line.startswith("uv "))
        printed += follow(Step(step.kind, block, step.path, step.anchor), workspace, environment)
        environment = environment_of(workspace)
    assert " passed" in printed
    if "gwella contracts\n" in text:
        assert "docs/reference/openapi.json" in printed, "gwella contracts wrote the new promise"


PAGE = """# Page

New file `a/b.py`:

```python
one
```

In `a/b.py`, below `one`, add:

```python
two
```

Words between, with `code`.

In `a/b.py`, instead of `one`, write:

```python
zero
```

At the end of `a/b.py`, add:

```python
three
```

```sh
cat a/b.py
```
"""


def test_the_four_sentences_and_commands_are_understood(tmp_path: Path) -> None:
    steps = list(steps_of(PAGE))
    assert [step.kind for step in steps] == ["new", "below", "instead of", "end", "run"]
    printed = [follow(step, tmp_path, {"PATH": "/usr/bin:/bin"}) for step in steps]
    assert printed[-1] == "zero\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Step("below", "x\n", "f", "no such line"), "f has 0 lines"),
        (Step("below", "x\n", "f", "twice"), "f has 2 lines"),
        (Step("new", "x\n", "f"), "there already"),
        (Step("run", "cat nothing-here\n"), "nothing-here"),
    ],
)
def test_a_step_that_does_not_fit_is_refused(step: Step, said: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("twice\ntwice\n")
    with pytest.raises(StepError, match=said):
        follow(step, tmp_path, {"PATH": "/usr/bin:/bin"})


def test_a_block_without_a_sentence_is_refused() -> None:
    with pytest.raises(StepError, match="what is to be done"):
        list(steps_of("Look:\n\n```python\nx\n```\n"))
