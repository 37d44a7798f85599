"""What a person sees while the suite starts: one line a step, with its time. Scripts (`--json`) see one document."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape

from gwella import BEGAN


@dataclass
class Step:
    """A step under way; `note` is what its line says once it is done."""

    note: str = ""


@dataclass
class Progress:
    """Shows steps on a console, or nothing when `quiet`. `seconds` keeps what each step took.

    `documents`: whether a quiet one prints its document for scripts.
    """

    console: Console
    quiet: bool = False
    documents: bool = True
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, what: str) -> Iterator[Step]:
        """One step: a spinner on a terminal while it lasts, then a line that stays."""
        step, began = Step(), time.perf_counter()
        if self.quiet:
            yield step
        elif self.console.is_terminal:
            with self.console.status(f"{escape(what)} ..."):
                yield step
        else:
            yield step
        took = time.perf_counter() - began
        self.seconds[what] = round(took, 3)
        self.line(f"[green]✓[/green] {escape(what):<22} {escape(step.note):<46} [dim]{took:5.1f} s[/dim]")

    @property
    def elapsed(self) -> float:
        """Seconds since this process began, so that what its imports cost is counted too."""
        return time.perf_counter() - BEGAN

    def line(self, markup: str = "") -> None:
        """One line for people."""
        if not self.quiet:
            self.console.print(markup, highlight=False, soft_wrap=True)

    def document(self, content: dict[str, Any]) -> None:
        """The one document for scripts; nothing for people."""
        if self.quiet and self.documents:
            print(json.dumps(content), flush=True)
