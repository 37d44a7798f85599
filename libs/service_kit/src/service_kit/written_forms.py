"""The one way in which each kind of value is written, in bodies, queries and paths.

pydantic reads more: a date from "0" (seconds since 1970), a number from " 1 " or "1_000", true from "on". What another
system would read otherwise, or not at all, is refused (RFC 3339, RFC 8259).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast, get_args

from pydantic import AwareDatetime
from pydantic_core import CoreSchema, core_schema

from service_kit.problems import fault


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind of value is written, and the fault of what is not."""

    pattern: re.Pattern[str]
    code: str

    def fits(self, written: str) -> bool:
        """Whether a text has the form."""
        return self.pattern.fullmatch(written) is not None


DATE: Final = Form(re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "must_be_date")
MOMENT: Final = Form(
    re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
    ),
    "must_be_timestamp",
)
WHOLE_NUMBER: Final = Form(re.compile(r"-?(0|[1-9][0-9]{0,18})"), "must_be_whole_number")
TRUE_OR_FALSE: Final = Form(re.compile(r"true|false"), "must_be_true_or_false")

_OF_TYPE: Final[Mapping[Any, Form]] = {
    bool: TRUE_OR_FALSE,
    int: WHOLE_NUMBER,
    date: DATE,
    datetime: MOMENT,
    # No datetime to Python, and pydantic would read "0.5" as half a second after 1970.
    AwareDatetime: MOMENT,
}


def form_of(annotation: Any) -> Form | None:
    """The form of a parameter of this type, also within Optional, Annotated and list; None: any text."""
    if isinstance(annotation, type):
        return _OF_TYPE.get(annotation)
    found = [form for part in get_args(annotation) if (form := form_of(part)) is not None]
    return found[0] if found else None


def read_date(written: str) -> date:
    """The date of a text. Raises ValueError for another form, and for a day that does not exist."""
    if not DATE.fits(written):
        raise ValueError(written)
    return date.fromisoformat(written)


def read_moment(written: str) -> datetime:
    """The moment of a text (RFC 3339, with its offset). Raises ValueError for another form."""
    if not MOMENT.fits(written):
        raise ValueError(written)
    return datetime.fromisoformat(written.upper())


def _only_dates(value: Any) -> Any:
    try:
        return read_date(value) if isinstance(value, str) else value
    except ValueError:
        raise fault("must_be_date") from None


def _only_moments(value: Any) -> Any:
    try:
        return read_moment(value) if isinstance(value, str) else value
    except ValueError:
        raise fault("must_be_timestamp") from None


_CHECKS: Final = {"date": _only_dates, "datetime": _only_moments}
_CHILDREN: Final = (
    "schema", "fields", "items_schema", "keys_schema", "values_schema", "choices", "definitions", "steps",
)  # fmt: skip


def with_strict_times(schema: CoreSchema) -> CoreSchema:
    """The schema of a model in which each date and moment of a text must have its form."""
    return cast(CoreSchema, _with_strict_times(schema))


def _with_strict_times(node: Any) -> Any:
    if isinstance(node, list | tuple):
        return type(node)(_with_strict_times(item) for item in node)
    if not isinstance(node, dict):
        return node
    kind = node.get("type")
    if kind in _CHECKS and "cls" not in node:
        return core_schema.no_info_before_validator_function(_CHECKS[kind], cast(CoreSchema, node))
    if kind == "function-before" and node["function"].get("function") in _CHECKS.values():
        return node
    changed = dict(node)
    for name in _CHILDREN:
        if name == "fields" and isinstance(node.get(name), dict):
            changed[name] = {field: _with_strict_times(inner) for field, inner in node[name].items()}
        elif name in node:
            changed[name] = _with_strict_times(node[name])
    return changed
