"""Field selection: `?fields=name,address.postcode` shows these fields of a record and no others.

A selection only ever takes away: what the policy hides stays hidden, whether it is named or not. Names are those of the
view, nested ones with dots, through lists too; one that the view does not have is a fault of the request, since which
fields there are is public.
"""

import re
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Final, get_args

from service_kit.models import View, inner_views
from service_kit.problems import Fault

Selection = frozenset[str]
"""Dotted names."""

PATTERN: Final = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(,[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*)*$"
LONGEST: Final = 2000
_FORM: Final = re.compile(PATTERN)
_DEEPEST: Final = 6


def read_selection(value: str) -> Selection:
    """The names of a selection. Raises ValueError where it is not written as one."""
    if len(value) > LONGEST or _FORM.fullmatch(value) is None:
        raise ValueError(value)
    return frozenset(value.split(","))


def unknown_fields(view: type[View], selected: Collection[str]) -> list[Fault]:
    """A fault for each name that the view does not have."""
    known = names_of(view)
    return [
        Fault("fields", "no_such_field", {"name": name}, "query") for name in sorted(set(selected) - known)
    ]


@cache
def names_of(view: type[View], depth: int = _DEEPEST) -> frozenset[str]:
    """Every name that may be selected: the view's fields, and below them those of the views within."""
    found = set(view.model_fields)
    for name, field in view.model_fields.items() if depth else ():
        for inner, _ in inner_views(field.annotation):
            found |= {f"{name}.{below}" for below in names_of(inner, depth - 1)}
    return frozenset(found)


@cache
def included(view: type[View], selected: Selection) -> dict[str, Any]:
    """What to show, as pydantic's `include` takes it."""
    shown: dict[str, Any] = {}
    for name, field in view.model_fields.items():
        if name in selected:
            shown[name] = True
            continue
        for inner, listed in inner_views(field.annotation):
            below = frozenset(
                path.removeprefix(f"{name}.") for path in selected if path.startswith(f"{name}.")
            ) & names_of(inner)
            if below:
                tree = included(inner, below)
                shown[name] = {"__all__": tree} if listed else tree
    return shown


def touched(selected: Selection | None, name: str) -> bool:
    """Whether a field or anything below it is shown; everything is where nothing was selected."""
    if selected is None or name in selected:
        return True
    return any(path.startswith(f"{name}.") or name.startswith(f"{path}.") for path in selected)


def items_of(page: type[View]) -> type[View]:
    """The view of the items of a page. Raises TypeError where it is no page."""
    field = page.model_fields.get("items")
    parts: Sequence[Any] = get_args(field.annotation) if field is not None else ()
    if len(parts) != 1 or not issubclass(parts[0], View):
        raise TypeError(f"{page.__qualname__} is no page of views")
    view: type[View] = parts[0]
    return view
