"""Registers local authorities, all in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.events.registry import AuthorityRegistered
from registry.storage.tables import authorities
from service_kit.problems import Fault, ProblemError
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewAuthority:
    """A local authority: three-digit code, GSS code, name in both languages."""

    authority: str
    gss_code: str
    name_en: str
    name_cy: str


async def register_authorities(uow: UnitOfWork, new: Sequence[NewAuthority]) -> None:
    """Registers authorities. Raises 409 `already_exists` for one that is registered, 422 for one named twice."""
    codes = [item.authority for item in new]
    twice = [
        Fault(f"/authorities/{place}/authority", "repeated_value")
        for place, code in enumerate(codes)
        if code in codes[:place]
    ]
    if twice:
        raise ProblemError("validation_failed", errors=twice)
    writes = [
        Write(
            id=item.authority,
            subject=f"/authorities/{item.authority}",
            values={
                "authority": item.authority,
                "gss_code": item.gss_code,
                "name_en": item.name_en,
                "name_cy": item.name_cy,
            },
            event=AuthorityRegistered(
                authority=item.authority,
                authority_code=item.authority,
                gss_code=item.gss_code,
                name_en=item.name_en,
                name_cy=item.name_cy,
            ),
            create=True,
        )
        for item in new
    ]
    await uow.write(authorities, writes)
