"""The project keeps the rules on code, and each rule bites on a planted fault (design §3)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testkit.architecture import Breach, SourceFile, python_files
from testkit.architecture.code import (
    CODE_RULES,
    begins_its_own_router,
    builds_sql_from_text,
    ends_transaction_elsewhere,
    grows_too_long,
    logs_what_is_not_listed,
    prints,
    reads_wall_clock,
    replaces_our_parts,
)
from testkit.architecture.layout import LAYOUT_RULES

ROOT = Path(__file__).parents[2]
USE_CASE = "services/registry/src/registry/usecases/close_school.py"
Rule = Callable[[SourceFile], Iterator[Breach]]


@pytest.fixture(scope="module")
def files() -> list[SourceFile]:
    return python_files(ROOT)


@pytest.mark.parametrize("rule", [*CODE_RULES, *LAYOUT_RULES], ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule: Rule, files: list[SourceFile]) -> None:
    assert len(files) > 20
    breaches = [str(breach) for file in files for breach in rule(file)]
    assert not breaches, "\n".join(breaches)


def found(rule: Rule, text: str, path: str = USE_CASE) -> list[int]:
    """Lines on which the rule bites in a planted file."""
    return [breach.line for breach in rule(SourceFile.parse(path, text))]


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (ends_transaction_elsewhere, "async def f(uow):\n    await uow.connection.commit()\n"),
        (ends_transaction_elsewhere, "async def f(engine):\n    async with engine.begin() as c: ...\n"),
        (ends_transaction_elsewhere, "async def f(c):\n    await c.rollback()\n"),
        (builds_sql_from_text, "def f(n):\n    return f'select * from {n} limit 1'\n"),
        (builds_sql_from_text, "def f(n):\n    return f'x where name = {n}'\n"),
        (builds_sql_from_text, "def f(n):\n    return 'DELETE FROM %s' % n\n"),
        (builds_sql_from_text, "def f(n):\n    return 'update schools set name = ' + n\n"),
        (builds_sql_from_text, "def f(n):\n    return 'insert into {} values (1)'.format(n)\n"),
        (builds_sql_from_text, "def f(n):\n    return f'create role {n}'\n"),
        (builds_sql_from_text, "def f(n):\n    return f'a join {n} on true order by {n}'\n"),
        (reads_wall_clock, "from datetime import datetime as dt\nNOW = dt.now()\n"),
        (reads_wall_clock, "import datetime\nTODAY = datetime.date.today\n"),
        (reads_wall_clock, "import time as t\nNOW = t.time()\n"),
        (reads_wall_clock, "from time import time_ns\nNOW = time_ns()\n"),
        (prints, "def f():\n    print('here')\n"),
        (replaces_our_parts, "import sys\nfrom unittest import mock\n"),
        (replaces_our_parts, "import sys\nfrom unittest.mock import AsyncMock\n"),
        (logs_what_is_not_listed, "def f(log, name):\n    log.info('changed', name=name)\n"),
        (logs_what_is_not_listed, "def f(_log, n):\n    _log.info(f'changed {n}')\n"),
        (logs_what_is_not_listed, "def f(log):\n    log.info('Changed by Angharad')\n"),
        (logs_what_is_not_listed, "def f(log, e):\n    log.warning('failed', error=repr(e))\n"),
        (begins_its_own_router, "from fastapi import APIRouter\nrouter = APIRouter()\n"),
        (begins_its_own_router, "from starlette.routing import Route\nr = Route('/v1/schools', f)\n"),
        (begins_its_own_router, "from starlette.routing import Route\nr = Route(path, f)\n"),
        (begins_its_own_router, "import fastapi\nrouter = fastapi.APIRouter()\n"),
    ],
)
def test_a_planted_fault_is_found(rule: Rule, fault: str) -> None:
    assert found(rule, fault) == [2]


@pytest.mark.parametrize(
    ("rule", "text", "path"),
    [
        (
            ends_transaction_elsewhere,
            "async def f(c):\n    await c.commit()\n",
            "libs/eventing/src/eventing/x.py",
        ),
        (ends_transaction_elsewhere, "async def f(uow):\n    await uow.write(1)\n", USE_CASE),
        (builds_sql_from_text, "Q = 'select * from schools where id = :id'\n", USE_CASE),
        (builds_sql_from_text, "Q = 'select 1 ' + 'from schools'\n", USE_CASE),
        (builds_sql_from_text, "def f(n):\n    return f'Select {n} schools, or update them.'\n", USE_CASE),
        (reads_wall_clock, "import time\nSTART = time.perf_counter()\n", USE_CASE),
        (reads_wall_clock, "def f(clock):\n    return clock.now(), clock.today()\n", USE_CASE),
        (
            logs_what_is_not_listed,
            "def f(log, e):\n    log.error('failed', error=type(e).__name__)\n",
            USE_CASE,
        ),
        (logs_what_is_not_listed, "def f(log):\n    log.exception('request_failed', status=500)\n", USE_CASE),
        (prints, "print('figures')\n", "tools/gwella/src/gwella/commands/demo.py"),
        (begins_its_own_router, "from starlette.routing import Route\nr = Route('/docs', f)\n", USE_CASE),
        (begins_its_own_router, "from service_kit.routing import Router\nrouter = Router('x')\n", USE_CASE),
    ],
)
def test_what_is_allowed_is_not_found(rule: Rule, text: str, path: str) -> None:
    assert found(rule, text, path) == []


def test_long_files_and_functions_are_found_and_docstrings_do_not_count() -> None:
    assert found(grows_too_long, "x = 1\n" * 400) == []
    assert found(grows_too_long, "x = 1\n" * 401) == [0]
    body = "    x = 1\n" * 49
    migration = "services/x/src/x/migrations/0001_x.py"
    assert found(grows_too_long, f"def upgrade():\n{body}{body}", migration) == []
    assert found(grows_too_long, f"def f():\n{body}") == []
    assert found(grows_too_long, f'def f():\n    """One.\n\n    Two.\n    """\n{body}') == []
    assert found(grows_too_long, f"x = 1\nasync def f():\n{body}    x = 2\n") == [2]
