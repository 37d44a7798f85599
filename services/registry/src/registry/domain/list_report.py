"""The row-level report of a list: one row per finding and per school that it adds, changes or does not name."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from contracts.text import Text
from registry.domain.address_list import AddressList
from registry.domain.data_quality import Finding
from registry.domain.list_differences import Differences

KINDS = ("warning", "added", "changed", "missing", "closed")


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row. `fields`: for a changed school, each field with its value before and after."""

    kind: str
    finding: Finding | None = None
    school_number: str | None = None
    name: str | None = None
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)


def report(listed: AddressList, differences: Differences) -> list[ReportRow]:
    """The rows in a fixed order: warnings, then what is added, changed, missing and closed."""
    rows = [ReportRow("warning", finding, finding.school_number) for finding in listed.warnings]
    rows += [
        ReportRow("added", school_number=school.school_number, name=school.name)
        for school in differences.added
    ]
    for change in differences.changed:
        values = {
            name: {"before": getattr(change.before.listed, name), "after": getattr(change.after, name)}
            for name in change.fields
        }
        rows.append(
            ReportRow(
                "changed", school_number=change.after.school_number, name=change.after.name, fields=values
            )
        )
    for kind, schools in (("missing", differences.missing), ("closed", differences.closed)):
        rows += [
            ReportRow(kind, school_number=held.listed.school_number, name=held.listed.name)
            for held in schools
        ]
    return rows


def fingerprint(differences: Differences) -> str:
    """A digest of what applying would do: equal digests mean that nothing has moved since the preview."""
    parts = [f"+{school!r}" for school in differences.added]
    parts += [f"~{change.before!r}>{change.after!r}" for change in differences.changed]
    return sha256("\n".join(parts).encode()).hexdigest()


def where(sheet: str, rows: Sequence[int]) -> Text:
    """Where a finding is, for a reader: the sheet and its rows, with runs of rows drawn together."""
    if not rows:
        return Text(f"({sheet})", f"({sheet})")
    said = _runs(rows)
    if len(rows) == 1:
        return Text(f"({sheet}, row {said})", f"({sheet}, rhes {said})")
    return Text(f"({sheet}, {len(rows)} rows: {said})", f"({sheet}, {len(rows)} rhes: {said})")


def _runs(rows: Sequence[int]) -> str:
    """Like `4, 7–9`; at most twelve runs, then an ellipsis."""
    runs: list[tuple[int, int]] = []
    for row in sorted(rows):
        if runs and row == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    said = [str(first) if first == last else f"{first}–{last}" for first, last in runs[:12]]
    return ", ".join(said) + (" …" if len(runs) > 12 else "")
