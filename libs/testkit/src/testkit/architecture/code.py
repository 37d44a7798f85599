"""Rules about what code may do, read from its syntax tree."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from service_kit.logging import ALLOWED_KEYS, MESSAGE
from testkit.architecture.workspace import Breach, SourceFile

MAX_FILE_LINES: Final = 400
MAX_FUNCTION_LINES: Final = 50

MAY_COMMIT: Final = (
    "libs/eventing/",
    "libs/service_kit/src/service_kit/unit_of_work.py",
    "libs/service_kit/src/service_kit/database.py",
)
"""Where transactions end: the backbone (also Kafka's offsets) and the unit of work."""

MAY_READ_THE_CLOCK: Final = (
    "libs/service_kit/src/service_kit/clock.py",
    # The time inside an identifier only orders an index:
    "libs/contracts/src/contracts/identifiers.py",
    "services/gateway/src/gateway/api/answers.py",
)

_WALL_CLOCK: Final = frozenset(
    {
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
        "time.time",
        "time.time_ns",
        "time.localtime",
        "time.gmtime",
        "time.ctime",
    }
)

_OBJECTS: Final = (
    "(table|index|role|user|database|schema|policy|type|function|aggregate|trigger"
    "|view|extension|sequence|domain)"
)
_SQL: Final = re.compile(
    r"^\s*(with\s+(recursive\s+)?\w+\s+as\s*\(|select\s.*\bfrom\b|select\s+[\w.]+\s*\(|insert\s+into\s"
    r"|update\s+\S+\s+(as\s+\w+\s+)?set\b|delete\s+from\s|truncate\s|copy\s+\S+\s*(from|to|\()|lock\s+table\s"
    rf"|(create|alter|drop)\s+(or\s+replace\s+)?(unique\s+|temporary\s+|temp\s+|unlogged\s+)?{_OBJECTS}\b"
    r"|grant\s.*\s(on|to)\b|revoke\s.*\sfrom\b|set\s+(local|session|role|transaction)\s|comment\s+on\s)"
    r"|\bwhere\s+[\w.\"]+\s*(=|<|>|in\b|is\b|like\b)|\border\s+by\s+\S+|\bjoin\s+\S+\s+(as\s+\w+\s+)?(on|using)\b"
    r"|\bfrom\s+\S+\s+where\b",
    re.IGNORECASE | re.DOTALL,
)


def ends_transaction_elsewhere(file: SourceFile) -> Iterator[Breach]:
    """Only the unit of work and the backbone end a transaction; services do not begin one either."""
    if file.is_test or file.path.startswith(("tools/", "libs/testkit/", *MAY_COMMIT)):
        return
    barred = {"commit", "rollback"} | ({"begin"} if file.path.startswith("services/") else set())
    for node in ast.walk(file.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in barred and not node.args and not node.keywords:
            yield file.breach("one-commit", node, f"{node.func.attr}() outside the unit of work")


def builds_sql_from_text(file: SourceFile) -> Iterator[Breach]:
    """SQL is a constant text with bound parameters, or an expression; never put together from pieces."""
    for node in ast.walk(file.tree):
        text = _assembled_text(node)
        if text is not None and _SQL.search(text):
            yield file.breach(
                "no-sql-from-text", node, "SQL put together from text; bind a parameter instead"
            )


def _assembled_text(node: ast.AST) -> str | None:
    """The literal parts of a text that is put together at run time, with a gap for each value; else None."""
    if isinstance(node, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values]
        return "".join(parts) if any(isinstance(part, ast.FormattedValue) for part in node.values) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        sides = [node.left, node.right] if isinstance(node.op, ast.Add) else [node.left]
        texts = [
            side.value for side in sides if isinstance(side, ast.Constant) and isinstance(side.value, str)
        ]
        constant = len(sides) == 2 and len(texts) == 2
        return None if constant or not texts else " x ".join(texts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        value = node.func.value
        return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
    return None


def reads_wall_clock(file: SourceFile) -> Iterator[Breach]:
    """Only the clock reads the time of day, so that tests and the sandbox can set it. Timers stay allowed."""
    if file.path in MAY_READ_THE_CLOCK:
        return
    names = _imported_names(file.tree)
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            dotted = _dotted(node, names)
            if dotted in _WALL_CLOCK:
                yield file.breach("one-clock", node, f"{dotted} outside the clock")


def _imported_names(tree: ast.Module) -> dict[str, str]:
    """What each imported name of the file stands for."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _dotted(node: ast.expr, names: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value, names)
        return f"{before}.{node.attr}" if before else ""
    return ""


def prints(file: SourceFile) -> Iterator[Breach]:
    """Only the command line prints; everything else logs."""
    if file.is_test or file.path.startswith("tools/"):
        return
    for node in ast.walk(file.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"print", "pprint"}
        ):
            yield file.breach("no-print", node, "print outside the command line")


def grows_too_long(file: SourceFile) -> Iterator[Breach]:
    """Files stay within 400 lines, functions within 50 (their docstring apart)."""
    if file.lines > MAX_FILE_LINES:
        yield file.breach("short-files", None, f"{file.lines} lines, at most {MAX_FILE_LINES}")
    for node in ast.walk(file.tree):
        # A version file is one list of statements, drafted by a tool: parts would only be numbered.
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "/migrations/" not in file.path:
            length = _length(node)
            if length > MAX_FUNCTION_LINES:
                message = f"{node.name} has {length} lines, at most {MAX_FUNCTION_LINES}"
                yield file.breach("short-functions", node, message)


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def replaces_our_parts(file: SourceFile) -> Iterator[Breach]:
    """Tests run the real parts: no mocking library is imported anywhere."""
    for node in ast.walk(file.tree):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        if any(
            name.split(".")[0] in {"mock", "pytest_mock"} or name.startswith("unittest.mock")
            for name in modules
        ):
            yield file.breach("no-mocks", node, "a mocking library; use the real part or a fixed clock")


def begins_its_own_router(file: SourceFile) -> Iterator[Breach]:
    """Resources are declared on `service_kit.routing.Router`, which demands an operation and a response model."""
    if not file.path.startswith("services/") or file.is_test:
        return
    names = _imported_names(file.tree)
    routers = {"fastapi.APIRouter", "fastapi.FastAPI", "fastapi.routing.APIRouter"}
    for node in ast.walk(file.tree):
        called = _dotted(node.func, names) if isinstance(node, ast.Call) else ""
        if called in routers or (called == "starlette.routing.Route" and not _is_page(node)):
            yield file.breach("declared-routes", node, "a router of its own; use service_kit.routing.Router")


def _is_page(route: ast.AST) -> bool:
    """Whether a route is a constant path outside `/v1`: a page for people, not a resource."""
    path = route.args[0] if isinstance(route, ast.Call) and route.args else None
    return isinstance(path, ast.Constant) and isinstance(path.value, str) and not path.value.startswith("/v1")


_LOG_METHODS: Final = frozenset({"debug", "info", "warning", "error", "critical", "exception"})
_LOGGERS: Final = frozenset({"log", "_log", "logger", "_logger"})


def logs_what_is_not_listed(file: SourceFile) -> Iterator[Breach]:
    """Log lines have a constant message and listed keys, so that nothing about a person can get in."""
    if file.is_test:
        return
    for node in ast.walk(file.tree):
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _LOG_METHODS
        ):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id in _LOGGERS):
            continue
        if not node.args or not all(_is_message(part) for part in _outcomes(node.args[0])):
            yield file.breach("discreet-logs", node, "the message must be a constant in lower case")
        for keyword in node.keywords:
            if keyword.arg not in {*ALLOWED_KEYS, "exc_info"}:
                yield file.breach(
                    "discreet-logs", node, f"{keyword.arg} is not in service_kit.logging.ALLOWED_KEYS"
                )
            elif keyword.arg == "error" and not ast.unparse(keyword.value).endswith(".__name__"):
                yield file.breach("discreet-logs", node, "log the type of an error, never its text")


def _outcomes(expression: ast.expr) -> list[ast.expr]:
    """What an expression may become: itself, or both sides of a choice."""
    if isinstance(expression, ast.IfExp):
        return [*_outcomes(expression.body), *_outcomes(expression.orelse)]
    return [expression]


def _is_message(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(MESSAGE.match(node.value))


CODE_RULES: Final = (
    ends_transaction_elsewhere,
    builds_sql_from_text,
    reads_wall_clock,
    prints,
    grows_too_long,
    replaces_our_parts,
    begins_its_own_router,
    logs_what_is_not_listed,
)
