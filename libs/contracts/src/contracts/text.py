"""Bilingual text: every word that a user sees exists in English and in Welsh.

Source of the duty: Welsh Language (Wales) Measure 2011 and the Standards (No. 1) Regulations 2015.
"""

from dataclasses import dataclass
from typing import Final, Literal

Language = Literal["en", "cy"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "cy")


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages.

    Raises ValueError when either language is empty: a text in one language only is a fault of the program.
    """

    en: str
    cy: str

    def __post_init__(self) -> None:
        if not self.en.strip() or not self.cy.strip():
            raise ValueError(f"a text needs both languages: {self!r}")

    def in_(self, language: Language) -> str:
        """The text in one language."""
        return self.cy if language == "cy" else self.en
