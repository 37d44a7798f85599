"""The real data that the package ships, for tests."""

from importlib.resources import files
from pathlib import Path

DATA = Path(str(files("registry"))) / "data"
ODS = "180410-address-list-schools-wales-ency.ods"
AUTHORITIES = frozenset(str(code) for code in range(660, 682))


def list_bytes(name: str) -> bytes:
    return (DATA / name).read_bytes()


def csv_bytes(part: str, language: str = "en") -> bytes:
    """`part`: maintained-schools, independent-schools or prus."""
    return list_bytes(f"wales-{part}-2018-04-10.{language}.csv")
