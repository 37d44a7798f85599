"""A person who signs in at an OpenID provider, as a browser would: authorization code with PKCE (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx

_FORM: Final = re.compile(r'<form[^>]*\baction="([^"]+)"')


class SignInRefusedError(Exception):
    """The provider gave no code. The message is what it said."""


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """A public client through which people sign in, at the provider of that `issuer`."""

    issuer: str
    client_id: str
    redirect_uri: str

    def sign_in(self, username: str, password: str, scope: str = "openid *") -> dict[str, Any]:
        """What the token endpoint grants to who signs in: `access_token`, `id_token`, ... Raises SignInRefusedError."""
        verifier = new_verifier()
        code = self.code(username, password, challenge_of(verifier), scope)
        answer = self.redeem(code, verifier)
        if answer.is_error:
            raise SignInRefusedError(answer.text)
        granted: dict[str, Any] = answer.json()
        return granted

    def code(self, username: str, password: str, challenge: str | None, scope: str = "openid *") -> str:
        """The code after the form of the provider; `challenge` None asks without PKCE. Raises SignInRefusedError."""
        state = secrets.token_urlsafe(16)
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": scope,
            "state": state,
        }
        if challenge is not None:
            asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        page = _sent("GET", self._endpoint("authorization_endpoint"), params=asked)
        form = _FORM.search(page.text)
        if form is not None:
            # By hand: browsers send cookies marked `Secure` to the machine itself without TLS, httpx's jar does not.
            cookies = "; ".join(line.partition(";")[0] for line in page.headers.get_list("set-cookie"))
            filled = {"username": username, "password": password}
            page = _sent("POST", html.unescape(form[1]), data=filled, headers={"Cookie": cookies})
        where = urlsplit(str(page.headers.get("location", "")))
        told = {name: values[0] for name, values in parse_qs(where.query).items()}
        if "code" not in told or told.get("state") != state:
            raise SignInRefusedError(
                told.get("error_description") or told.get("error") or str(page.status_code)
            )
        return told["code"]

    def redeem(self, code: str, verifier: str) -> httpx.Response:
        """The answer of the token endpoint to the code and the verifier behind its challenge."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code": code,
            "code_verifier": verifier,
        }
        return _sent("POST", self._endpoint("token_endpoint"), data=form)

    def _endpoint(self, name: str) -> str:
        return str(_sent("GET", f"{self.issuer}/.well-known/openid-configuration").json()[name])


def new_verifier() -> str:
    """A random verifier of 43 characters."""
    return secrets.token_urlsafe(32)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _sent(method: str, url: str, **what: Any) -> httpx.Response:
    return httpx.request(method, url, trust_env=False, timeout=30, **what)
