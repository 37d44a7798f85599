"""The files of the project as the rules see them."""

import ast
import subprocess
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

CODE_FOLDERS: Final = ("libs", "services", "tools", "clients", "tests")


@dataclass(frozen=True, slots=True)
class Breach:
    """One place where a rule is broken. `line` is 0 where no line can be named."""

    rule: str
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class SourceFile:
    """A Python file: its path from the root of the project, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module = field(compare=False, repr=False)

    @classmethod
    def parse(cls, path: str, text: str) -> "SourceFile":
        """A file from its text. Raises SyntaxError when the text is no Python."""
        return cls(path, text, ast.parse(text, path))

    @property
    def lines(self) -> int:
        """Number of lines."""
        return len(self.text.splitlines())

    @property
    def module(self) -> str:
        """Dotted name for a file under `src`, else an empty text."""
        parts = PurePosixPath(self.path).with_suffix("").parts
        if "src" not in parts:
            return ""
        return ".".join(part for part in parts[parts.index("src") + 1 :] if part != "__init__")

    @property
    def is_test(self) -> bool:
        """Whether the file belongs to a folder of tests."""
        return "tests" in PurePosixPath(self.path).parts[:-1]

    def breach(self, rule: str, node: ast.AST | None, message: str) -> Breach:
        """A breach at a node of this file."""
        return Breach(rule, self.path, getattr(node, "lineno", 0), message)


def python_files(root: Path) -> list[SourceFile]:
    """Every Python file of libraries, services, tools, clients and tests under `root`, in the order of their paths."""
    found: list[SourceFile] = []
    for folder in CODE_FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            relative = path.relative_to(root)
            if not any(part.startswith(".") or part == "__pycache__" for part in relative.parts):
                found.append(SourceFile.parse(relative.as_posix(), path.read_text(encoding="utf-8")))
    return found


def tracked_files(root: Path) -> list[str]:
    """Paths of the files under version control. Raises RuntimeError when `root` is no working copy."""
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z"]
    answer = subprocess.run(command, capture_output=True, check=False)
    if answer.returncode != 0:
        raise RuntimeError(f"git ls-files failed: {answer.stderr.decode(errors='replace').strip()}")
    return [name for name in answer.stdout.decode().split("\0") if name and (root / name).is_file()]


def service_names(root: Path) -> list[str]:
    """Names of the services: the folders under `services` that hold a package."""
    return sorted(path.parent.name for path in (root / "services").glob("*/pyproject.toml"))
