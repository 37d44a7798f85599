"""Records and changes who holds a post at a school and how to reach them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from contracts.events.registry import ContactChanged
from registry.storage.showing import next_starts
from registry.storage.tables import contacts
from registry.usecases.refusing import school_on
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork

PERSONAL: Final = ("name", "email", "telephone")
"""Fields that events name as changed and never carry."""


def contact_id(school_number: str, post: str) -> str:
    """The id of a school's contact."""
    return f"{school_number}:{post}"


async def record_contact(
    uow: UnitOfWork, school_number: str, post: str, details: Mapping[str, Any], valid_from: date | None
) -> str:
    """Records a contact for the first time; gives its id. Raises 409 `already_exists` for one that there is."""
    authority = await school_on(uow, school_number, valid_from)
    facts = {"school_number": school_number, "authority": authority, "post": post, **details}
    changed = tuple(name for name in PERSONAL if details[name] is not None)
    await uow.write(contacts, [_write(facts, changed, valid_from, create=True)])
    return contact_id(school_number, post)


async def change_contact(
    uow: UnitOfWork,
    held: Mapping[str, Any],
    facts: Mapping[str, Any],
    valid_from: date,
    expected_version: int,
) -> None:
    """Changes a contact from a day on; does nothing where no field differs."""
    changed = tuple(name for name in PERSONAL if held[name] != facts[name])
    if not changed:
        return
    later = await next_starts(uow.connection, contacts, [held["id"]], valid_from)
    write = _write(facts, changed, valid_from, later.get(held["id"]), expected_version)
    await uow.write(contacts, [write])


def _write(
    facts: Mapping[str, Any],
    changed: tuple[str, ...],
    valid_from: date | None,
    valid_to: date | None = None,
    expected_version: int | None = None,
    *,
    create: bool = False,
) -> Write:
    number, post = facts["school_number"], facts["post"]
    return Write(
        id=contact_id(number, post),
        subject=f"/schools/{number}/contacts/{post}",
        values={name: facts[name] for name in contacts.own},
        event=ContactChanged(
            authority=facts["authority"],
            school=number,
            post=post,
            valid_from=valid_from,
            valid_to=valid_to,
            changed=changed,
        ),
        valid_from=valid_from,
        valid_to=valid_to,
        create=create,
        expected_version=expected_version,
    )
