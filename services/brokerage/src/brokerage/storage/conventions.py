"""The conventions of the field as this version of the service carries them: read once from `data/`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from brokerage.domain.matching import Conventions
from brokerage.domain.support_types import SupportType, read_support_types


@cache
def _read(name: str) -> Mapping[str, Any]:
    return tomllib.loads(files("brokerage").joinpath("data", name).read_text("utf-8"))


@cache
def support_types() -> Mapping[str, SupportType]:
    """Types of support by code."""
    return read_support_types(_read("support_types.toml"))


@cache
def matching() -> Conventions:
    """How matches are ranked."""
    return Conventions.of(_read("matching.toml"))


def language_for(language_category: str | None) -> str:
    """The language in which a school of this Welsh-medium type is supported where the request names none."""
    languages: Mapping[str, str] = _read("matching.toml")["languages"]
    return languages.get(language_category or "NA", "en")


def answer_working_days() -> int:
    """Working days in which an offer is to be answered."""
    return int(_read("matching.toml")["answer_working_days"])
