"""Who speaks in the story: each kind of client with its own token, always through the gateway."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gwella.commands.token import granted
from testkit.client import ApiClient


@dataclass
class Clients:
    """API clients by the name that the issuer knows; a token is asked for anew before it expires."""

    state: Mapping[str, Any]
    _made: dict[tuple[str, str | None, str | None], ApiClient] = field(default_factory=dict)

    def machine(self, name: str, language: str | None = None) -> ApiClient:
        """A machine client, like `authority-673`."""
        return self._client(name, None, language)

    def person(self, name: str, person_id: str | None = None, language: str | None = None) -> ApiClient:
        """A person who signs in through the front end; without `language` in the one of the person's own choice."""
        return self._client(name, person_id or "", language)

    def _client(self, name: str, person_id: str | None, language: str | None) -> ApiClient:
        key = (name, person_id, language)
        if key not in self._made:
            self._made[key] = ApiClient(
                self.state["gateway"], _Token(self.state, name, person_id), language=language
            )
        return self._made[key]

    def close(self) -> None:
        """Closes every connection."""
        for client in self._made.values():
            client.close()


@dataclass
class _Token:
    state: Mapping[str, Any]
    name: str
    person_id: str | None
    token: str = ""
    until: float = 0.0

    def __call__(self) -> str:
        if time.monotonic() >= self.until:
            if self.person_id is None:
                answer = granted(self.state, self.name)
            else:
                answer = granted(self.state, None, person=self.name, person_id=self.person_id or None)
            self.token = answer["access_token"]
            self.until = time.monotonic() + 0.8 * answer["expires_in"]
        return self.token
