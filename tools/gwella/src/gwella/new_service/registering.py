"""Makes the workspace know a service: wherever the gateway is named among services, the new one is named beside it."""

import re
from typing import Final

from gwella.new_service.files import NewService

LISTED_IN: Final = ("pyproject.toml", "tools/gwella/pyproject.toml")
"""Files that list the services of the workspace."""
TOPOLOGY: Final = "deploy/topology.toml"

_BESIDE: Final = (
    (re.compile(r'^(\s*)"gateway",$', re.MULTILINE), r'\g<0>\n\1"{name}",'),
    (re.compile(r'"exchange", "gateway"(?=[\],])'), r'\g<0>, "{name}"'),
    (re.compile(r'\| gateway(?=[ "])'), r"\g<0> | {name}"),
    (
        re.compile(r"^gateway = \{ workspace = true \}$", re.MULTILINE),
        r"\g<0>\n{name} = {{ workspace = true }}",
    ),
    (re.compile(r"\|gateway\|"), r"\g<0>{name}|"),
)
_CALLS: Final = re.compile(r"^(upstreams = \[.*)\]$", re.MULTILINE)
_HEARS_ALL: Final = re.compile(r"(\[services\.exchange\]\n(?:[^\[\n].*\n)*?hears = \[[^\]]*)\]")

_ENTRY: Final = """
[services.{name}]
port = {port}
database = true
roles = ["api", "relay", "consumer"]
publishes = "{name}.events"
# The topics of the services whose events its reactions name: `tests/architecture` holds the two to each other.
hears = []
"""


def listed(text: str, name: str) -> str:
    """A file of the workspace with the service added to every list that names the gateway.

    Raises ValueError when no such list is found: then the file has changed its form and must be edited by hand.
    """
    added = text
    for pattern, replacement in _BESIDE:
        added = pattern.sub(replacement.format(name=name), added)
    if added == text:
        raise ValueError("no list of services found")
    return added


def with_entry(topology: str, new: NewService) -> str:
    """The topology with the service: the gateway calls it, the exchange hears it. Raises ValueError as `listed`."""
    called, calls = _CALLS.subn(rf'\1, "{new.name}"]', topology)
    heard, hears = _HEARS_ALL.subn(rf'\1, "{new.name}.events"]', called)
    if calls != 1 or hears != 1:
        raise ValueError("the topology names no gateway that calls, or no exchange that hears")
    return heard.rstrip("\n") + "\n" + _ENTRY.format(name=new.name, port=new.port)
