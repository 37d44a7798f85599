import pytest
from registry_data import DATA

from registry.domain.lifecycle import survivors
from registry.domain.successions import read_successions

TEXT = (DATA / "csc-school-successions.csv").read_text("utf-8")


def test_the_file_of_central_south() -> None:
    """17 schools of April 2018 gone by January 2020, 7 come; codes, not labels."""
    found = read_successions(TEXT)
    assert len(found) == 7
    edges = [(before, one.successor) for one in found for before in one.predecessors]
    assert len(edges) == len({before for before, _ in edges}) == 17
    assert all(survivors(edges, before) == {after} for before, after in edges)
    assert {one.sector for one in found} == {"primary", "middle", "secondary"}
    garth_olwg = found[-1]
    assert (garth_olwg.valid_from.isoformat(), garth_olwg.language_category) == ("2019-09-01", "WM")


def test_a_label_of_no_list_is_refused() -> None:
    with pytest.raises(ValueError, match="sectors"):
        read_successions(TEXT.replace("Secondary,", "Grammar,"))
