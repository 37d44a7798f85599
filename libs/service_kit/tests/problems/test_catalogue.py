"""The catalogue: both languages, every code that is raised, and pydantic's errors mapped without a gap."""

import ast
import re
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
    catalogue_of_entries,
    entries_of,
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


# Where the code is not written at the place that raises it: which ones it may be, in the file that says so. A file with
# none only hands a problem on that was made elsewhere.
COMPUTED: Mapping[str, tuple[str, ...]] = {
    "libs/service_kit/src/service_kit/auth/bearer.py": ("token_missing", "token_invalid", "token_expired"),
    "libs/service_kit/src/service_kit/body.py": (
        "duplicate_key", "nul_character", "invalid_text", "number_out_of_range", "too_deep", "unknown_field",
    ),
    "libs/service_kit/src/service_kit/documents/api.py": (
        "document_in_quarantine", "document_refused", "document_removed",
    ),
    "libs/service_kit/src/service_kit/documents/receiving.py": (
        "archive_too_large", "file_damaged", "file_encrypted", "file_holds_program",
        "invalid_text", "missing", "pattern_mismatch", "too_long",
    ),
    "libs/service_kit/src/service_kit/http_protocol.py": (
        "headers_too_large", "malformed_request", "request_timeout",
    ),
    "libs/service_kit/src/service_kit/jobs/problems.py": (),
    "libs/service_kit/src/service_kit/own_references.py": (),
    "libs/service_kit/src/service_kit/parameters.py": (
        "invalid_cursor", "invalid_text", "missing", "must_be_at_most", "must_be_date", "must_be_timestamp",
        "must_be_true_or_false", "must_be_whole_number", "not_in_list", "nul_character", "repeated_parameter",
        "too_long", "unknown_parameter",
    ),
    "libs/service_kit/src/service_kit/permitting.py": ("not_found", "operation_not_permitted"),
    "libs/service_kit/src/service_kit/problems/faults.py": (),
    "services/exchange/src/exchange/usecases/feed_position.py": ("position_forgotten", "position_not_known"),
    "services/gateway/src/gateway/usecases/compose.py": (
        "operation_not_permitted", "upstream_broken", "upstream_timeout", "upstream_unavailable",
    ),
    "services/registry/src/registry/usecases/amalgamate_schools.py": (
        "school_already_closed", "school_already_open", "school_changes_later", "school_not_known_then",
        "school_not_open",
    ),
    "services/registry/src/registry/usecases/publish_calendar.py": (
        "calendar_holiday_ends_before_it_begins", "calendar_holiday_outside_term", "calendar_outside_school_year",
        "calendar_term_ends_before_it_begins", "calendar_terms_overlap", "calendar_terms_wrong",
    ),
    "services/registry/src/registry/usecases/receive_list.py": tuple(f"DQ-{n}" for n in range(101, 119)),
    "services/registry/src/registry/usecases/refusing.py": ("school_not_on_this_day", "unknown_school"),
    "services/registry/src/registry/usecases/transfer_school.py": (
        "number_in_use", "number_of_other_authority", "transfer_lies_ahead", "transfer_within_authority",
    ),
    "services/visits/src/visits/usecases/import_categories.py": (
        "authority_not_of_school", "categories_conflict", "list_columns_wrong", "list_not_read",
        "list_row_incomplete", "not_a_school_number", "published_value_differs", "school_twice_in_list",
        "value_not_in_scheme",
    ),
    "services/visits/src/visits/usecases/record_finding.py": ("not_in_list",),
}  # fmt: skip


def computed(source: Path) -> Iterator[str]:
    """The files that raise a problem or fault of ours whose code is not written there."""
    for path in sorted(source.rglob("*.py")):
        text = path.read_text("utf-8")
        imported = re.search(
            r"from service_kit.problems(?:\.problem)? import[^)]*?\b(ProblemError|Fault|fault)\b", text
        )
        if imported is not None and any(_without_code(node) for node in ast.walk(ast.parse(text))):
            yield str(path.relative_to(ROOT))


def _without_code(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    at = {"ProblemError": 0, "Fault": 1, "fault": 0}.get(node.func.id)
    return at is not None and len(node.args) > at and not isinstance(node.args[at], ast.Constant)


def test_every_code_that_is_computed_stands_in_a_catalogue() -> None:
    """R01: also where the code comes from a table or from a rule; a new such place must say which codes it may give."""
    assert {path for source in SOURCES for path in computed(source)} == COMPUTED.keys()
    for source, catalogue in catalogues().items():
        for path, codes in COMPUTED.items():
            if (ROOT / path).is_relative_to(source):
                unknown = set(codes) - catalogue.problems.keys() - catalogue.faults.keys()
                assert not unknown, path


def test_no_code_of_a_catalogue_is_raised_by_nobody() -> None:
    """R01: what `/problems` explains can happen; a code that nothing names any more is taken out."""
    texts = {
        source: "\n".join(path.read_text("utf-8") for path in sorted(source.rglob("*.py")))
        for source in SOURCES
    }
    everywhere, generic = "\n".join(texts.values()), generic_catalogue()
    unused = [code for code in (*generic.problems, *generic.faults) if f'"{code}"' not in everywhere]
    for source, catalogue in catalogues().items():
        own = (catalogue.problems.keys() - generic.problems.keys()) | (
            catalogue.faults.keys() - generic.faults.keys()
        )
        unused += [
            f"{source.parent.name}: {code}" for code in sorted(own) if f'"{code}"' not in texts[source]
        ]
    assert unused == []


def test_every_entry_of_every_catalogue_is_whole() -> None:
    """R01: cause and remedy of every code; both languages, the same parameters in both; Welsh is not English again."""
    for catalogue in catalogues().values():
        for kind in catalogue.problems.values():
            for text in (kind.title, kind.cause, kind.remedy):
                assert text.en != text.cy
                assert not parameters(text)
            parameters(kind.detail)
            # What to do is never only what went wrong.
            assert len({kind.title.en, kind.detail.en, kind.cause.en, kind.remedy.en}) == 4, kind.code
            assert len({kind.title.cy, kind.detail.cy, kind.cause.cy, kind.remedy.cy}) == 4, kind.code
        for fault in catalogue.faults.values():
            assert fault.detail.en != fault.detail.cy
            assert fault.remedy.en not in (fault.remedy.cy, fault.detail.en)
            assert fault.remedy.cy != fault.detail.cy, fault.code
            parameters(fault.detail)


def test_what_is_told_of_a_catalogue_is_read_back_as_it_was() -> None:
    """R01: the gateway explains the problems of a service from the service's description."""
    for catalogue in catalogues().values():
        assert catalogue_of_entries(entries_of(catalogue)) == catalogue


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


WHOLE = """
[problems.a]
status = 400
title = { en = "title", cy = "teitl" }
detail = { en = "detail {x}", cy = "manylion {x}" }
cause = { en = "cause", cy = "achos" }
remedy = { en = "remedy", cy = "ateb" }
[faults]
b = { en = "fault", cy = "gwall", remedy = { en = "mend it", cy = "cywirwch" } }
"""


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (', cy = "gwall"', "", "en and cy"),
        ('cy = "gwall"', 'cy = " "', "both languages"),
        ('cy = "gwall"', 'cy = "fault"', "English one again"),
        ('cy = "manylion {x}"', 'cy = "manylion {y}"', "different parameters"),
        ("status = 400", "status = 200", "status"),
        ('en = "title", cy = "teitl"', 'en = "{x}", cy = "{x}"', "title"),
        ('cause = { en = "cause", cy = "achos" }', "", "cause and remedy"),
        ('remedy = { en = "remedy", cy = "ateb" }', "", "cause and remedy"),
        (', cy = "ateb"', "", "en and cy"),
        ('cy = "ateb"', 'cy = "remedy"', "English one again"),
        (', remedy = { en = "mend it", cy = "cywirwch" }', "", "remedy"),
        ('en = "mend it"', 'en = "mend {x}"', "different parameters"),
        ("[faults]", "[others]", "only"),
    ],
)
def test_a_catalogue_with_a_gap_is_refused(before: str, after: str, why: str) -> None:
    """R01: read at the start, so a service with half a text does not start."""
    assert parse_catalogue(WHOLE).problems.keys() == {"a"}
    assert before in WHOLE
    with pytest.raises(ValueError, match=why):
        parse_catalogue(WHOLE.replace(before, after))


def test_a_code_is_declared_once() -> None:
    """R01: a service does not give a generic code another meaning."""
    generic, again = generic_catalogue(), [parse_catalogue(WHOLE.replace("problems.a", "problems.not_found"))]
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
