"""What one copy of the gateway counted of its requests, minute by minute; the exchange gathers and keeps it.

No caller, client, address or path is in it: how many requests of a class were answered, and how soon.
"""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

RequestClass = Literal["read", "write", "long", "composed"]
"""`long`: files, uploads, and the change feed, which may wait; `composed`: profile, dashboard, caseload."""
BOUNDS: Final = ("0.1", "0.25", "0.5", "1", "2.5", "5")
"""Seconds within which answers are counted; an objective for latency names one of them."""
KEPT_MINUTES: Final = 120
"""How long a copy remembers: for so long the gathering may pause without a gap."""

_Count = Annotated[int, Field(ge=0)]


class MinuteCounts(BaseModel):
    """Requests of one class that ended within one minute."""

    model_config = ConfigDict(frozen=True)

    minute: AwareDatetime
    request_class: RequestClass
    answered: _Count
    """Answered with anything below 500: a refusal that the request earned is an answer."""
    failed: _Count
    """Answered with 500 or more, or broken off by us."""
    within: dict[str, _Count]
    """By each of `BOUNDS`: how many of those answered took at most so long."""


class Measurements(BaseModel):
    """All that a copy remembers. Whole minutes from `since` until before `until` were measured from end to end."""

    model_config = ConfigDict(frozen=True)

    copy_id: str = Field(min_length=1, max_length=64)
    since: AwareDatetime
    until: AwareDatetime
    counts: list[MinuteCounts]


def minute_of(moment: datetime) -> datetime:
    """The minute in which a moment lies, as its beginning."""
    return moment.replace(second=0, microsecond=0)
