"""Generated requests as each role against the suite, in the long way: cases, and every failure there was."""

import asyncio
import logging
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog
from rich.console import Console
from rich.table import Table

from gwella.bench.figures import Figure
from testkit.fixtures import TestPostgres
from testkit.fuzzing.running import Outcome
from testkit.fuzzing.session import long
from testkit.postgres import start_postgres
from testkit.whole_suite import running, told

AREA: Final = "fuzz"
CASES: Final = 20_000
EXAMPLES: Final = 3
SEED: Final = 1


async def _all(console: Console) -> Outcome:
    def tell(name: str, outcome: Outcome) -> None:
        cases = sum(outcome.cases.values())
        console.print(f"{name}: {cases} cases, {sum(outcome.failures.values())} failures", highlight=False)

    with TemporaryDirectory(prefix="gwella-bench-", ignore_cleanup_errors=True) as folder:
        server = start_postgres(Path(folder), throwaway=True)
        try:
            databases = TestPostgres(server.superuser_url)
            # The client's rate is not what is tried.
            async with running(databases.migrated, requests_per_minute=1_000_000) as suite:
                await told(suite)
                return await long(suite, SEED, CASES, EXAMPLES, tell)
        finally:
            server.stop()


def _printed(outcome: Outcome, console: Console) -> None:
    by_operation: Counter[str] = Counter()
    by_role: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for (label, role, _, status), cases in outcome.cases.items():
        by_operation[label] += cases
        by_role[role] += cases
        given[role] += cases if status < 300 else 0
    operations = Table("operation", "cases", title="Cases by operation")
    for label, cases in sorted(by_operation.items()):
        operations.add_row(label, str(cases))
    callers = Table("role", "cases", "2xx", title="Cases by role")
    for role, cases in sorted(by_role.items()):
        callers.add_row(role, str(cases), str(given[role]))
    exceptions = Table("exception", "times", title="By design, as exceptions.toml says")
    for name, times in sorted(outcome.excepted.items()):
        exceptions.add_row(name, str(times))
    for part in (operations, callers, exceptions):
        console.print(part)
    for report in outcome.reports:
        console.print(report, markup=False, highlight=False)


def measure() -> list[Figure]:
    """On services of its own, with a small region. Prints cases by operation and role, and every failure, beside."""
    # One line for each failure of ours: its traceback with all that it holds would take longer than the request.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
    )
    console = Console(stderr=True, width=140)
    outcome = asyncio.run(_all(console))
    _printed(outcome, console)
    statuses: Counter[int] = Counter()
    for (*_, status), cases in outcome.cases.items():
        statuses[status // 100] += cases
    return [
        Figure(AREA, "cases", sum(outcome.cases.values()), "", expected=CASES),
        Figure(AREA, "operations asked", len(outcome.labels), ""),
        Figure(AREA, "answers 2xx", statuses[2], ""),
        Figure(AREA, "answers 5xx", statuses[5], "", expected=0, bound="at most"),
        Figure(AREA, "failures", sum(outcome.failures.values()), "", expected=0, bound="at most"),
    ]
