"""Evidence as a file: kept with the visit, checked by its content, read under the visit's policy."""

from base64 import b64encode
from hashlib import sha256
from uuid import uuid4

from gwella.story.clients import Clients
from gwella.story.half_term import only, wait_until
from gwella.story.telling import Telling
from gwella.story.using import refused
from testkit.client import Answer, ApiClient

OBSERVED = b"lesson,year,questioning\n1,3,some\n2,3,few\n3,4,all\n4,5,few\n5,6,some\n6,6,some\n"
NAME = "lesson-observations.csv"


def add_evidence(telling: Telling, adviser: ApiClient, visit: str) -> None:
    """Attaches what was observed to a visit, under its digest; a file that is not what it says is refused."""
    if only(adviser, "/v1/documents", record_kind="visit", record_id=visit.rpartition("/")[2]) is not None:
        return
    lying = refused(lambda: _sent(adviser, visit, "application/pdf", "report.pdf"))
    telling.check("a table that says it is a PDF", lying, (422, "document_type_mismatch"))
    made = _sent(adviser, visit, "text/csv", NAME)
    telling.check("evidence attached to the visit", made["sha256"], sha256(OBSERVED).hexdigest())


def read_evidence(telling: Telling, clients: Clients, visit_id: str) -> None:
    """The head reads it once the report is shared, by a link of some minutes; another authority knows of none."""
    head, cardiff = clients.person("head"), clients.machine("authority-681")
    asked = {"record_kind": "visit", "record_id": visit_id}
    found = wait_until(lambda: only(head, "/v1/documents", **asked), lambda one: one is not None) or {}
    link = head.get(f"/v1/documents/{found['id']}/link")
    telling.check("evidence read by the head, byte by byte", head.get(link["url"]).content, OBSERVED)
    telling.check(
        "Cardiff asks for it",
        refused(lambda: cardiff.get(f"/v1/documents/{found['id']}")),
        (404, "not_found"),
    )


def _sent(adviser: ApiClient, visit: str, media_type: str, name: str) -> Answer:
    return adviser.request(
        "POST",
        f"{visit}/documents",
        params={"language": "en"},
        headers={
            "Idempotency-Key": str(uuid4()),
            "Content-Type": media_type,
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Digest": f"sha-256=:{b64encode(sha256(OBSERVED).digest()).decode()}:",
        },
        content=OBSERVED,
    )
