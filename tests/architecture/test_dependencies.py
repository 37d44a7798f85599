"""Every package declares what it imports, so that an image of one service has what it needs (design §3)."""

import tomllib
from pathlib import Path

import pytest

from testkit.architecture import SourceFile, python_files
from testkit.architecture.dependencies import declared, pyprojects, undeclared_imports

ROOT = Path(__file__).parents[2]
PROJECTS = pyprojects(ROOT)
MAY = declared(PROJECTS)


@pytest.fixture(scope="module")
def files() -> list[SourceFile]:
    return python_files(ROOT)


@pytest.mark.parametrize("folder", sorted(PROJECTS))
def test_a_package_imports_what_it_declares(folder: str, files: list[SourceFile]) -> None:
    name = tomllib.loads(PROJECTS[folder])["project"]["name"]
    own = [file for file in files if file.path.startswith(f"{folder}/src/")]
    assert own
    breaches = [str(breach) for file in own for breach in undeclared_imports(file, MAY[name])]
    assert not breaches, "\n".join(breaches)


PLANTED = {
    "libs/a": '[project]\nname = "lib-a"\ndependencies = ["pydantic>=2"]\n',
    "services/b": '[project]\nname = "b"\ndependencies = ["lib-a", "httpx[http2]>=0.28"]\n',
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import pydantic\nimport httpx\nimport json\nimport b.api\n", 0),
        ("from pydantic_core import core_schema\n", 0),
        ("import sqlalchemy\n", 1),
        ("def f():\n    import aiokafka\n    from fastapi import FastAPI\n", 2),
        ("import nothing_like_this\n", 1),
    ],
)
def test_an_undeclared_import_is_found(text: str, found: int) -> None:
    file = SourceFile.parse("services/b/src/b/main.py", text)
    assert len(list(undeclared_imports(file, declared(PLANTED)["b"]))) == found
