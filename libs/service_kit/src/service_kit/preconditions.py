"""ETag, If-None-Match and If-Match (RFC 9110, section 13).

A tag is `"<version>-<digest>"`: the aggregate's version, and a digest of what else the answer depends on (the slice
shown, the view, the data classes visible, the language). A read compares the whole tag; a write compares the version
alone, because a change of any slice raises it.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from service_kit.problems import ProblemError

_TAG = re.compile(r'"([1-9][0-9]{0,17})-([0-9a-f]{12})"')
_DIGEST_BYTES: Final = 6


def etag(version: int, shown: Iterable[object]) -> str:
    """The tag of an answer. `shown` is what else it depends on, in a fixed order."""
    digest = blake2b("\x1f".join(str(part) for part in shown).encode(), digest_size=_DIGEST_BYTES)
    return f'"{version}-{digest.hexdigest()}"'


def unchanged(if_none_match: str | None, tag: str) -> bool:
    """Whether the caller holds this answer already: weak comparison, lists and `*` as RFC 9110 has them."""
    if if_none_match is None:
        return False
    held = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag in held or "*" in held


def expected_version(if_match: str | None) -> int:
    """The version that a write names.

    Raises 428 without a tag, and for `*` or several, which would say nothing of the version that was read. A tag of
    another form than ours cannot be current: 412.
    """
    if (
        if_match is None
        or if_match.strip() in ("", "*")
        or "," in if_match
        or if_match.strip().startswith("W/")
    ):
        raise ProblemError("precondition_required")
    match = _TAG.fullmatch(if_match.strip())
    if match is None:
        raise ProblemError("precondition_failed")
    return int(match[1])
