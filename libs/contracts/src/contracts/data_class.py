"""How sensitive a piece of data is. Policy, redaction, events and audit all speak of these four classes."""

from enum import StrEnum


class DataClass(StrEnum):
    """From open to closed. Events carry `public` and `internal` fields only; the others are named, never carried."""

    public = "public"
    """Published or publishable: a school's number, name, authority, sector."""
    internal = "internal"
    """For those who work in the region's school improvement: regimes, allocations, calendars."""
    personal = "personal"
    """About a living person: names, contact details."""
    confidential = "confidential"
    """Judgements and casework about one school or person."""
