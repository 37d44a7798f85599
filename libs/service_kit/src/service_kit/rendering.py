"""From a row to the bytes of an answer: validated by its view, redacted by the policy, in one pass."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from contracts.data_class import DataClass
from contracts.text import Language
from service_kit.models import View, adapter, hidden_fields
from service_kit.policy.decide import Decision, classes_of_both
from service_kit.selection import Selection, included

Row = Mapping[str, Any]
"""A row as the storage gives it; members that the view does not have are ignored."""


def visible_classes(view: type[View], row: Row, decision: Decision) -> frozenset[DataClass]:
    """The classes of this row that the decision opens; empty: the row may not be known."""
    own = decision.classes_for(**{kind: row.get(member) for kind, member in view.SCOPED_BY.items()})
    if not view.OTHER_SIDE:
        return own
    other = decision.classes_for(**{kind: row.get(member) for kind, member in view.OTHER_SIDE.items()})
    return classes_of_both(own, other)


def version_of(row: Row) -> int:
    """The aggregate's version at the moment shown (`records.shown` names it so), else the row's own."""
    version: int = row["shown_version"] if "shown_version" in row else row["version"]
    return version


def rendered(
    view: type[View],
    row: Row,
    visible: frozenset[DataClass],
    language: Language,
    selected: Selection | None = None,
) -> bytes:
    """The JSON of one row. Raises pydantic.ValidationError where the row breaks the view's promise: our fault.

    Validators and serialisers of the view find the language in `info.context["language"]`.
    """
    shape, value, context = _validated(view, row, language)
    hidden, chosen = hidden_fields(view, visible) or None, _chosen(view, selected)
    return shape.dump_json(value, include=chosen, exclude=hidden, context=context)


def _chosen(view: type[View], selected: Selection | None) -> dict[str, Any] | None:
    return None if selected is None else included(view, selected)


def rendered_value(
    view: type[View],
    row: Row,
    visible: frozenset[DataClass],
    language: Language,
    selected: Selection | None = None,
) -> dict[str, Any]:
    """What `rendered` writes, as the value that the JSON has."""
    shape, value, context = _validated(view, row, language)
    hidden, chosen = hidden_fields(view, visible) or None, _chosen(view, selected)
    shown: dict[str, Any] = shape.dump_python(
        value, mode="json", include=chosen, exclude=hidden, context=context
    )
    return shown


def _validated(
    view: type[View], row: Row, language: Language
) -> tuple[TypeAdapter[Any], Any, dict[str, Language]]:
    if "shown_version" in row:
        row = {**row, "version": row["shown_version"]}
    context = {"language": language}
    shape = adapter(view)
    return shape, shape.validate_python(row, context=context), context
