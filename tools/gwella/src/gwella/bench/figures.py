"""What a measurement gives: figures with their baseline and what was expected."""

from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `ratio` is to `baseline`; `expected` bounds the ratio or the value, by `bound`.

    `value` is None where it could not be measured; `note` then says why.
    """

    area: str
    name: str
    value: float | None
    unit: str
    baseline: float | None = None
    baseline_name: str = ""
    expected: float | None = None
    bound: Literal["at least", "at most"] = "at least"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Value over baseline; None without one."""
        return None if self.value is None or not self.baseline else self.value / self.baseline

    @property
    def met(self) -> bool | None:
        """Whether the expectation was met; None where there is none, or nothing was measured."""
        measured = self.value if self.ratio is None else self.ratio
        if self.expected is None or measured is None:
            return None
        return measured >= self.expected if self.bound == "at least" else measured <= self.expected

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "area": self.area, "name": self.name, "unit": self.unit,
            "value": None if self.value is None else round(self.value, 3),
            "baseline": None if self.baseline is None else round(self.baseline, 3), "of": self.baseline_name,
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "expected": self.expected, "bound": self.bound, "met": self.met,
            "note": self.note,
        }  # fmt: skip


def percentile(values: list[float], percent: float) -> float:
    """The given percentile, to a tenth, of at least two values."""
    return quantiles(values, n=1000, method="inclusive")[round(percent * 10) - 1]
