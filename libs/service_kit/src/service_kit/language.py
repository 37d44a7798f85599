"""Which language the caller gets: `?lang=` first, then Accept-Language, then English."""

from starlette.datastructures import Headers, QueryParams
from starlette.types import Scope

from contracts.text import LANGUAGES, Language

DEFAULT: Language = "en"


def negotiate(accept_language: str | None, override: str | None = None) -> Language:
    """The language to answer in; anything malformed or unknown counts as no wish.

    RFC 9110, section 12.5.4: the range with the highest weight wins, the earlier one of two equals; `cy-GB` is `cy`.
    """
    for language in LANGUAGES:
        if override == language:
            return language
    best, best_weight = DEFAULT, 0.0
    for item in (accept_language or "").split(","):
        tag, _, parameter = item.partition(";")
        language_of = tag.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        for language in LANGUAGES:
            if language_of == language and weight > best_weight:
                best, best_weight = language, weight
    return best


def language_of(scope: Scope) -> Language:
    """The language of one HTTP request."""
    override = QueryParams(scope["query_string"]).get("lang") if b"lang=" in scope["query_string"] else None
    return negotiate(Headers(scope=scope).get("accept-language"), override)


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
