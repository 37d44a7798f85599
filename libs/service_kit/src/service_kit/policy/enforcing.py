"""Turns a decision into the answer that a refused caller gets."""

from service_kit.policy.decide import Decision
from service_kit.problems import ProblemError


def require(decision: Decision) -> None:
    """Raises ProblemError `operation_not_permitted` (403) unless a role of the caller lists the operation.

    Where the token's scopes are what closes it, the header names the scope to ask for (RFC 6750, section 3.1).
    """
    if decision.allowed:
        return
    headers = {}
    if not decision.principal.in_scope(decision.operation):
        headers["WWW-Authenticate"] = (
            f'Bearer realm="gwella", error="insufficient_scope", scope="{decision.operation}"'
        )
    raise ProblemError("operation_not_permitted", {"operation": decision.operation}, headers=headers)
