"""Identifiers as they travel between systems: always text, never numbers."""

import os
import time
from typing import Annotated, Final
from uuid import UUID

from pydantic import StringConstraints

SCHOOL_NUMBER_PATTERN: Final = r"^[0-9]{7}$"
AUTHORITY_CODE_PATTERN: Final = r"^[0-9]{3}$"

SchoolNumber = Annotated[str, StringConstraints(pattern=SCHOOL_NUMBER_PATTERN)]
"""Seven digits: local authority code (3) and establishment number (4). Unique in Wales; kept as text."""

AuthorityCode = Annotated[str, StringConstraints(pattern=AUTHORITY_CODE_PATTERN)]
"""Three digits: the code of one of the 22 local authorities (660 to 681)."""

RecordId = Annotated[str, StringConstraints(pattern=r"^[0-9a-z][0-9a-z._:-]{0,63}$")]
"""The id of a record of ours: lower-case, safe in a path, at most 64 characters."""


def new_id() -> str:
    """A new UUID, version 7 (RFC 9562): time-ordered, so that keys are inserted at the end of an index."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & 0xFFFFFFFFFFFF) << 80
    value |= 0x7 << 76
    value |= (random >> 64 & 0xFFF) << 64
    value |= 0b10 << 62
    value |= random & 0x3FFFFFFFFFFFFFFF
    return str(UUID(int=value))
