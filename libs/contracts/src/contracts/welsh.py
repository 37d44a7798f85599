"""Welsh letters in search and order, as pure functions: the database needs no collation of its own.

The Welsh alphabet has 29 letters, eight of them written with two characters (ch, dd, ff, ng, ll, ph, rh, th).
`fold` makes what is searched, `sort_key` makes what is ordered; both are stored beside the name.
"""

import unicodedata
from typing import Final

ALPHABET: Final[tuple[str, ...]] = (
    "a", "b", "c", "ch", "d", "dd", "e", "f", "ff", "g", "ng", "h", "i", "j", "k", "l", "ll", "m", "n",
    "o", "p", "ph", "q", "r", "rh", "s", "t", "th", "u", "v", "w", "x", "y", "z",
)  # fmt: skip
"""The Welsh alphabet in order, with the letters of borrowed words (k, q, v, x, z) where dictionaries put them."""

_RANK: Final[dict[str, int]] = {letter: rank for rank, letter in enumerate(ALPHABET, start=40)}
_SEPARATOR: Final = 1
_UNKNOWN: Final = 255


def fold(text: str) -> str:
    """The searchable form: lower case, without accents, apostrophes and punctuation; words parted by one space.

    >>> fold("Ysgol Gyfun Gŵyr")
    'ysgol gyfun gwyr'
    """
    decomposed = unicodedata.normalize("NFD", text.casefold())
    kept = []
    for character in decomposed:
        if unicodedata.combining(character) or character in "'’‘`":
            continue
        kept.append(character if character.isalnum() else " ")
    return " ".join("".join(kept).split())


def sort_key(text: str) -> bytes:
    """The order of a Welsh dictionary as bytes: compare these, and `Ll` comes after every `L`.

    Words compare before letters (a space sorts first), digits before letters, accents only as the last tie-break.
    """
    folded = fold(text)
    ranks = bytearray()
    at = 0
    while at < len(folded):
        pair, single = folded[at : at + 2], folded[at]
        if len(pair) == 2 and pair in _RANK:
            ranks.append(_RANK[pair])
            at += 2
            continue
        ranks.append(_rank_of_single(single))
        at += 1
    return bytes(ranks) + b"\x00" + unicodedata.normalize("NFC", text.casefold()).encode()


def _rank_of_single(character: str) -> int:
    if character == " ":
        return _SEPARATOR
    if character.isascii() and character.isdigit():
        return 10 + int(character)
    return _RANK.get(character, _UNKNOWN)
