"""What follows from a command in records that its caller may not see."""

from contracts.data_class import DataClass
from service_kit.policy.rls import EVERYTHING, apply_settings
from service_kit.unit_of_work import UnitOfWork


async def beyond_the_caller(uow: UnitOfWork) -> None:
    """Lifts row-level security for the rest of the transaction, once the step itself was permitted.

    The supporting head's acceptance moves the supported school's request; a commission reserves days of a provider of
    another authority. The caller is told of its own side only: what is answered is redacted above the database.
    """
    await apply_settings(uow.connection, {EVERYTHING: ",".join(DataClass)})
