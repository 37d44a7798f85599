"""Welsh letters in search and order, as pure functions: the database needs no collation of its own.

The Welsh alphabet has 29 letters, eight of them written with two characters (ch, dd, ff, ng, ll, ph, rh, th).
`fold` makes what is searched, `sort_key` makes what is ordered; both are stored beside the name.
"""

import re
import unicodedata
from typing import Final

ALPHABET: Final[tuple[str, ...]] = (
    "a", "b", "c", "ch", "d", "dd", "e", "f", "ff", "g", "ng", "h", "i", "j", "k", "l", "ll", "m", "n",
    "o", "p", "ph", "q", "r", "rh", "s", "t", "th", "u", "v", "w", "x", "y", "z",
)  # fmt: skip
"""The Welsh alphabet in order, with the letters of borrowed words (k, q, v, x, z) where dictionaries put them."""

_SEPARATOR: Final = 1
_UNKNOWN: Final = 255
_RANK: Final[dict[str, int]] = {
    " ": _SEPARATOR,
    **{str(digit): 10 + digit for digit in range(10)},
    **{letter: rank for rank, letter in enumerate(ALPHABET, start=40)},
}
_LETTER: Final = re.compile("|".join((*(letter for letter in ALPHABET if len(letter) == 2), ".")), re.DOTALL)
_NO_LETTERS: Final = re.compile(r"[^0-9a-z]+")
_APOSTROPHES: Final = str.maketrans("", "", "'\u2019\u2018`")


def fold(text: str) -> str:
    """The searchable form: lower case, without accents, apostrophes and punctuation; words parted by one space.

    >>> fold("Ysgol Gyfun Gŵyr")
    'ysgol gyfun gwyr'
    """
    if text.isascii():  # most names are: the same in one pass
        return _NO_LETTERS.sub(" ", text.lower().translate(_APOSTROPHES)).strip()
    decomposed = unicodedata.normalize("NFD", text.casefold()).translate(_APOSTROPHES)
    kept = [c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c)]
    return " ".join("".join(kept).split())


def sort_key(text: str) -> bytes:
    """The order of a Welsh dictionary as bytes: compare these, and `Ll` comes after every `L`.

    Words compare before letters (a space sorts first), digits before letters, accents only as the last tie-break.
    """
    ranks = bytes([_RANK.get(letter, _UNKNOWN) for letter in _LETTER.findall(fold(text))])
    return ranks + b"\x00" + unicodedata.normalize("NFC", text.casefold()).encode()
