"""A Keycloak that runs what `deploy/` gives an operator: the committed realm and the file of its secrets."""

import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from gwella.deployment.keycloak import keys_variable, secret_variable
from gwella.deployment.secret_files import ISSUER_FILE, complete
from gwella.suite.topology import read_topology
from testkit.issuer_directory import Credential, load_directory
from testkit.kafka_jars import KafkaJarsUnreachableError
from testkit.keycloak import start_keycloak
from testkit.tokens import new_key

sys.path.insert(0, str(Path(__file__).parent))

from keycloak_realm import ASSERTING, Realm

ROOT = Path(__file__).parents[2]
REALM = ROOT / "deploy" / "keycloak" / "gwella-realm.json"


@pytest.fixture(scope="session")
def realm() -> Iterator[Realm]:
    """Keycloak with the committed realm; required with CI=true, else skipped where it cannot be fetched."""
    key = new_key()
    with (
        tempfile.TemporaryDirectory(prefix="gwella-keycloak-", ignore_cleanup_errors=True) as folder,
        _published(key) as jwks_url,
    ):
        environment = _environment(Path(folder)) | {keys_variable(ASSERTING): jwks_url}
        try:
            server = start_keycloak(Path(folder), REALM, environment)
        except KafkaJarsUnreachableError as problem:
            if os.environ.get("CI", "").lower() in {"true", "1"}:
                pytest.fail(f"with CI=true the realm is tried on a real Keycloak: {problem}", pytrace=False)
            pytest.skip(f"no Keycloak: {problem}")
        try:
            yield Realm(server, _credentials(environment, key), environment["GWELLA_FRONT_END_URL"])
        finally:
            server.stop()


def _environment(folder: Path) -> dict[str, str]:
    """The file that an operator gives to Keycloak, made as `gwella secrets` makes it."""
    complete(folder / "secrets", read_topology(ROOT / "deploy" / "topology.toml"), load_directory())
    lines = (folder / "secrets" / ISSUER_FILE).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def _credentials(environment: dict[str, str], key: ECKey) -> dict[str, Credential]:
    known = {ASSERTING: Credential(ASSERTING, None, key.as_dict(private=True))}
    for client in load_directory().clients.values():
        if not client.assertion and not client.may_act_for_people:
            secret = environment[secret_variable(client.client_id)]
            known[client.client_id] = Credential(client.client_id, secret, None)
    return known


class _published:  # noqa: N801 - used as a function is
    """The address at which a client publishes its public key, while the block runs."""

    def __init__(self, key: ECKey) -> None:
        content = json.dumps({"keys": [key.as_dict(private=False) | {"use": "sig", "alg": "ES256"}]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing: the report of the tests is no log of requests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/jwks"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
