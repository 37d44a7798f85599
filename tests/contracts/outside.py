"""Programs of others that the tests run: where they are, and when their absence is a failure."""

import os
import shutil
from pathlib import Path

import pytest

REQUIRED = os.environ.get("CI", "").lower() in {"true", "1"}
"""On continuous integration everything runs; elsewhere a program that is missing skips what needs it."""


def program(name: str, hint: str, where: Path | None = None) -> str:
    """The path of a program. Skips where it is missing, with the way to get it; fails instead with `CI=true`."""
    found = shutil.which(name, path=None if where is None else str(where))
    if found is None:
        said = f"{name} is not installed ({hint})"
        if REQUIRED:
            pytest.fail(f"with CI=true this is required: {said}", pytrace=False)
        pytest.skip(said)
    return found
