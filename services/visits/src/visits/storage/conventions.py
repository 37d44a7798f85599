"""The conventions of the field as this version of the service carries them: read once from `data/`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from visits.domain.findings import Framework, read_frameworks
from visits.domain.schemes import Scheme, read_schemes
from visits.domain.visit_types import RegimeCycle, VisitType, read_cycles


def _read(name: str) -> Mapping[str, Any]:
    return tomllib.loads(files("visits").joinpath("data", name).read_text("utf-8"))


@cache
def schemes() -> Mapping[str, Scheme]:
    """Category schemes by code."""
    return read_schemes(_read("schemes.toml"))


@cache
def frameworks() -> Mapping[str, Framework]:
    """Frameworks of judgement by code."""
    return read_frameworks(_read("frameworks.toml"))


@cache
def _types_and_cycles() -> tuple[Mapping[str, VisitType], Mapping[str, RegimeCycle]]:
    return read_cycles(_read("visit_types.toml"))


def visit_types() -> Mapping[str, VisitType]:
    """Every visit type by code, whatever the regime."""
    return _types_and_cycles()[0]


def cycles() -> Mapping[str, RegimeCycle]:
    """The annual cycle of each regime by its code."""
    return _types_and_cycles()[1]
