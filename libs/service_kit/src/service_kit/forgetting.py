"""Stored answers that are no longer replayed are removed, as time passes."""

from service_kit import idempotency
from service_kit.clock_tasks import ClockTask
from service_kit.foundation import Foundation
from service_kit.unit_of_work import UnitOfWork


def forgetting(shared: Foundation) -> ClockTask:
    """The task that every service with data runs: answers to commands go after their 24 hours (R45)."""

    async def forget(uow: UnitOfWork) -> int:
        return await idempotency.purge(uow.connection, shared.answers, uow.clock.system_now())

    return ClockTask("forget_answers", forget)
