"""What a code list is: stable English-based codes with labels in both languages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from contracts.text import Text


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of a code list. `also` holds further published spellings, matched on import, never shown."""

    code: str
    label: Text
    valid_from: date | None = None
    valid_to: date | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class CodeList:
    """A named list of codes, in the order in which a person would read it."""

    name: str
    title: Text
    codes: tuple[Code, ...]
    _by_code: Mapping[str, Code] = field(init=False, repr=False, compare=False)
    _by_label: Mapping[str, Code] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_code = {entry.code: entry for entry in self.codes}
        if len(by_code) != len(self.codes):
            raise ValueError(f"code list {self.name} has a code twice")
        by_label: dict[str, Code] = {}
        for entry in self.codes:
            for label in (entry.label.en, entry.label.cy, *entry.also):
                by_label.setdefault(label.casefold(), entry)
        object.__setattr__(self, "_by_code", by_code)
        object.__setattr__(self, "_by_label", by_label)

    def __iter__(self) -> Iterator[Code]:
        return iter(self.codes)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def get(self, code: str) -> Code | None:
        """The entry with this code, or None."""
        return self._by_code.get(code)

    def by_label(self, label: str) -> Code | None:
        """The entry whose English, Welsh or other published label this is (case does not matter), or None."""
        return self._by_label.get(label.strip().casefold())


def code_list(name: str, en: str, cy: str, *entries: tuple[str, str, str] | Code) -> CodeList:
    """A list from its name, its title in both languages, and its codes with their labels."""
    codes = tuple(e if isinstance(e, Code) else Code(e[0], Text(e[1], e[2])) for e in entries)
    return CodeList(name, Text(en, cy), codes)
