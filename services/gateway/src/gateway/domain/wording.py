"""The description's words in both languages, and the description as a Welsh reader gets it."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contracts.text import Text

DESCRIPTION_CY: Final = "x-description-cy"
SUMMARY_CY: Final = "x-summary-cy"
_OPERATION_TITLE: Final = "x-operation-title"


@dataclass(frozen=True, slots=True)
class Wording:
    """Texts that the services' own descriptions lack: of operations by their id, of parameters by their name."""

    summaries: Mapping[str, Text]
    parameters: Mapping[str, Text]

    @staticmethod
    def parsed(toml: str) -> "Wording":
        """Of a file with the tables `summaries` and `parameters`, each name = [English, Welsh].

        Raises ValueError where a text has not two languages.
        """
        tables = tomllib.loads(toml)
        return Wording(_texts(tables["summaries"]), _texts(tables["parameters"]))

    def complete(self, operation: dict[str, Any], services: Collection[str]) -> None:
        """Its summary in both languages, and what its parameters mean, where its service does not say so itself.

        Without words of its own an operation is called what its right is called, which has both languages always.
        """
        name = operation.get("operationId", "")
        service, _, rest = name.partition("_")
        # A name that several services have begins with that of its service.
        words = self.summaries.get(name) or (self.summaries.get(rest) if service in services else None)
        if words is None and (title := operation.get(_OPERATION_TITLE)) is not None:
            words = Text(**title)
        if words is not None:
            operation.setdefault("summary", words.en)
            operation.setdefault(SUMMARY_CY, words.cy)
        for parameter in operation.get("parameters", ()):
            meaning = self.parameters.get(parameter["name"])
            if meaning is not None and "description" not in parameter:
                parameter["description"], parameter[DESCRIPTION_CY] = meaning.en, meaning.cy

    @staticmethod
    def tag(tag: Mapping[str, str]) -> dict[str, str]:
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


def _texts(table: Mapping[str, list[str]]) -> dict[str, Text]:
    for name, texts in table.items():
        if len(texts) != 2 or not all(text.strip() for text in texts):
            raise ValueError(f"{name}: one text in English and one in Welsh")
    return {name: Text(texts[0], texts[1]) for name, texts in table.items()}
