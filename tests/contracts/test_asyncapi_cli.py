"""The committed AsyncAPI documents, with the schemas that they refer to, as the official command line sees them (E-07).

`make asyncapi` installs it from the lock file beside this test; nothing else of the suite needs Node.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from outside import program

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
INSTALLED = ROOT / ".tools" / "asyncapi"
PUBLISHERS = sorted(path.stem for path in (REFERENCE / "asyncapi").glob("*.json"))


@pytest.fixture(scope="module")
def cli() -> str:
    """The locked version; another one would be another judge."""
    found = program("asyncapi", "make asyncapi, with Node and npm", INSTALLED / "node_modules" / ".bin")
    wanted = json.loads(Path(__file__).with_name("asyncapi_cli").joinpath("package.json").read_text())
    held = json.loads((INSTALLED / "node_modules" / "@asyncapi" / "cli" / "package.json").read_text())
    assert held["version"] == wanted["dependencies"]["@asyncapi/cli"], "run `make asyncapi`"
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own: the program may neither read a person's settings nor report that it was used."""
    folder = tmp_path_factory.mktemp("asyncapi-home")
    settings = {"analyticsEnabled": "false", "infoMessageShown": "true", "userID": "tests"}
    (folder / ".asyncapi-analytics").write_text(json.dumps(settings))
    return folder


def validated(cli: str, home: Path, documents: Iterable[Path]) -> dict[str, tuple[int, str]]:
    """What `asyncapi validate` answers and says of each document; two at a time."""

    def run(document: Path) -> tuple[int, str]:
        command = [cli, "validate", str(document), "--diagnostics-format=text", "--fail-severity=warn"]
        given = {"PATH": os.environ["PATH"], "HOME": str(home), "CI": "true"}
        ran = subprocess.run(
            command, cwd=home, env=given, capture_output=True, text=True, timeout=300, check=False
        )
        return ran.returncode, ran.stdout + ran.stderr

    documents = list(documents)
    with ThreadPoolExecutor(max_workers=2) as threads:
        return dict(zip((path.stem for path in documents), threads.map(run, documents), strict=True))


def test_the_official_command_line_accepts_every_document(cli: str, home: Path) -> None:
    """As committed, references to the schemas of the events followed; warnings count as faults."""
    answers = validated(cli, home, [REFERENCE / "asyncapi" / f"{name}.json" for name in PUBLISHERS])
    assert PUBLISHERS == ["brokerage", "exchange", "governance", "registry", "visits"]
    refused = {name: said for name, (code, said) in answers.items() if code or " is valid" not in said}
    assert not refused, refused


def no_address(document: dict[str, Any]) -> None:
    document["channels"]["exchange.events"]["adress"] = document["channels"]["exchange.events"].pop("address")


def lost_schema(document: dict[str, Any]) -> None:
    message = next(iter(document["components"]["messages"].values()))
    message["payload"]["schema"]["$ref"] = "../events/cymru.gwella.exchange.never.heard.v1.json"


WRONG: dict[str, Callable[[dict[str, Any]], None]] = {
    "a misspelt field": no_address,
    "a schema that is not there": lost_schema,
}


def test_it_refuses_what_is_wrong(cli: str, home: Path, tmp_path: Path) -> None:
    """The mutants: each damage done to a copy is refused, so what passes above was looked at."""
    shutil.copytree(REFERENCE / "events", tmp_path / "events")
    (tmp_path / "asyncapi").mkdir()
    damaged = []
    for number, damage in enumerate(WRONG.values()):
        document = json.loads((REFERENCE / "asyncapi" / "exchange.json").read_text("utf-8"))
        damage(document)
        damaged.append(tmp_path / "asyncapi" / f"{number}.json")
        damaged[-1].write_text(json.dumps(document))
    answers = validated(cli, home, damaged)
    passed = [name for name, (code, _) in zip(WRONG, answers.values(), strict=True) if code == 0]
    assert not passed
