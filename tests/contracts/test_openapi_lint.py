"""The committed OpenAPI document as Spectral sees it: its own rules, OWASP's, and the standards of the UK government.

`make openapi` installs it from the lock file beside this test.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from outside import program

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "reference" / "openapi.json"
INSTALLED = ROOT / ".tools" / "openapi"
TOOLS = Path(__file__).with_name("openapi_tools")
RULES = TOOLS / "spectral.yaml"

Document = dict[str, Any]


@pytest.fixture(scope="module")
def spectral() -> str:
    """The locked version; another one would be another judge."""
    found = program("spectral", "make openapi, with Node and npm", INSTALLED / "node_modules" / ".bin")
    wanted = json.loads((TOOLS / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        held = json.loads((INSTALLED / "node_modules" / name / "package.json").read_text())["version"]
        assert held == version, f"{name}: run `make openapi`"
    return found


def said_of(spectral: str, document: Path, folder: Path) -> list[dict[str, Any]]:
    """Everything that Spectral says of a document, hints included: each with its rule and place."""
    answer = folder / "said.json"
    command = [
        spectral,
        "lint",
        str(document),
        "--ruleset",
        str(RULES),
        "--format",
        "json",
        "--output",
        str(answer),
    ]
    ran = subprocess.run(
        [*command, "--quiet"], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert answer.exists(), ran.stdout + ran.stderr
    said: list[dict[str, Any]] = json.loads(answer.read_text("utf-8"))
    return said


def test_the_committed_document_is_clean(spectral: str, tmp_path: Path) -> None:
    """No error, no warning, no information and no hint under any of the three rulesets."""
    said = [
        f"{found['code']} {'/'.join(map(str, found['path']))}"
        for found in said_of(spectral, DOCUMENT, tmp_path)
    ]
    assert said == []


def get(document: Document, path: str = "/v1/schools") -> Document:
    operation: Document = document["paths"][path]["get"]
    return operation


def renamed(document: Document, path: str) -> None:
    document["paths"][path] = document["paths"].pop("/v1/schools")


def no_problem(document: Document) -> None:
    get(document)["responses"]["404"] = {
        "description": "x", "x-description-cy": "x",
        "headers": get(document)["responses"]["200"]["headers"],
        "content": {"application/json": {"schema": {"type": "object"}, "example": {}}},
    }  # fmt: skip


def property_of(document: Document, name: str, schema: Document) -> None:
    document["components"]["schemas"]["SchoolView"]["properties"][name] = schema


REFERENCE = re.compile(r'"#/components/([a-zA-Z]+)/([^"]+)"')
TEXT = {"type": "string", "maxLength": 40, "pattern": "^x$"}
DAMAGE: dict[str, Callable[[Document], Any]] = {
    "uk-version-in-path": lambda document: renamed(document, "/schools"),
    "uk-kebab-case-paths": lambda document: renamed(document, "/v1/ourSchools"),
    "uk-plural-nouns": lambda document: renamed(document, "/v1/school"),
    "uk-no-verbs": lambda document: renamed(document, "/v1/list-schools"),
    "uk-reads-name-no-command": lambda document: renamed(document, "/v1/schools/{id}/close"),
    "uk-no-file-extensions": lambda document: renamed(document, "/v1/schools.csv"),
    "uk-snake-case-properties": lambda document: property_of(document, "schoolName", TEXT),
    "uk-snake-case-parameters": lambda document: get(document)["parameters"][0].update(name="validAt"),
    "uk-snake-case-operation-ids": lambda document: get(document).update(operationId="listSchools"),
    "uk-iso-8601": lambda document: property_of(document, "opened_on", TEXT),
    "uk-objects-at-top": lambda document: get(document)["responses"]["200"]["content"][
        "application/json"
    ].update(schema={"type": "array", "items": TEXT, "maxItems": 9}),
    "uk-problem-json": no_problem,
    "uk-refusals-declared": lambda document: get(document)["responses"].pop("503"),
    "uk-paging": lambda document: next(
        parameter for parameter in get(document)["parameters"] if parameter["name"] == "limit"
    ).update(schema={**TEXT}),
    "uk-pages-lead-on": lambda document: document["components"]["schemas"]["Page_SchoolView_"][
        "required"
    ].remove("links"),
    "uk-documented": lambda document: get(document).pop("summary"),
    "uk-parameters-documented": lambda document: get(document)["parameters"][0].pop("x-description-cy"),
    "uk-examples": lambda document: get(document)["responses"]["200"]["content"]["application/json"].pop(
        "examples"
    ),
    "cy-summaries": lambda document: get(document).pop("x-summary-cy"),
    "cy-tags": lambda document: document["tags"][0].pop("x-description-cy"),
    "cy-answers": lambda document: get(document)["responses"]["200"].pop("x-description-cy"),
    "owasp:api2:2023-short-lived-access-tokens": lambda document: document["components"]["securitySchemes"][
        "oauth2"
    ]["flows"]["authorizationCode"].pop("refreshUrl"),
    "owasp:api8:2023-no-server-http": lambda document: document["servers"][0].update(
        url="http://api.example"
    ),
    "owasp:api4:2023-string-limit": lambda document: property_of(document, "note", {"type": "string"}),
    "owasp:api4:2023-rate-limit": lambda document: get(document)["responses"]["200"]["headers"].pop(
        "RateLimit"
    ),
    "operation-description": lambda document: get(document).pop("description"),
    "oas3-valid-media-example": lambda document: document["components"]["examples"]["SchoolView"][
        "value"
    ].update(version="one"),
}
"""The mutants: the rule and a damage of a copy that it must find."""


def keep_what_is_used(document: Document) -> None:
    """A small document is judged quickly: the components that its paths refer to, and those of these."""
    kept: set[tuple[str, str]] = set()
    found = set(REFERENCE.findall(json.dumps(document["paths"])))
    while found - kept:
        kept |= found
        found = {new for section, name in kept
                 for new in REFERENCE.findall(json.dumps(document["components"][section][name]))}  # fmt: skip
    for section, components in document["components"].items():
        if section != "securitySchemes":
            document["components"][section] = {
                name: components[name] for part, name in kept if part == section
            }


def test_each_rule_finds_its_damage(spectral: str, tmp_path: Path) -> None:
    """What passes above was looked at: of a small copy with one damage each, the rule of that name complains."""
    whole = json.loads(DOCUMENT.read_text("utf-8"))
    whole["paths"] = {path: whole["paths"][path] for path in ("/v1/schools", "/v1/schools/{school_number}")}
    keep_what_is_used(whole)
    text = json.dumps(whole)
    for number, damage in enumerate(DAMAGE.values()):
        document = json.loads(text)
        damage(document)
        (tmp_path / f"{number}.json").write_text(json.dumps(document))
    found = {
        (Path(said["source"]).stem, said["code"]) for said in said_of(spectral, tmp_path / "*.json", tmp_path)
    }
    unseen = [rule for number, rule in enumerate(DAMAGE) if (str(number), rule) not in found]
    assert not unseen


def test_every_rule_of_our_own_has_a_mutant() -> None:
    """A rule that nothing can breach says nothing."""
    ours = {
        line.strip().rstrip(":")
        for line in RULES.read_text("utf-8").partition("\nrules:\n")[2].splitlines()
        if line.startswith("  ") and not line.startswith("   ") and line.rstrip().endswith(":")
    }
    assert ours == DAMAGE.keys() & ours
    assert len(ours) >= 20
