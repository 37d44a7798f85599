"""C-18: nothing of the HTTP interface vanishes that was not announced for the time that versioning.md promises."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gwella.contracts.interface import changelog, gone, last_release, shortened, surface
from service_kit.clock import SystemClock

ROOT = Path(__file__).parents[2]
DAY = date(2030, 1, 1)


def described() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs/reference/openapi.json").read_text("utf-8"))
    return found


def test_nothing_of_the_last_release_has_gone_unannounced() -> None:
    """Every operation, parameter and field of the released description is there, or its sunset has come."""
    _, released = last_release(ROOT)
    assert len(released) > 1000
    current = surface(described())
    assert gone(released, current, SystemClock().today()) == []
    assert shortened(released, current) == []


@pytest.mark.parametrize(
    "item",
    ["GET /v1/schools", "GET /v1/schools query sector", "SchoolView.name"],
    ids=["operation", "parameter", "field"],
)
def test_what_vanishes_is_found_and_may_vanish_only_after_its_sunset(item: str) -> None:
    """Mutants: taken away at once, announced and taken away before the day; from the day on it may be gone."""
    _, released = last_release(ROOT)
    assert item in released
    without = {name: dates for name, dates in released.items() if name != item}
    assert gone(released, without, DAY) == [item]
    announced = {**released, item: {"since": "2029-01-01", "sunset": "2030-01-02"}}
    assert gone(announced, without, DAY) == [item]
    assert gone(announced, without, date(2030, 1, 2)) == []
    sooner = {**announced, item: {"since": "2028-01-01", "sunset": "2029-12-31"}}
    assert shortened(announced, sooner) == [item]
    assert shortened(sooner, announced) == []


def test_the_changelog_names_what_is_new_what_is_to_go_and_what_has_gone() -> None:
    """Each kind under its heading, with its dates."""
    released = {"GET /v1/a": {}, "GET /v1/b": {}}
    current = {"GET /v1/a": {"since": "2027-01-04", "sunset": "2028-01-04"}, "GET /v1/c": {}}
    page = changelog("1.0", released, current)
    added, to_go, lost = page.split("## ")[1:]
    assert added.splitlines()[2:3] == ["- `GET /v1/c`"]
    assert "`GET /v1/a: deprecated since 2027-01-04, may be gone from 2028-01-04`" in to_go
    assert lost.splitlines()[2:3] == ["- `GET /v1/b`"]
    assert changelog("1.0", released, released).count("Nothing.") == 3
