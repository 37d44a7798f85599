"""R05: which language a caller gets, by what it sends (RFC 9110, sections 12.4.2 and 12.5.4)."""

import pytest

from service_kit.language import negotiate, wished


@pytest.mark.parametrize(
    ("sent", "wish"),
    [
        (None, None),
        ("", None),
        ("cy", "cy"),
        ("en", "en"),
        ("CY", "cy"),
        ("cy-GB", "cy"),
        ("cy-GB-x-north", "cy"),
        ("cym", None),
        ("cyrillic", None),
        ("cy, en", "cy"),
        ("en, cy", "en"),
        ("cy;q=0.5, en;q=0.9", "en"),
        ("en;q=0.5, cy;q=0.9", "cy"),
        ("en;q=0.5,cy", "cy"),
        (" en ; q=0.4 , cy ; Q=0.41 ", "cy"),
        ("fr, cy-GB;q=0.8, en;q=0.5", "cy"),
        ("cy-GB;q=0.3, en;q=0.5, cy;q=0.8", "cy"),
        ("en-US, en;q=0.5, cy;q=0.3", "en"),
        ("fr", None),
        ("*", None),
        ("fr, *;q=0.5", None),
        ("cy;q=0.2, *;q=0.1", "cy"),
        ("cy;q=0.2, *;q=0.8", "en"),
        ("en;q=0.2, *;q=0.8", "cy"),
        ("*;q=0", None),
        # A refusal of one language is a wish for the other; of both, for neither.
        ("en;q=0", "cy"),
        ("cy;q=0", "en"),
        ("en;q=0, *;q=0.5", "cy"),
        ("en, cy;q=0", "en"),
        ("en;q=0.000, cy;q=0.001", "cy"),
        ("en;q=0, cy;q=0", None),
        # What is malformed was not sent.
        ("cy;q=", None),
        ("cy;q=abc", None),
        ("cy;q=2, en;q=0.1", "en"),
        ("cy;q=-1", None),
        ("cy;q=nan, en;q=0.1", "en"),
        ("cy;q=1e0, en;q=0.1", "en"),
        ("cy;q=0.1234, en;q=0.1", "en"),
        ("cy;level=1, en;q=0.1", "en"),
        (";;q=,,", None),
        (",,cy,,", "cy"),
        ("\x00cy", None),
        ("é, cy;q=0.1", "cy"),
    ],
)
def test_the_callers_wish(sent: str | None, wish: str | None) -> None:
    """R05: weights, ranges, refusals and what is malformed."""
    assert wished(sent) == wish
    assert negotiate(sent) == (wish or "en")
    assert negotiate(sent, "cy") == "cy"
    assert negotiate(sent, "fr") == (wish or "en")
