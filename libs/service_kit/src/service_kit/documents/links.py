"""Short-lived links to files: signed for one document and one caller, worthless to anybody else.

A link does not replace the caller's token: it is asked for under the record's policy, holds for some minutes, and is
followed by whoever asked for it. So nothing that ends up in a history or a log opens a file.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from service_kit.problems import ProblemError


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """Signs and checks. The key is made from the secret that every copy of a service has."""

    key: bytes

    @classmethod
    def of(cls, secret: bytes) -> "LinkKeys":
        """A key of its own for this purpose."""
        return cls(hmac.digest(secret, b"document-links", "sha256"))

    def signature(self, document_id: str, subject: str, client_id: str, expires: int) -> str:
        """The signature: 43 characters, safe in a URL."""
        said = "\x1f".join((document_id, subject, client_id, str(expires)))
        return urlsafe_b64encode(hmac.new(self.key, said.encode(), sha256).digest()).rstrip(b"=").decode()

    def check(
        self, document_id: str, subject: str, client_id: str, expires: int, signature: str, now: datetime
    ) -> None:
        """Raises 404 for a link that we did not make for this caller, 410 `link_expired` for one that is over."""
        expected = self.signature(document_id, subject, client_id, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise ProblemError("not_found")
        if datetime.fromtimestamp(expires, UTC) <= now:
            raise ProblemError("link_expired")
