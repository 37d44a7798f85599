"""What tests of the feed tell: schools, and a database that was migrated."""

from typing import Any

from contracts.events.registry import SchoolRegistered
from exchange.service import service
from service_kit.migrations.upgrade import migrate
from testkit.databases import ServiceDatabase

SCHOOL: dict[str, Any] = SchoolRegistered.EXAMPLE


def school(number: str, **other: Any) -> SchoolRegistered:
    """A school of the authority that its number names."""
    facts = {**SCHOOL, "school_number": number, "school": number, "authority": number[:3], **other}
    return SchoolRegistered.model_validate(facts)


async def migrated_exchange(database: ServiceDatabase) -> None:
    """Fills a template."""
    await migrate(database.owner_url, service)
