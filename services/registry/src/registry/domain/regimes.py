"""Regimes: under which operating model an authority's schools are improved, who delivers it and what roles are called.

Nothing in this field is constant: 2012 Joint Education Service, 2014 National Model for Regional Working, from
2025 each authority its own model. A regime is adopted per authority from a date; it holds until the next is adopted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from contracts.codes import REGIMES, ROLES_OF_PEOPLE
from contracts.text import Text


@dataclass(frozen=True, slots=True)
class RegimeModel:
    """What a regime fixes. `delivered_by` is `consortium` or `authority`: who delivers and so makes the returns."""

    code: str
    delivered_by: str
    role_titles: Mapping[str, Text]


_MODELS: Final = (
    RegimeModel(
        "joint_education_service_2012",
        "consortium",
        {
            "adviser": Text("System Leader", "Arweinydd System"),
            "senior_adviser": Text("Senior System Leader", "Uwch Arweinydd System"),
        },
    ),
    RegimeModel(
        "national_model_2014",
        "consortium",
        {
            "adviser": Text("Challenge Adviser", "Ymgynghorydd Her"),
            "senior_adviser": Text("Senior Challenge Adviser", "Uwch Ymgynghorydd Her"),
        },
    ),
    RegimeModel(
        "authority_led_2025",
        "authority",
        {
            "adviser": Text("Improvement Partner", "Partner Gwella"),
            "senior_adviser": Text("Principal Improvement Partner", "Prif Bartner Gwella"),
        },
    ),
)

MODELS: Final[Mapping[str, RegimeModel]] = {model.code: model for model in _MODELS}
"""Every regime by its code; the same codes as `contracts.codes.REGIMES`."""


def too_early(code: str, valid_from: date) -> date | None:
    """The first day on which a regime may be adopted when `valid_from` lies before it; otherwise None."""
    entry = REGIMES.get(code)
    if entry is None:
        raise ValueError(f"no such regime: {code}")
    first = entry.valid_from
    return first if first is not None and valid_from < first else None


def role_title(role: str, regime: str | None) -> Text:
    """What a role is called under a regime; its general name where the regime has none of its own."""
    model = MODELS.get(regime or "")
    if model is not None and role in model.role_titles:
        return model.role_titles[role]
    entry = ROLES_OF_PEOPLE.get(role)
    if entry is None:
        raise ValueError(f"no such role: {role}")
    return entry.label
