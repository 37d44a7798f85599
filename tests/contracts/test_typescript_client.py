"""The TypeScript client of the web front end: types as the description says, checked against a journey, and run.

`make openapi` installs the generator and the compiler from the lock file beside this test.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from outside import program

from testkit.fixtures import MigratedDatabase
from testkit.whole_suite import SCHOOL, running, told

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "reference" / "openapi.json"
CLIENT = ROOT / "clients" / "typescript"
MODULES = ROOT / ".tools" / "openapi" / "node_modules"
HINT = "make openapi, with Node and npm"
RUN = (
    "require(process.argv[1]).journey(JSON.parse(process.argv[2]))"
    ".then((seen) => console.log(JSON.stringify(seen)), (error) => { console.error(error); process.exit(1); })"
)


@pytest.fixture(scope="module")
def compiler() -> str:
    return program("tsc", HINT, MODULES / ".bin")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The client beside the installed modules, to be damaged."""
    folder = tmp_path / "clients" / "typescript"
    shutil.copytree(CLIENT, folder, ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / ".tools" / "openapi").mkdir(parents=True)
    (tmp_path / ".tools" / "openapi" / "node_modules").symlink_to(MODULES)
    return folder


def compiled(compiler: str, folder: Path, *options: str) -> list[str]:
    """What the compiler complains of."""
    ran = subprocess.run(
        [compiler, "--project", ".", "--pretty", "false", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return [line for line in ran.stdout.splitlines() if "error TS" in line] or (
        [ran.stderr] if ran.stderr else []
    )


def test_the_committed_types_are_those_of_the_description(tmp_path: Path) -> None:
    generator = program("openapi-typescript", HINT, MODULES / ".bin")
    types = tmp_path / "schema.d.ts"
    subprocess.run([generator, str(DOCUMENT), "--output", str(types)], check=True, capture_output=True)
    assert types.read_text("utf-8") == (CLIENT / "src" / "schema.d.ts").read_text("utf-8"), (
        "run `make contracts`"
    )


MUTANTS = {
    '"/v1/me"': ('"/v1/mee"', "an address that is not there"),
    'sort: "name"': ('sort: "colour"', "a value outside its list"),
    "header: once(), ": ("", "a command without its key"),
    'visit_type: "spring_monitoring", ': ("", "a body without what is required"),
    "first.value.name": ("first.value.nom", "a field that no answer has"),
}


def test_the_journey_fits_and_each_breach_of_the_contract_is_found(compiler: str, copy: Path) -> None:
    """The mutants are checked in one run: each in a copy of the journey of its own."""
    journey = (copy / "journey" / "journey.ts").read_text("utf-8")
    for number, (words, (instead, _)) in enumerate(MUTANTS.items()):
        assert words in journey
        (copy / "journey" / f"mutant{number}.ts").write_text(journey.replace(words, instead, 1))
    said = compiled(compiler, copy, "--noEmit")
    found = {Path(line.partition("(")[0]).stem for line in said}
    assert found == {f"mutant{number}" for number in range(len(MUTANTS))}, said


@pytest.mark.journey
async def test_the_journey_runs_against_the_gateway(
    compiler: str, copy: Path, migrated_database: MigratedDatabase
) -> None:
    """Tokens, pages, a conditional read, the composed view, and a problem with its faults, in Welsh."""
    node = program("node", HINT)
    options = ("--module", "commonjs", "--moduleResolution", "node10", "--outDir", str(copy / "made"))
    (copy / "package.json").unlink()
    assert compiled(compiler, copy, *options) == []
    async with running(migrated_database) as suite:
        await told(suite)
        token = suite.caller("authority_system", authority="673")["Authorization"].removeprefix("Bearer ")
        given = json.dumps({"gateway": suite.url, "token": token, "school": SCHOOL})
        made = copy / "made" / "journey" / "journey.js"
        ran = await asyncio.create_subprocess_exec(
            node, "-e", RUN, str(made), given,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "NODE_PATH": str(MODULES)},
        )  # fmt: skip
        out, error = await asyncio.wait_for(ran.communicate(), 60)
        assert ran.returncode == 0, error.decode()
        seen: dict[str, Any] = json.loads(out)
    assert seen["client"] == "authority_system-673"
    assert SCHOOL in seen["schools"]
    assert len(seen["schools"]) == len(set(seen["schools"])) >= 3
    assert seen["name"]
    assert seen["unchanged"] is True
    assert "identity" in seen["sections"]
    assert (seen["refusedWith"], seen["refusedIn"]) == ("operation_not_permitted", "cy")
