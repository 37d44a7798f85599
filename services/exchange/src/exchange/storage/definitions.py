"""The definitions of the return that this version of the exchange carries: read once from `data/`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from exchange.domain.definition import Definition, read_definition


@cache
def definitions() -> Mapping[str, Definition]:
    """Every version of the definition, by version; old ones stay, because old returns were made under them."""
    folder = files("exchange").joinpath("data")
    found = [
        read_definition(tomllib.loads(entry.read_text("utf-8")))
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.startswith("return_definition_")
    ]
    return {definition.version: definition for definition in found}


def current() -> Definition:
    """The definition under which returns are opened now."""
    return definitions()["1"]
