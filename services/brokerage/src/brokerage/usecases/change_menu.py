"""Puts support on the menu, changes an entry, withdraws it [S2-29, S2-54, D-13]."""

from collections.abc import Mapping
from typing import Any

from brokerage.storage.tables import menu_items, providers
from brokerage.usecases.event_writes import item_write
from contracts.events.brokerage_providers import MenuItemDetailsChanged, MenuItemPublished, MenuItemWithdrawn
from contracts.identifiers import new_id
from service_kit.problems import Fault, ProblemError
from service_kit.reading import first, showing, values_of
from service_kit.unit_of_work import UnitOfWork

Row = Mapping[str, Any]


async def publish_item(uow: UnitOfWork, wanted: Row) -> str:
    """Puts an entry on the menu and gives its id. Raises 422 for a provider that is not there or not active."""
    query = showing(providers, uow.clock.today(), None, providers.slices.c.id == wanted["provider_id"])
    provider = await first(uow.connection, query)
    if provider is None or provider["state"] != "active":
        raise ProblemError("validation_failed", errors=[Fault("/provider_id", "no_such_provider")])
    if wanted["specialism"] not in provider["specialisms"]:
        raise ProblemError("validation_failed", errors=[Fault("/specialism", "not_a_specialism_of_provider")])
    id_ = new_id()
    values = {**wanted, "state": "published"}
    await uow.write(menu_items, [item_write(id_, MenuItemPublished, values, create=True)])
    return id_


async def change_item(uow: UnitOfWork, row: Row, changes: Row, expected_version: int) -> None:
    """Changes an entry that is on the menu. Raises 409 `withdrawn_item`."""
    if row["state"] != "published":
        raise ProblemError("withdrawn_item")
    values = values_of(menu_items, row, **changes)
    changed = tuple(name for name in changes if row[name] != values[name])
    if changed:
        write = item_write(
            row["id"], MenuItemDetailsChanged, values, changed=changed, expected_version=expected_version
        )
        await uow.write(menu_items, [write])


async def withdraw_item(uow: UnitOfWork, row: Row) -> None:
    """Takes an entry off the menu. Raises 409 `withdrawn_item` where it is off already."""
    if row["state"] != "published":
        raise ProblemError("withdrawn_item")
    values = values_of(menu_items, row, state="withdrawn")
    await uow.write(menu_items, [item_write(row["id"], MenuItemWithdrawn, values)])
