"""JSON Merge Patch (RFC 7396) with explicit fields: what is not sent is not changed.

    class ContactPatch(Patch):
        name: str = unsent()                  # may be left out, may not be null
        telephone: str | None = unsent()      # may be left out; null removes it

    after = patch.applied_to(row)

Only `application/merge-patch+json` is taken: with `application/json` a client that meant to replace the record would
clear nothing and not learn of it.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from service_kit.models import Model


def unsent() -> Any:
    """The default of a field of a Patch: it was not sent. Reading its value says nothing; ask `changes()`."""
    return Field(default_factory=lambda: None)


class Patch(Model):
    """A merge patch. Null is allowed where the field's type has None, and nowhere else."""

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, with nested patches as dicts of what was sent in them."""
        return {name: _sent(getattr(self, name)) for name in self.model_fields_set}

    def applied_to(self, current: Mapping[str, Any]) -> dict[str, Any]:
        """The values after the patch; a field set to null is None, since every field of ours is named."""
        return _merged(current, self.changes())


def _sent(value: Any) -> Any:
    return value.changes() if isinstance(value, Patch) else value


def _merged(current: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    after = dict(current)
    for name, value in changes.items():
        held = after.get(name)
        if isinstance(value, dict):
            after[name] = _merged(held if isinstance(held, Mapping) else {}, value)
        else:
            after[name] = value
    return after
