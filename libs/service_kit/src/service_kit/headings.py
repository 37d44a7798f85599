"""What the columns of an export are called: in the caller's language, in the words of the published description.

A heading is the beginning of what the dictionaries say of the field, up to the first stop: "Day on which the visit took
place; null until ..." is headed "Day on which the visit took place". A field that they say nothing of, such as one of a
service's own tests, is headed by its name.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from contracts.text import Language
from service_kit.dictionary import DESCRIPTION_CY, Dictionary, dictionary_of, shared_dictionary, write_words
from service_kit.models import View, adapter, nested_view

_CODED: Final = re.compile(r"^(?:Code of|Cod o) `[^`]+`: ")
_STOP: Final = re.compile(r"[.;:,](?=\s|$)| \(")


def headings(view: type[View], named: Sequence[str], language: Language, package: Path | None) -> list[str]:
    """The headings of these columns, each another one. `package`: the service whose dictionary holds."""
    said = _said(view, package)[language]
    made = [_heading(view, name, said) for name in named]
    often = Counter(made)
    return [
        f"{heading} ({name})" if often[heading] > 1 else heading
        for heading, name in zip(made, named, strict=True)
    ]


def _heading(view: type[View], name: str, said: Mapping[tuple[str, str], str]) -> str:
    step, parted, rest = name.partition(".")
    own = said.get((view.__name__, step), step)
    inner = nested_view(view, step)
    return f"{own}: {_heading(inner, rest, said)}" if parted and inner is not None else own


@cache
def _said(view: type[View], package: Path | None) -> Mapping[Language, Mapping[tuple[str, str], str]]:
    """By language: for a view's name and a field of it, what its column is called."""
    schema = adapter(view).json_schema(mode="serialization")
    schemas: dict[str, Any] = {**schema.pop("$defs", {}), view.__name__: schema}
    own = Dictionary("") if package is None else dictionary_of(package)
    write_words({"components": {"schemas": schemas}}, own, shared_dictionary())
    keys: tuple[tuple[Language, str], ...] = (("en", "description"), ("cy", DESCRIPTION_CY))
    return {
        language: {
            (title, name): beginning(described[key])
            for title, inner in schemas.items()
            for name, described in inner.get("properties", {}).items()
            if described.get(key)
        }
        for language, key in keys
    }


def beginning(text: str) -> str:
    """What a description says first, as a heading."""
    text = _CODED.sub("", " ".join(text.split()))
    begun = _STOP.split(text, maxsplit=1)[0].replace("`", "").strip()
    return begun[:1].upper() + begun[1:]
