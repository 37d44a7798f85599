"""Types of support as conventions: what counts towards the ceiling, what needs a provider elsewhere [domain 5.1]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SupportType:
    """One type. `other_authority_only`: its provider comes from another authority, as in a peer enquiry."""

    code: str
    counts_towards_ceiling: bool
    other_authority_only: bool


def read_support_types(document: Mapping[str, Any]) -> Mapping[str, SupportType]:
    """Types by code. Raises KeyError or TypeError where the document leaves something out or adds something."""
    return {code: SupportType(code, **values) for code, values in document["types"].items()}
