"""The catalogue of problems and faults, read from TOML and checked when it is read."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any

from contracts.text import Text

PROBLEM_TYPE_PREFIX = "/problems/"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One problem: its stable code, HTTP status, title and template of the detail."""

    code: str
    status: int
    title: Text
    detail: Text

    @property
    def type(self) -> str:
        """The type URI (RFC 9457); the gateway serves its description."""
        return PROBLEM_TYPE_PREFIX + self.code


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One fault: its stable code and template."""

    code: str
    detail: Text


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every problem and fault that one service can answer with."""

    problems: Mapping[str, ProblemKind]
    faults: Mapping[str, FaultKind]

    def merged(self, others: Iterable["Catalogue"]) -> "Catalogue":
        """This catalogue and the others. Raises ValueError for a code declared twice."""
        problems, faults = dict(self.problems), dict(self.faults)
        for other in others:
            twice = (problems.keys() & other.problems.keys()) | (faults.keys() & other.faults.keys())
            if twice:
                raise ValueError(f"codes declared twice: {sorted(twice)}")
            problems |= other.problems
            faults |= other.faults
        return Catalogue(problems, faults)


def load_catalogue(path: Path) -> Catalogue:
    """Reads a catalogue, for example `Path(__file__).with_name("problems.toml")` in a service.

    Raises ValueError when a text lacks a language, the languages take different parameters, or a status is none.
    """
    return parse_catalogue(path.read_text("utf-8"))


@cache
def generic_catalogue() -> Catalogue:
    """The problems and faults of the kit itself."""
    source = resources.files("service_kit.problems").joinpath("catalogue.toml")
    return parse_catalogue(source.read_text("utf-8"))


def parse_catalogue(toml: str) -> Catalogue:
    """Reads a catalogue from TOML text; errors as `load_catalogue`."""
    document = tomllib.loads(toml)
    unknown = document.keys() - {"problems", "faults"}
    if unknown:
        raise ValueError(f"a catalogue has [problems] and [faults] only, not {sorted(unknown)}")
    problems = {code: _problem(code, entry) for code, entry in document.get("problems", {}).items()}
    faults = {code: FaultKind(code, _text(code, entry)) for code, entry in document.get("faults", {}).items()}
    return Catalogue(problems, faults)


def parameters(template: Text) -> frozenset[str]:
    """The names of the parameters of a template. Raises ValueError when the two languages differ in them."""
    in_english, in_welsh = _names(template.en), _names(template.cy)
    if in_english != in_welsh:
        raise ValueError(f"the languages take different parameters: {template!r}")
    return in_english


def _names(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def _problem(code: str, entry: Mapping[str, Any]) -> ProblemKind:
    status = entry["status"]
    if not isinstance(status, int) or not 400 <= status <= 599:
        raise ValueError(f"problem {code}: {status!r} is no status of a refusal")
    title = _text(code, entry["title"])
    if parameters(title):
        raise ValueError(f"problem {code}: a title takes no parameters (RFC 9457, section 3.1.4)")
    return ProblemKind(code, status, title, _text(code, entry["detail"]))


def _text(code: str, entry: Mapping[str, str]) -> Text:
    if entry.keys() != {"en", "cy"}:
        raise ValueError(f"{code}: a text has en and cy, not {sorted(entry)}")
    text = Text(entry["en"], entry["cy"])
    parameters(text)
    return text
