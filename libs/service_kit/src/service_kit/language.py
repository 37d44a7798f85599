"""Which language the caller gets: `?lang=` first, then Accept-Language, then English."""

import re
from typing import Final

from starlette.datastructures import Headers, QueryParams
from starlette.types import Scope

from contracts.text import LANGUAGES, Language

DEFAULT: Language = "en"
_WEIGHT: Final = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")


def wished(accept_language: str | None) -> Language | None:
    """The language that the caller asks for; None where it asks for none of ours.

    RFC 9110, section 12.5.4: the range with the highest weight wins, the earlier of two equals; `cy-GB` is `cy`; `*`
    stands for what is not named. Weight 0 is a refusal: whoever refuses one language gets the other. Malformed ranges
    count as not sent, and so does a wish for neither.
    """
    named: dict[Language, float] = {}
    anything: float | None = None
    for item in (accept_language or "").split(","):
        tag, _, parameter = item.partition(";")
        weight = _weight(parameter)
        if weight is None:
            continue
        main = tag.strip().lower().partition("-")[0]
        if main == "*":
            anything = weight
        for language in LANGUAGES:
            if main == language:
                named[language] = max(weight, named.get(language, 0.0))
    best = max(named, key=named.__getitem__, default=None)
    rest = [language for language in LANGUAGES if language not in named]
    if rest and anything and anything > (named[best] if best is not None else 0.0):
        # Any other language will do. Where none is named that is no wish for one of ours.
        return rest[0] if named else None
    if best is None:
        return None
    if named[best] > 0.0:
        return best
    return rest[0] if rest else None


def negotiate(accept_language: str | None, override: str | None = None) -> Language:
    """The language to answer in: `?lang=` where it names one of ours, then `wished`, then English."""
    for language in LANGUAGES:
        if override == language:
            return language
    return wished(accept_language) or DEFAULT


def language_of(scope: Scope) -> Language:
    """The language of one HTTP request."""
    override = QueryParams(scope["query_string"]).get("lang") if b"lang=" in scope["query_string"] else None
    return negotiate(Headers(scope=scope).get("accept-language"), override)


def _weight(parameter: str) -> float | None:
    """The weight of a range (RFC 9110, section 12.4.2): 1 without one; None where it is malformed."""
    if not parameter.strip():
        return 1.0
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q" or _WEIGHT.fullmatch(value.strip()) is None:
        return None
    return float(value)
