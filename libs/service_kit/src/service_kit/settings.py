"""What a process is told by its environment: variables that begin with `GWELLA_`."""

import os
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service_kit.clock import Clock, SandboxClock, SystemClock


class Settings(BaseSettings):
    """One process's settings. Secrets come from the environment or from files that the platform mounts."""

    model_config = SettingsConfigDict(
        env_prefix="GWELLA_", frozen=True, extra="ignore", arbitrary_types_allowed=True,
        use_attribute_docstrings=True, secrets_dir=os.environ.get("GWELLA_SECRETS_DIR"),
    )  # fmt: skip

    host: str = "127.0.0.1"
    port: int = 8000
    """Where the HTTP API and the health endpoints of this process listen."""
    public_url: str = "http://127.0.0.1:8080"
    """The gateway's address as clients know it: the base of every link."""
    database_url: SecretStr | None = None
    """The service's database as its `api` role: row-level security applies."""
    worker_database_url: SecretStr | None = None
    """The same as its `worker` role, for relay and consumer."""
    owner_database_url: SecretStr | None = None
    """The same as its owner: only `migrate` has it."""
    database_password: SecretStr | None = None
    """Put into `database_url` where that names none, so that addresses may be public and passwords come from files."""
    worker_database_password: SecretStr | None = None
    """The same for `worker_database_url`."""
    owner_database_password: SecretStr | None = None
    """The same for `owner_database_url`."""
    database_pool: int = Field(default=4, ge=1, le=64)
    """Connections that one process may hold open per role."""
    kafka_bootstrap_servers: str | None = None
    """Addresses of the brokers; None: the local transport of the embedded suite."""
    static_member: str | None = None
    """Fixed name of this consumer where process names are stable; None under an autoscaler."""
    issuer_url: str = "http://127.0.0.1:8090"
    """OpenID issuer whose tokens are accepted."""
    issuer_discovery_url: str | None = None
    """Where its configuration is fetched, when this process cannot reach it under its own name; None: there."""
    audience: str = "gwella"
    cursor_secret: SecretStr = SecretStr("")
    """Signs page cursors; the same in every copy of a service."""
    audit_key_file: Path | None = None
    """Private key (JWK) that signs checkpoints of the audit log; None: no checkpoints are signed."""
    return_key_file: Path | None = None
    """Exchange only: private key (JWK, Ed25519) that signs submitted returns; None: no return can be submitted."""
    upstreams: dict[str, str] = Field(default_factory=dict)
    """Gateway only: service name to base URL, as JSON."""
    gateway_url: str | None = None
    """Exchange only: where its worker reaches the gateway to measure the service levels; None: none are measured."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Gateway only: origins of the front ends that may call from a browser, parted by commas in the environment."""
    replicas: int = Field(default=1, ge=1)
    """Gateway only: copies that run; each grants its share of a client's limit."""
    requests_per_minute: int = Field(default=6000, ge=1)
    """Gateway only: limit per client over all copies."""
    concurrent_requests: int = Field(default=64, ge=1)
    """Gateway only: requests of one client that may be in flight in one copy."""
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    """Largest JSON body."""
    max_upload_bytes: int = Field(default=26_214_400, ge=1024)
    """Largest uploaded file (25 MiB)."""
    request_head_seconds: float = Field(default=15, gt=0)
    """How long a client may take to send the head of a request, from opening the connection or its first byte."""
    request_body_seconds: float = Field(default=15, gt=0)
    """How long a client may pause within the body of a request."""
    data_dir: Path | None = None
    """Folder in which files of documents are kept where no other store is named; None: none are kept."""
    document_store: str | None = None
    """Where files of documents are kept: `s3://bucket/prefix`; None: in `data_dir`."""
    document_store_endpoint: str | None = None
    """Address of the S3-compatible store; None: that of the region."""
    document_store_region: str = "eu-west-2"
    document_store_key_id: str | None = None
    """Access key of the store; None: the credentials of the platform."""
    document_store_secret: SecretStr | None = None
    document_scanner: str | None = None
    """Scanner that files must pass, as `clamd://host:3310`; None: none is asked, files are available at once."""
    document_link_seconds: int = Field(default=300, ge=10, le=3600)
    """How long a link to a file holds."""
    telemetry_endpoint: str | None = None
    """OTLP endpoint over HTTP; None: nothing is exported."""
    trace_ratio: float = Field(default=0.01, ge=0, le=1)
    """Share of traces that are kept; those with errors always are."""
    log_level: str = "INFO"
    drain_seconds: float = Field(default=20, ge=0)
    """How long requests may take to finish once the process was told to stop."""

    sandbox: bool = False
    """Whether this is a sandbox, whose data are nobody's. Only there may the clock be set."""
    sandbox_clock: Path | None = None
    """Sandbox only: file that shifts the clock of every process that names it; tokens keep to the machine's time."""

    @model_validator(mode="before")
    @classmethod
    def _complete_addresses(cls, values: dict[str, Any]) -> dict[str, Any]:
        roles = ("", "worker_", "owner_")
        pairs = {f"{role}database_url": values.get(f"{role}database_password") for role in roles}
        return values | {
            name: _with_password(url, password)
            for name, password in pairs.items()
            if password and (url := values.get(name))
        }

    @field_validator("sandbox_clock")
    @classmethod
    def _in_a_sandbox_alone(cls, given: Path | None, others: ValidationInfo) -> Path | None:
        # Of the field, not of the model: the message of a model's fault shows the other settings, secrets among them.
        if given is not None and not others.data.get("sandbox"):
            raise ValueError(
                "GWELLA_SANDBOX_CLOCK is for a sandbox alone: without GWELLA_SANDBOX=true it is refused"
            )
        return given

    def clock(self) -> Clock:
        """The clock of the process."""
        return SystemClock() if self.sandbox_clock is None else SandboxClock(self.sandbox_clock)


def _with_password(url: SecretStr | str, password: SecretStr | str) -> SecretStr:
    plain, secret = (one.get_secret_value() if isinstance(one, SecretStr) else one for one in (url, password))
    parts = urlsplit(plain)
    user, at, place = parts.netloc.rpartition("@")
    if not at or ":" in user:
        return SecretStr(plain)
    return SecretStr(parts._replace(netloc=f"{user}:{quote(secret, safe='')}@{place}").geturl())
