"""Designates an authority's senior link officer or lead officer: exactly one of each per day."""

from datetime import date

from contracts.events.registry import LiaisonDesignated
from registry.storage.showing import next_starts, one
from registry.storage.tables import liaisons
from registry.usecases.refusing import exists, refuse, unknown_authority, unknown_person
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork


async def designate_liaison(
    uow: UnitOfWork, authority: str, kind: str, person_id: str, valid_from: date
) -> str:
    """Records who is the liaison from a day on, in place of whoever was; gives the id.

    It holds until the next designation that is known to follow; a repeated one changes nothing. Raises 422 for an
    unknown authority or person.
    """
    refuse(*await unknown_authority(uow, authority), *await unknown_person(uow, person_id))
    liaison_id = f"{kind}:{authority}"
    then = await one(uow.connection, liaisons, liaison_id, valid_from)
    if then is not None and then["person_id"] == person_id:
        return liaison_id
    held = await exists(uow, liaisons, liaison_id)
    later = await next_starts(uow.connection, liaisons, [liaison_id], valid_from)
    event = LiaisonDesignated(
        authority=authority,
        person_id=person_id,
        kind=kind,
        valid_from=valid_from,
        valid_to=later.get(liaison_id),
        changed=("person_id",),
    )
    write = Write(
        id=liaison_id,
        subject=f"/liaisons/{liaison_id}",
        values={"authority": authority, "kind": kind, "person_id": person_id},
        event=event,
        valid_from=valid_from,
        valid_to=later.get(liaison_id),
        create=not held,
    )
    await uow.write(liaisons, [write])
    return liaison_id
