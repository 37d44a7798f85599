"""The catalogue: both languages, every code that is raised, and pydantic's errors mapped without a gap."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic_core._pydantic_core import list_all_errors

from contracts.text import Text
from service_kit.problems import (
    Catalogue,
    Fault,
    ProblemError,
    as_document,
    generic_catalogue,
    load_catalogue,
)
from service_kit.problems.catalogue import parameters, parse_catalogue
from service_kit.problems.faults import from_pydantic

ROOT = Path(__file__).parents[4]
SOURCES = sorted([*ROOT.glob("libs/*/src"), *ROOT.glob("services/*/src")])


def catalogues() -> Mapping[Path, Catalogue]:
    """The catalogue that holds for each package: the generic one, and a service's own."""
    found = {}
    for source in SOURCES:
        own = [load_catalogue(path) for path in source.glob("*/problems.toml")]
        found[source] = generic_catalogue().merged(own)
    return found


def raised(source: Path) -> Iterator[tuple[str, str, str, frozenset[str] | None]]:
    """Where, what, which code, and with which parameters: every ProblemError, Fault and fault with a literal code."""
    kinds = {"ProblemError": (0, 1), "Fault": (1, 2), "fault": (0, 1)}
    for path in sorted(source.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name not in kinds:
                continue
            at, given = kinds[name]
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            code = node.args[at] if len(node.args) > at else None
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield where, name, code.value, _names(node, given)


def _names(node: ast.Call, position: int) -> frozenset[str] | None:
    """The literal names of the parameters; None where they are computed."""
    keyword = next((k.value for k in node.keywords if k.arg == "params"), None)
    params = keyword or (node.args[position] if len(node.args) > position else None)
    if params is None:
        return frozenset()
    if isinstance(params, ast.Dict) and all(isinstance(key, ast.Constant) for key in params.keys):
        return frozenset(str(key.value) for key in params.keys if isinstance(key, ast.Constant))
    return None


def test_every_code_raised_stands_in_a_catalogue_with_its_parameters() -> None:
    """R01: a code without an entry, or a template whose parameters are not given, fails here and not at a caller."""
    missing = []
    count = 0
    for source, catalogue in catalogues().items():
        for where, name, code, given in raised(source):
            count += 1
            kinds = catalogue.problems if name == "ProblemError" else catalogue.faults
            if code not in kinds:
                missing.append(f"{where}: no {name} {code!r} in the catalogue")
                continue
            wanted = parameters(kinds[code].detail)
            counted = {"count"} if code == "validation_failed" else set()
            if given is not None and not wanted <= given | counted:
                missing.append(f"{where}: {code} wants {sorted(wanted - given)}")
    assert missing == []
    assert count > 40


def test_every_entry_of_every_catalogue_is_whole() -> None:
    """R01: both languages, the same parameters in both, titles without parameters; Welsh is not the English again."""
    for catalogue in catalogues().values():
        for kind in catalogue.problems.values():
            assert kind.title.en != kind.title.cy
            parameters(kind.detail)
        for fault in catalogue.faults.values():
            assert fault.detail.en != fault.detail.cy
            parameters(fault.detail)


def test_every_error_of_pydantic_has_a_fault_in_both_languages() -> None:
    """R02: whatever pydantic finds becomes a fault of the catalogue, with its parameters filled."""
    catalogue = generic_catalogue()
    for kind in list_all_errors():
        error = {"type": kind["type"], "loc": ("a", 0), "input": 1, "ctx": kind.get("example_context") or {}}
        (fault,) = from_pydantic([error], catalogue)
        assert fault.pointer == "/a/0"
        problem = ProblemError("validation_failed", errors=[fault])
        texts = {
            as_document(problem, catalogue, language)["errors"][0]["detail"] for language in ("en", "cy")
        }
        assert len(texts) == 2, kind["type"]


@pytest.mark.parametrize(
    ("toml", "why"),
    [
        ('[faults]\na = { en = "x" }', "en and cy"),
        ('[faults]\na = { en = "x", cy = " " }', "both languages"),
        ('[faults]\na = { en = "{x}", cy = "{y}" }', "different parameters"),
        (
            '[problems.a]\nstatus = 200\ntitle = { en = "x", cy = "y" }\ndetail = { en = "x", cy = "y" }',
            "status",
        ),
        (
            '[problems.a]\nstatus = 400\ntitle = { en = "{x}", cy = "{x}" }\ndetail = { en = "x", cy = "y" }',
            "title",
        ),
        ("[others]", "only"),
    ],
)
def test_a_catalogue_with_a_gap_is_refused(toml: str, why: str) -> None:
    """R01: read at the start, so a service with half a text does not start."""
    with pytest.raises(ValueError, match=why):
        parse_catalogue(toml)


def test_a_code_is_declared_once() -> None:
    """R01: a service does not give a generic code another meaning."""
    own = '[problems.not_found]\nstatus = 404\ntitle = {en="a", cy="b"}\ndetail = {en="a", cy="b"}'
    generic, again = generic_catalogue(), [parse_catalogue(own)]
    with pytest.raises(ValueError, match="not_found"):
        generic.merged(again)


def test_a_document_in_welsh() -> None:
    """R02: title, detail and faults in the caller's language; parameters that are texts as well."""
    reason = Text("The school still has pupils.", "Mae gan yr ysgol ddisgyblion o hyd.")
    problem = ProblemError("transition_not_allowed", {"reason": reason}, extra={"reason": "has_pupils"})
    document = as_document(problem, generic_catalogue(), "cy", "request-1")
    assert document == {
        "type": "/problems/transition_not_allowed", "code": "transition_not_allowed", "status": 409,
        "title": "Nid yw'r cam hwn yn bosibl nawr", "detail": "Mae gan yr ysgol ddisgyblion o hyd.",
        "language": "cy", "request_id": "request-1", "reason": "has_pupils",
    }  # fmt: skip
    assert str(ProblemError("not_found", {"name": "A. Jones"})) == "not_found"
    braces = ProblemError(
        "validation_failed", errors=[Fault("/x", "duplicate_key", {"name": "{0.__class__}"})]
    )
    assert "{0.__class__}" in as_document(braces, generic_catalogue(), "en")["errors"][0]["detail"]
