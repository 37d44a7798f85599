"""Welsh folding and order as pure functions (O-15, O-19)."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from contracts.welsh import ALPHABET, fold, sort_key

IN_ORDER = [
    "Aberdâr", "Bro Morgannwg", "Caerdydd", "Cwm", "Cyw", "Chwarel", "Dyfed", "Ddraig Goch", "Fochriw", "Ffynnon",
    "Gwaun", "Ngaer", "Hafod", "Lwc", "Llanilltud", "Nant", "Pen-y-bont", "Phillipstown", "Rad", "Rhydfelen", "Sul",
    "Tonyrefail", "Theatr", "Ysgol",
]  # fmt: skip


def test_the_order_of_the_welsh_alphabet() -> None:
    """Ch after all C, Dd after all D, Ll after all L, and so on."""
    assert sorted(reversed(IN_ORDER), key=sort_key) == IN_ORDER
    assert len(ALPHABET) == len(set(ALPHABET))


def test_search_folds_welsh_letters() -> None:
    """ŵ, ŷ, â and the curly apostrophe do not hide a school."""
    assert fold("Ysgol Gyfun Gŵyr") == "ysgol gyfun gwyr"
    assert fold("Ysgol Tŷ’r Dâr") == fold("ysgol ty'r dar") == "ysgol tyr dar"


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text: str) -> None:
    """What is stored folded and what is searched folded meet."""
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=40))
def test_composed_and_decomposed_letters_are_one(text: str) -> None:
    """NFC and NFD of a name are found and ordered alike."""
    nfc, nfd = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    assert fold(nfc) == fold(nfd)


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=40))
def test_the_short_cut_for_ascii_gives_what_the_long_way_gives(text: str) -> None:
    """A letter beyond ASCII at the end forces the long way; the rest must fold alike."""
    assert fold(text + " ŵ") == " ".join([*fold(text).split(), "w"])
