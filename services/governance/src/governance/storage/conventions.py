"""The conventions as this version of the service carries them: read once from `data/`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from governance.domain.constitutions import Constitution, read_constitutions


def _read(name: str) -> Mapping[str, Any]:
    return tomllib.loads(files("governance").joinpath("data", name).read_text("utf-8"))


@cache
def constitutions() -> Mapping[str, Constitution]:
    """Constitutions by code."""
    return read_constitutions(_read("constitutions.toml"))
