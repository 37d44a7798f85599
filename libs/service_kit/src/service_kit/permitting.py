"""Whether the caller may write a row that does not exist yet; rows that do are decided where they are loaded."""

from contracts.data_class import DataClass
from service_kit.call import RequestCall
from service_kit.policy.decide import refusal
from service_kit.problems import ProblemError


def demand(
    call: RequestCall,
    data_class: DataClass,
    *,
    authority: str | None = None,
    school: str | None = None,
    person: str | None = None,
    body: str | None = None,
) -> None:
    """Raises 403 `operation_not_permitted` or 404 `not_found` where the caller may not write rows about these.

    Called inside the transaction: until then a caller's memberships are not known.
    """
    if not call.rows(data_class).covers(authority, school, person, body=body):
        code = refusal(call.reading, data_class, authority, school, person, body)
        raise ProblemError(code, {"operation": call.decision.operation})
