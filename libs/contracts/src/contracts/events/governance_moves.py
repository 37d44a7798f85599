"""What `governance` publishes when a school goes to another authority: its governing body follows it.

Rights on meetings are the body's, so what it did before stays with it as it was recorded.
"""

from typing import Any, ClassVar

from contracts.data_class import DataClass
from contracts.event import Moved, event
from contracts.events.governance import BodyEstablished, BodyFacts


@event(publisher="governance", aggregate="body", happened="moved", data_class=DataClass.public)
class BodyMoved(BodyFacts, Moved):
    """A school's governing body follows its school to another authority."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **BodyEstablished.EXAMPLE,
        "body_id": "gladstone_primary_governors",
        "body_type": "governing_body",
        "authorities": ["681"],
        "authority": "681",
        "school": "6812399",
        "from_authority": "673",
        "from_school": "6732118",
    }
