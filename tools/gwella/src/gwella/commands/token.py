"""`gwella token`: ask the development issuer of the running suite for a client's or a person's token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from gwella.commands.up import AsJson, DataFolder
from gwella.exits import CommandError, Exit

if TYPE_CHECKING:
    from testkit.issuer_directory import Credential, Directory


def token(
    client: Annotated[
        str | None,
        typer.Argument(help="A machine client, for example authority-673; none: show who is known."),
    ] = None,
    person: Annotated[
        str | None, typer.Option(help="A person instead, for example adviser; signs in through CLIENT.")
    ] = None,
    person_id: Annotated[
        str | None, typer.Option(help="The person's id in the register, when not that of the directory.")
    ] = None,
    scope: Annotated[str, typer.Option(help="Operations asked for, parted by spaces; * is all.")] = "*",
    data: DataFolder = Path(".gwella"),
    as_json: AsJson = False,
) -> None:
    """Ask the development issuer of the running suite for a token, by the same grant that production uses.

    The token alone is printed, so that it can be used where it is needed:

    curl -H "Authorization: Bearer $(gwella token authority-673)" http://127.0.0.1:8080/v1/schools

    Without a name the clients and people that the issuer knows are shown.
    """
    from gwella.suite.instance import running_suite

    if client is None and person is None:
        from testkit.issuer_directory import load_directory

        _show(load_directory(), as_json=as_json)
        return
    answer = granted(running_suite(data), client, person=person, person_id=person_id, scope=scope)
    print(json.dumps(answer) if as_json else answer["access_token"])


def granted(
    state: Mapping[str, Any],
    client: str | None,
    *,
    person: str | None = None,
    person_id: str | None = None,
    scope: str = "*",
) -> dict[str, Any]:
    """What the issuer of a running suite (`state`: its `suite.json`) grants: `access_token`, `expires_in`, ...

    Raises CommandError for a client or person that the issuer does not know, and where it refuses.
    """
    from testkit.issuer_directory import credentials, load_directory

    directory = load_directory()
    client = client or "front-end"
    _require_known(directory, client, person)
    known = credentials(Path(state["data"]) / "issuer", directory)[client]
    form = {"scope": scope}
    if person is None:
        return _ask(state["issuer"], "/token", known, form | {"grant_type": "client_credentials"})
    form |= {"person": person} | ({"person_id": person_id} if person_id else {})
    return _ask(state["issuer"], "/dev/user-token", known, form)


def _require_known(directory: Directory, client: str, person: str | None) -> None:
    for name, known, kind in ((client, directory.clients, "client"), (person, directory.people, "person")):
        if name is not None and name not in known:
            raise CommandError(
                Exit.USAGE,
                f"the issuer knows no {kind} {name!r}",
                hint=f"it knows: {', '.join(sorted(known))}",
            )


def _ask(issuer: str, path: str, credential: Credential, form: dict[str, str]) -> dict[str, Any]:
    import httpx

    if credential.secret is not None:
        form |= {"client_id": credential.client_id, "client_secret": credential.secret}
    else:
        from service_kit.clock import SystemClock
        from testkit.issuer import ASSERTION_TYPE, assertion_for

        assertion = assertion_for(credential, issuer + path, SystemClock())
        form |= {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    try:
        response = httpx.post(issuer + path, data=form, timeout=10, trust_env=False)
    except httpx.TransportError as problem:
        raise CommandError(
            Exit.NOT_RUNNING, f"the issuer at {issuer} does not answer: {problem}"
        ) from problem
    answer: dict[str, Any] = response.json()
    if response.status_code != httpx.codes.OK:
        reason = answer.get("error_description") or answer.get("error")
        raise CommandError(Exit.REFUSED, f"the issuer refused: {reason}", details={"answer": answer})
    return answer


def _show(directory: Directory, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"clients": sorted(directory.clients), "people": sorted(directory.people)}))
        return
    from rich.table import Table

    console = Console()
    clients = Table("client", "what it is", "roles", title="Machine clients: gwella token NAME")
    for name, entry in directory.clients.items():
        clients.add_row(name, entry.title.en, ", ".join(grant.role for grant in entry.grants))
    people = Table("person", "roles", "language", title="People: gwella token --person NAME")
    for name, known in directory.people.items():
        people.add_row(name, ", ".join(grant.role for grant in known.grants), known.locale)
    console.print(clients)
    console.print(people)
