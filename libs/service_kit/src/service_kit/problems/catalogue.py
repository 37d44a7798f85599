"""The catalogue of problems and faults, read from TOML and checked when it is read."""

import re
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
    """One problem: its stable code, HTTP status, title and template of the detail.

    `cause`: what leads to it, beyond this one request; `remedy`: what the caller does about it. Both are read at the
    problem's type URI and take no parameters.
    """

    code: str
    status: int
    title: Text
    detail: Text
    cause: Text
    remedy: Text

    @property
    def type(self) -> str:
        """The type URI (RFC 9457); the gateway serves its description."""
        return PROBLEM_TYPE_PREFIX + self.code


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One fault: its stable code, the template that says what is wrong in its place, and what to do about it."""

    code: str
    detail: Text
    remedy: Text

    @property
    def cause(self) -> Text:
        """What leads to it: in one place of a request that is what is wrong there."""
        return self.detail


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
    return catalogue_of_entries(document)


def catalogue_of_entries(document: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    """A catalogue of entries by code under `problems` and `faults`, as TOML and `entries_of` have them.

    Raises ValueError as `load_catalogue`.
    """
    problems = {code: _problem(code, entry) for code, entry in document.get("problems", {}).items()}
    faults = {code: _fault(code, entry) for code, entry in document.get("faults", {}).items()}
    return Catalogue(problems, faults)


def entries_of(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """The entries of a catalogue by code, in both languages: what a service tells of itself in its description."""
    problems = sorted(catalogue.problems.items())
    return {
        "problems": {code: {"status": kind.status} | _texts(kind, _OF_PROBLEM) for code, kind in problems},
        "faults": {
            code: _both(kind.detail) | _texts(kind, ("remedy",))
            for code, kind in sorted(catalogue.faults.items())
        },
    }


def explained_problem(kind: ProblemKind) -> dict[str, Any]:
    """A problem as `/problems/{code}` answers it."""
    return {"type": kind.type, "code": kind.code, "status": kind.status} | _texts(kind, _OF_PROBLEM)


def explained_fault(kind: FaultKind) -> dict[str, Any]:
    """A fault as `/problems` lists it."""
    return {"code": kind.code} | _texts(kind, ("detail", "cause", "remedy"))


_OF_PROBLEM = ("title", "detail", "cause", "remedy")


def _texts(kind: ProblemKind | FaultKind, names: Iterable[str]) -> dict[str, dict[str, str]]:
    return {name: _both(getattr(kind, name)) for name in names}


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "cy": text.cy}


def parameters(template: Text) -> frozenset[str]:
    """The names of the parameters of a template. Raises ValueError when the two languages differ in them."""
    in_english, in_welsh = _names(template.en), _names(template.cy)
    if in_english != in_welsh:
        raise ValueError(f"the languages take different parameters: {template!r}")
    return in_english


def _names(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def _problem(code: str, entry: Mapping[str, Any]) -> ProblemKind:
    if entry.keys() != {"status", *_OF_PROBLEM}:
        raise ValueError(
            f"problem {code}: it has status, title, detail, cause and remedy, not {sorted(entry)}"
        )
    status = entry["status"]
    if not isinstance(status, int) or not 400 <= status <= 599:
        raise ValueError(f"problem {code}: {status!r} is no status of a refusal")
    # A title is the same on every occurrence (RFC 9457, section 3.1.4), and so is what its page explains.
    title, cause, remedy = (_plain(code, name, entry) for name in ("title", "cause", "remedy"))
    return ProblemKind(code, status, title, _text(code, entry["detail"]), cause, remedy)


def _fault(code: str, entry: Mapping[str, Any]) -> FaultKind:
    if "remedy" not in entry:
        raise ValueError(f"fault {code}: it has en, cy and remedy, not {sorted(entry)}")
    detail = {name: text for name, text in entry.items() if name != "remedy"}
    return FaultKind(code, _text(code, detail), _plain(code, "remedy", entry))


def _plain(code: str, name: str, entry: Mapping[str, Any]) -> Text:
    text = _text(code, entry[name])
    if parameters(text):
        raise ValueError(f"{code}: a {name} takes no parameters")
    return text


def _text(code: str, entry: Mapping[str, str]) -> Text:
    if entry.keys() != {"en", "cy"}:
        raise ValueError(f"{code}: a text has en and cy, not {sorted(entry)}")
    text = Text(entry["en"], entry["cy"])
    parameters(text)
    # A text that is a parameter and nothing else has its languages from what fills it.
    if text.en == text.cy and not _ONE_PARAMETER.fullmatch(text.en):
        raise ValueError(f"{code}: the Welsh text is the English one again: {text.en!r}")
    return text


_ONE_PARAMETER = re.compile(r"\{[a-z_]+\}")
