"""An authority adopts a regime from a day on."""

from datetime import date

from contracts.events.registry import RegimeAdopted
from registry.domain.regimes import MODELS, too_early
from registry.storage.showing import next_starts, one
from registry.storage.tables import regimes
from registry.usecases.refusing import exists, refuse, unknown_authority
from service_kit.problems import Fault
from service_kit.records import Write
from service_kit.unit_of_work import UnitOfWork


async def adopt_regime(uow: UnitOfWork, authority: str, regime: str, valid_from: date) -> None:
    """Records the adoption; it holds until the next regime that is known to follow. A repeated one changes nothing.

    Raises 422 for an unknown authority, and for a day on which the regime did not exist yet.
    """
    faults = await unknown_authority(uow, authority)
    first_day = too_early(regime, valid_from)
    if first_day is not None:
        faults.append(Fault("/valid_from", "regime_did_not_exist", {"first_day": first_day.isoformat()}))
    refuse(*faults)
    then = await one(uow.connection, regimes, authority, valid_from)
    if then is not None and then["regime"] == regime:
        return
    held = await exists(uow, regimes, authority)
    later = await next_starts(uow.connection, regimes, [authority], valid_from)
    valid_to = later.get(authority)
    event = RegimeAdopted(
        authority=authority,
        regime_code=regime,
        delivered_by=MODELS[regime].delivered_by,
        valid_from=valid_from,
        valid_to=valid_to,
        changed=("regime_code",),
    )
    write = Write(
        id=authority,
        subject=f"/regimes/{authority}",
        values={"authority": authority, "regime": regime},
        event=event,
        valid_from=valid_from,
        valid_to=valid_to,
        create=not held,
    )
    await uow.write(regimes, [write])
