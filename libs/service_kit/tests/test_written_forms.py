"""R03: each kind of value has one written form, also where an endpoint declares its own parameter."""

from datetime import date, datetime
from typing import Annotated, Any

import pytest
from pydantic import Field

from service_kit.models import Timestamp
from service_kit.written_forms import DATE, MOMENT, TRUE_OR_FALSE, WHOLE_NUMBER, Form, form_of


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Timestamp | None, MOMENT),
        (datetime, MOMENT),
        (date | None, DATE),
        (Annotated[int, Field(ge=1)], WHOLE_NUMBER),
        (list[bool], TRUE_OR_FALSE),
        (str | None, None),
    ],
)
def test_each_kind_has_its_form(annotation: Any, expected: Form | None) -> None:
    """R03: also a moment with its offset, which is no datetime to Python."""
    assert form_of(annotation) is expected


def test_seconds_since_1970_are_no_moment() -> None:
    """R03: what pydantic would read as half a second after 1970 has not the form."""
    form = form_of(Timestamp | None)
    assert form is not None
    assert not form.fits("0.5")
    assert form.fits("2020-01-20T09:30:00Z")
