"""Who takes part in the story: sandbox people of the register (nobody real), found by the name that they have there."""

from dataclasses import dataclass, field

from gwella.story.clients import Clients
from testkit.client import ApiClient

EMPLOYER = "csc"


@dataclass
class People:
    """Ids of the register by sandbox name; whoever is not there yet is registered."""

    clients: Clients
    _known: dict[str, str] = field(default_factory=dict)

    def id_of(self, name: str, authority: str = "674", employer: str = EMPLOYER) -> str:
        """The id of a person."""
        consortium = self.clients.machine("consortium")
        if not self._known:
            self._known = {
                person["name"]: person["id"] for person in consortium.pages("/v1/people", limit=200)
            }
        if name not in self._known:
            wanted = {"name": name, "authority": authority, "employer": employer}
            self._known[name] = consortium.post("/v1/people", wanted)["id"]
        return self._known[name]

    def signed_in(self, role: str, name: str, authority: str = "674") -> ApiClient:
        """A person of the register, signed in as the development issuer's person of that role."""
        return self.clients.person(role, self.id_of(name, authority))
