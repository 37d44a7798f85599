"""Whether a caller's rights turn on dated facts that the token does not say (`memberships`)."""

from collections.abc import Collection

from service_kit.auth.principal import Principal
from service_kit.policy.roles import Roles, Rows


def turns_on_memberships(principal: Principal, operations: Collection[str], roles: Roles) -> bool:
    """Whether any right of the caller to these operations needs to know which authorities or schools it has."""
    return any(
        right.rows in (Rows.consortium, Rows.lead_schools, Rows.body)
        or (right.rows is Rows.school and grant.school is None)
        for grant in principal.grants
        for operation in operations
        for right in roles.rights(grant.role, operation)
    )
