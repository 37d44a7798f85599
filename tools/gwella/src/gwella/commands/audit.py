"""`gwella audit`: export a service's audit log, and verify an export without the suite, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from gwella.commands.parked import Gateway, Token, speaking
from gwella.commands.up import AsJson, DataFolder
from gwella.exits import CommandError, Exit

if TYPE_CHECKING:
    from joserfc.jwk import OKPKey

    from service_kit.audit.exporting import ExportReport

AUDITOR = "auditor"
FINDINGS_SHOWN = 20

audit = typer.Typer(no_args_is_help=True, help="Export a service's audit log and verify it offline.")


@audit.callback()
def about() -> None:
    """Export a service's audit log and verify it offline: any changed, removed or inserted row is found.

    gwella audit export registry --to registry.ndjson

    gwella audit verify registry.ndjson --key public.pem

    The key is published with [bold]gwella audit key[/bold]; keep it, and copies of checkpoints, where whoever keeps
    the database cannot change them. Export speaks to the suite running on the data folder as its auditor; elsewhere
    to --gateway with the token in GWELLA_TOKEN.
    """


@audit.command("export")
def export(
    service: Annotated[str, typer.Argument(help="Whose log, for example registry.")],
    to: Annotated[Path, typer.Option("--to", help="The file to write; it must not exist.")],
    data: DataFolder = Path(".gwella"),
    gateway: Gateway = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Write a service's audit log with its signed checkpoints into a file. It holds personal data: keep it closed."""
    from service_kit.audit.exporting import write_export

    part = to.with_name(f"{to.name}.part")
    if to.exists():
        raise CommandError(Exit.USAGE, f"{to} exists", hint="an export overwrites nothing: name another file")
    with speaking(data, gateway, token, person=AUDITOR) as api:
        under = f"/v1/audit/{service}"
        # The checkpoints before the log: one that is signed meanwhile would be of entries that are not read.
        signed = [one["signed"] for one in api.pages(f"{under}/checkpoints", limit=200)]
        try:
            part.touch(mode=0o600)
            with part.open("wb") as file:
                count = write_export(file, service, signed, api.pages(f"{under}/log", limit=200))
            part.replace(to)
        finally:
            part.unlink(missing_ok=True)
    if as_json:
        print(json.dumps({"service": service, "file": str(to), "entries": count, "checkpoints": len(signed)}))
    else:
        said = f"{to}: {count} entries and {len(signed)} signed checkpoints of {service}"
        Console().print(said, highlight=False, markup=False)


@audit.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="An exported log.", exists=True, dir_okay=False)],
    key: Annotated[
        Path, typer.Option("--key", help="The public key: PEM or JWK.", exists=True, dir_okay=False)
    ],
    kept: Annotated[
        Path | None,
        typer.Option(
            "--checkpoints", help="Checkpoints kept elsewhere, one a line.", exists=True, dir_okay=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify an exported log offline. Exit status 1 where anything was changed, or where nothing is signed."""
    from service_kit.audit.exporting import verify_export

    further = kept.read_text(encoding="utf-8").split() if kept is not None else []
    public = _public_key(key)
    with file.open("rb") as opened:
        report = verify_export(opened, public, further)
    if as_json:
        print(json.dumps(_as_json(report)))
    else:
        _show(report)
    if not report.vouched:
        raise typer.Exit(int(Exit.FAILED))


@audit.command("key")
def key(
    to: Annotated[Path, typer.Option("--to", help="The file to write, PEM.")],
    private: Annotated[
        Path | None,
        typer.Option(
            "--private", help="The signing key (JWK); default: that of the data folder.", exists=True
        ),
    ] = None,
    data: DataFolder = Path(".gwella"),
) -> None:
    """Write the public half of the key that signs checkpoints."""
    source = private or data / "audit-key.json"
    if not source.exists():
        raise CommandError(Exit.USAGE, f"{source} does not exist", hint="name the key with --private")
    to.write_bytes(_public_key(source).as_pem(private=False))


def _public_key(path: Path) -> OKPKey:
    from service_kit.audit.checkpoints import CheckpointError
    from service_kit.audit.exporting import load_public_key

    try:
        return load_public_key(path.read_bytes())
    except CheckpointError as problem:
        raise CommandError(Exit.USAGE, f"{path}: {problem}") from problem


def _as_json(report: ExportReport) -> dict[str, Any]:
    log = report.log
    return {
        "service": report.service,
        "sound": report.sound,
        "vouched": report.vouched,
        "entries": log.entries,
        "last_position": log.last_position,
        "checkpoints": log.checkpoints,
        "signed_up_to": log.signed_up_to,
        "erased": log.erased,
        "findings": [
            {"position": one.position, "kind": one.kind, "message": one.message} for one in report.findings
        ],
    }


def _show(report: ExportReport) -> None:
    console, log = Console(), report.log
    lines = [f"{report.service}: {log.entries} entries, {log.checkpoints} checkpoints hold"]
    lines.append(f"signed up to position {log.signed_up_to} of {log.last_position}")
    if log.erased:
        lines.append(f"{log.erased} entries whose values were erased, which is no fault")
    for one in report.findings[:FINDINGS_SHOWN]:
        where = f"position {one.position}: " if one.position else ""
        lines.append(f"WRONG  {where}{one.message} ({one.kind})")
    if (more := len(report.findings) - FINDINGS_SHOWN) > 0:
        lines.append(f"and {more} more")
    if report.sound:
        lines.append("sound" if report.vouched else "NOT SIGNED: no checkpoint vouches for any of it")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
