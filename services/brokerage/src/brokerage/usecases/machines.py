"""The state machines of the domain on the contract of `allowed_transitions`: one function decides both."""

from collections.abc import Mapping
from typing import Any

from brokerage.domain import commissions, requests
from brokerage.domain.caller import Caller
from brokerage.domain.commissions import COMMISSION_STEPS, CommissionNow
from brokerage.domain.requests import REQUEST_STEPS, RequestNow
from service_kit.transitions import WhyNot, asked, machine_of

Row = Mapping[str, Any]


REQUEST = machine_of(REQUEST_STEPS)
COMMISSION = machine_of(COMMISSION_STEPS)


def request_why_not(row: Row, caller: Caller) -> WhyNot:
    """What bars the steps of a request for a caller. The row tells whether the school is closed."""
    now = RequestNow(row["school_closed"])
    return asked(REQUEST_STEPS, row["state"], lambda step: requests.why_not(step, now, caller))


def commission_why_not(row: Row, caller: Caller) -> WhyNot:
    """What bars the steps of a commission for a caller. The row tells whether the school is closed."""
    now = CommissionNow(row["provider_person"], row["provider_school"], row["school_closed"])
    return asked(COMMISSION_STEPS, row["state"], lambda step: commissions.why_not(step, now, caller))
