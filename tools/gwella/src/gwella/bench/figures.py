"""What a measurement gives: figures with their baseline and what was expected."""

from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `ratio` is to `baseline`; `expected` bounds the ratio or the value, by `bound`."""

    area: str
    name: str
    value: float
    unit: str
    baseline: float | None = None
    baseline_name: str = ""
    expected: float | None = None
    bound: Literal["at least", "at most"] = "at least"

    @property
    def ratio(self) -> float | None:
        """Value over baseline; None without one."""
        return None if not self.baseline else self.value / self.baseline

    @property
    def met(self) -> bool | None:
        """Whether the expectation was met; None where there is none."""
        if self.expected is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured >= self.expected if self.bound == "at least" else measured <= self.expected

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "area": self.area, "name": self.name, "value": round(self.value, 3), "unit": self.unit,
            "baseline": None if self.baseline is None else round(self.baseline, 3), "of": self.baseline_name,
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "expected": self.expected, "bound": self.bound, "met": self.met,
        }  # fmt: skip


def percentile(values: list[float], percent: int) -> float:
    """The given percentile of at least two values."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]
