"""How the story is told and checked: every figure and every refusal is compared with what was expected."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the story claims: what, what came, what was expected."""

    chapter: str
    what: str
    got: Any
    expected: Any

    @property
    def ok(self) -> bool:
        """Whether it came as expected."""
        return bool(self.got == self.expected)


@dataclass
class Telling:
    """Tells chapter by chapter on a console and keeps every check."""

    console: Console
    checks: list[Check] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    _chapter: str = ""

    def chapter(self, title: str, tell: Callable[[], None]) -> None:
        """Tells one chapter and notes how long it took."""
        self._chapter = title
        self.console.print(f"\n[bold]{escape(title)}[/bold]")
        began = perf_counter()
        tell()
        self.seconds[title] = round(perf_counter() - began, 2)

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Callable[[], None]]:
        """Shows how far something long is; what it gives is called once for each that is done, from any thread."""
        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(title, total=total)
            yield lambda: progress.advance(task)

    def say(self, line: str) -> None:
        """One line of the story."""
        self.console.print(f"  {escape(line)}")

    def check(self, what: str, got: Any, expected: Any) -> None:
        """One claim of the story; a failed one is told in full and fails the demo in the end."""
        check = Check(self._chapter, what, got, expected)
        self.checks.append(check)
        if check.ok:
            self.console.print(f"  [green]✓[/green] {escape(what)}: [cyan]{escape(_short(got))}[/cyan]")
        else:
            self.console.print(
                f"  [red]✗ {escape(what)}: {escape(_short(got))}, expected {escape(_short(expected))}[/red]"
            )

    @property
    def failed(self) -> list[Check]:
        """The claims that did not hold."""
        return [check for check in self.checks if not check.ok]

    def as_json(self) -> dict[str, Any]:
        """The outcome for scripts."""
        return {
            "ok": not self.failed,
            "checks": len(self.checks),
            "failed": [
                {"chapter": c.chapter, "what": c.what, "got": c.got, "expected": c.expected}
                for c in self.failed
            ],
            "seconds": self.seconds,
        }


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else text[:97] + "..."
