"""Writing a version of a return: its values, the class of its row, and the event that carries its facts."""

from collections.abc import Mapping
from typing import Any

from contracts.data_class import DataClass
from contracts.events.exchange import ReturnFacts
from exchange.domain.lifecycle import HANDED_IN
from exchange.storage.return_tables import return_versions
from exchange.storage.returns import Version
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork

_CARRIED = (
    "return_id", "number", "organisation", "kind", "school_year", "period", "first_day", "last_day", "due_on",
    "definition", "state", "position", "digest", "authority", "test",
)  # fmt: skip


async def write_version(
    uow: UnitOfWork,
    version_id: str,
    held: Version,
    changes: Mapping[str, Any],
    event: type[ReturnFacts],
    *,
    create: bool = False,
    reason: str | None = None,
    **carried: Any,
) -> None:
    """Writes one version with what changes; `carried` are fields of the event beyond the facts of every one."""
    values = {name: held.get(name) for name in return_versions.own} | dict(changes)
    handed_in = values["state"] in HANDED_IN
    values["data_class"] = (DataClass.internal if handed_in else DataClass.confidential).value
    facts = {name: values[name] for name in _CARRIED}
    changed = tuple(name for name in values if create or values[name] != held.get(name))
    write = Write(
        id=version_id,
        subject=f"/returns/{values['return_id']}/versions/{values['number']}",
        values=values,
        event=event(version_id=version_id, changed=changed, **facts, **carried),
        create=create,
        reason=reason,
    )
    await uow.write(return_versions, [write])
