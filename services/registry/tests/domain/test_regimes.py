from datetime import date

import pytest

from contracts.codes import REGIMES
from registry.domain.regimes import MODELS, role_title, too_early


def test_every_regime_of_the_code_list_has_a_model() -> None:
    assert {entry.code for entry in REGIMES} == set(MODELS)


def test_a_regime_cannot_be_adopted_before_it_existed() -> None:
    assert too_early("national_model_2014", date(2014, 3, 31)) == date(2014, 4, 1)
    assert too_early("national_model_2014", date(2014, 4, 1)) is None
    with pytest.raises(ValueError, match="no such regime"):
        too_early("model_of_nobody", date(2020, 1, 1))


def test_what_an_adviser_is_called_depends_on_the_regime() -> None:
    """Domain, glossary: System Leader, Challenge Adviser, Improvement Partner are one role in three regimes."""
    assert [role_title("adviser", code).en for code in MODELS] == [
        "System Leader", "Challenge Adviser", "Improvement Partner"
    ]  # fmt: skip
    assert role_title("adviser", "national_model_2014").cy == "Ymgynghorydd Her"
    assert role_title("broker", "national_model_2014").en == "Broker of support"
    assert role_title("adviser", None).en == "Adviser"
    with pytest.raises(ValueError, match="no such role"):
        role_title("wizard", None)
