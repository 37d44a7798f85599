"""The file of an exported audit log: NDJSON that is verified without us, without a network and in constant memory.

Each line is canonical JSON (sorted names, no spaces, UTF-8). The first names the service, then the signed checkpoints,
then the log's entries from position 1, then `end` with the SHA-256 of every byte before it. What `end` cannot hold
against somebody who writes it anew, chain and checkpoints do, up to the last signed position.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Final

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, OKPKey

from service_kit.audit.checkpoints import CheckpointError
from service_kit.audit.tables import PROMOTED
from service_kit.audit.verifying import Finding, LoggedEntry, VerificationReport, verify

FORMAT: Final = "gwella-audit/1"
_ENTRY: Final = frozenset({"kind", "position", "chain", "entry", "values", *PROMOTED})


@dataclass
class _Damage(Exception):
    """A line that is not what an export writes."""

    message: str


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What the verifier saw of a file. `sound`: nothing is wrong. `vouched`: also, a checkpoint signs some of it."""

    service: str
    log: VerificationReport
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether file, chain, values and signatures agree."""
        return not self.findings

    @property
    def vouched(self) -> bool:
        """Sound, and signed as far as `log.signed_up_to`; an empty log needs no signature."""
        return self.sound and (self.log.signed_up_to > 0 or self.log.entries == 0)


def entry_document(logged: LoggedEntry) -> dict[str, Any]:
    """One row of the log as the API and the file have it: chain in hex, the hashed bytes as text.

    Bytes that are no UTF-8 (nobody of ours wrote them) are spelt out, so that they can be told, and are found.
    """
    at = logged.promoted["at"]
    return {
        **logged.promoted,
        "at": at.isoformat() if isinstance(at, datetime) else at,
        "position": logged.position,
        "chain": logged.chain.hex(),
        "entry": logged.entry.decode(errors="backslashreplace"),
        "values": logged.values,
    }


def write_export(
    file: BinaryIO, service: str, checkpoints: Iterable[str], rows: Iterable[Mapping[str, Any]]
) -> int:
    """Writes a whole file from what the API lists; `rows` as `entry_document` makes them. Returns their number."""
    digest, count = hashlib.sha256(), 0

    def put(document: Mapping[str, Any]) -> None:
        line = _line(document)
        digest.update(line)
        file.write(line)

    put({"kind": "audit", "format": FORMAT, "service": service})
    for signed in checkpoints:
        put({"kind": "checkpoint", "signed": signed})
    for row in rows:
        put({**row, "kind": "entry"})
        count += 1
    file.write(_line({"kind": "end", "entries": count, "sha256": digest.hexdigest()}))
    return count


def load_public_key(content: bytes) -> OKPKey:
    """The public key from PEM or JWK. Raises CheckpointError for what is no Ed25519 key."""
    try:
        key = OKPKey.import_key(orjson.loads(content) if content.lstrip().startswith(b"{") else content)
    except (JoseError, AttributeError, TypeError, ValueError) as error:
        raise CheckpointError(f"not a public key (PEM or JWK): {error}") from error
    if key.curve_name != "Ed25519":
        raise CheckpointError("the audit is signed with Ed25519: this is another kind of key")
    return key


def verify_export(file: BinaryIO, key: Key | KeySet, further: Sequence[str] = ()) -> ExportReport:
    """Verifies a file. `further`: signed checkpoints that were kept elsewhere, which a keeper of the log cannot drop.

    Findings name the position in the log, or where a line is not readable its number.
    """
    reading = _Reading(file)
    service, checkpoints = reading.head()
    report = verify(reading.entries(), [*checkpoints, *further], key, service)
    reading.close()
    return ExportReport(service, report, (*reading.findings, *report.findings))


@dataclass
class _Reading:
    """One pass over a file: lines are checked as they come, and digested up to `end`."""

    file: BinaryIO
    findings: list[Finding] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)
    line: int = 0
    count: int = 0
    ahead: dict[str, Any] | None = None
    ended: bool = False

    def head(self) -> tuple[str, list[str]]:
        """The service and the checkpoints; leaves the first other line to `entries`."""
        first = self._next()
        service = str(first.get("service", "")) if first is not None else ""
        if first is None or first.keys() != {"kind", "format", "service"} or first["format"] != FORMAT:
            self._found("the file does not begin as an export of the audit does")
            self.ahead = first
            return service, []
        checkpoints = []
        while (document := self._next()) is not None and document["kind"] == "checkpoint":
            checkpoints.append(str(document.get("signed")))
        self.ahead = document
        return service, checkpoints

    def entries(self) -> Iterator[LoggedEntry]:
        """The log's entries as they stand; what is none is a finding and left out."""
        document = self.ahead if self.ahead is not None else self._next()
        while document is not None:
            try:
                yield _logged(document)
                self.count += 1
            except _Damage as damage:
                self._found(damage.message)
            document = self._next()

    def close(self) -> None:
        """After the last line."""
        if not self.ended:
            self._found("the file is cut off: its last line is missing")

    def _next(self) -> dict[str, Any] | None:
        """The next readable line but `end`, which is checked here; None at the end of the file."""
        for raw in iter(self.file.readline, b""):
            self.line += 1
            if self.ended:
                self._found("stands behind the end")
            document = self._document(raw)
            if document is not None and document["kind"] == "end":
                self._end(document)
                continue
            self.digest.update(raw)
            if document is not None:
                return document
        return None

    def _document(self, raw: bytes) -> dict[str, Any] | None:
        try:
            document = orjson.loads(raw)
            if (
                isinstance(document, dict)
                and isinstance(document.get("kind"), str)
                and _line(document) == raw
            ):
                return document
        except orjson.JSONDecodeError:
            pass  # said below, together with what is JSON and no line of an export
        self._found("the line was changed: it is not as an export writes it")
        return None

    def _end(self, document: Mapping[str, Any]) -> None:
        self.ended = True
        if document.get("sha256") != self.digest.hexdigest():
            self._found("the file was changed: its bytes are not those that were exported")

    def _found(self, message: str) -> None:
        self.findings.append(Finding(0, "file", f"line {self.line}: {message}"))


def _logged(document: Mapping[str, Any]) -> LoggedEntry:
    if document["kind"] != "entry" or document.keys() != _ENTRY or not isinstance(document["position"], int):
        raise _Damage("is no entry of the log")
    try:
        entry, chain = document["entry"].encode(), bytes.fromhex(document["chain"])
    except (AttributeError, TypeError, ValueError) as error:
        raise _Damage("has no bytes or no chain") from error
    promoted, values = {name: document[name] for name in PROMOTED}, document["values"]
    if values is not None and not (isinstance(values, dict) and all(map(_is_texts, values.values()))):
        raise _Damage("has values that are none")
    return LoggedEntry(document["position"], entry, chain, promoted, values)


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _line(document: Mapping[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
