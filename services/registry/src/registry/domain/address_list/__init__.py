"""The Welsh Government's "Address list of schools": how its files are read and what is wrong with one."""

from registry.domain.address_list.columns import Part
from registry.domain.address_list.listed import AddressList, ListedSchool
from registry.domain.address_list.reading import read

__all__ = ["AddressList", "ListedSchool", "Part", "read"]
