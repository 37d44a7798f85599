"""The description's words in both languages, and the description as a Welsh reader gets it."""

from collections.abc import Mapping
from typing import Any, Final

DESCRIPTION_CY: Final = "x-description-cy"
SUMMARY_CY: Final = "x-summary-cy"
_OPERATION_TITLE: Final = "x-operation-title"


def summarise(operation: dict[str, Any]) -> None:
    """Without words of its own an operation is called what its right is called, which has both languages always."""
    title = operation.get(_OPERATION_TITLE)
    if title is not None and SUMMARY_CY not in operation:
        operation |= {"summary": title["en"], SUMMARY_CY: title["cy"]}


def in_both(tag: Mapping[str, str]) -> dict[str, str]:
    """A tag whose description names both languages, as one of each."""
    english, _, welsh = tag.get("description", "").partition(" / ")
    return {"name": tag["name"], "description": english, DESCRIPTION_CY: welsh} if welsh else dict(tag)


def in_welsh(document: Any) -> Any:
    """The description with its Welsh texts in the places where tools look for texts."""
    if isinstance(document, list):
        return [in_welsh(value) for value in document]
    if not isinstance(document, Mapping):
        return document
    found = {
        key: in_welsh(value) for key, value in document.items() if key not in (DESCRIPTION_CY, SUMMARY_CY)
    }
    for key, welsh in (("description", DESCRIPTION_CY), ("summary", SUMMARY_CY)):
        if isinstance(document.get(welsh), str):
            found[key] = document[welsh]
    return found
