"""`parefeu person`: what the person concerned can ask. A coach passes the question on, the DPO answers it."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, quoted, refuse
from gateway.cli.home import Home, settings_of
from vault.errors import EnvelopeRejected, InvalidInput, NotFound
from vault.vocabulary import CASEWORK, OVERSIGHT

app = typer.Typer(help="What the person concerned can ask.", no_args_is_help=True, add_completion=False)
_LARGEST: Final = 16 * 1024 * 1024


@app.command("ask")
@at_desk(CASEWORK)
def ask(desk: Desk, ref: str) -> None:
    """Pass on that the person asks who consulted what. Prints the request's number: tell it to the person."""
    reply = desk.post(f"/cases/{quoted(ref)}/access-report")
    desk.done(reply, reply["release"])


@app.command("requests")
@at_desk(OVERSIGHT)
def requests(
    desk: Desk, limit: Annotated[int, typer.Option("--limit", min=1, max=200)] = 50,
    before: Annotated[str, typer.Option("--before")] = "",
) -> None:  # fmt: skip
    """Who asked, newest first (data protection officer)."""
    reply = desk.get("/access-reports", limit=limit, before=before)
    desk.show_list(reply, "requests", ("release", "pseudonym", "received_at", "expires_on"))


@app.command("access-report")
@at_desk(OVERSIGHT)
def access_report(
    desk: Desk,
    case: Annotated[str, typer.Argument(help="The request's number, or oversight's name of the case (V-…).")],
    lang: Annotated[str, typer.Option("--lang", help="fr, nl, de or en.")] = "fr",
    since: Annotated[str, typer.Option("--since", help="ISO date or time.")] = "",
    until: Annotated[str, typer.Option("--until", help="ISO date or time.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Keep the signed report in this file.")] = None,
) -> None:
    """Print who consulted what, when, and for which purpose: for the person (data protection officer)."""
    if lang not in ("fr", "nl", "de", "en"):
        refuse("a language is fr, nl, de or en")
    number = _newest_request(desk, case) if case.strip().upper().startswith("V-") else case
    reply = desk.get(f"/access-reports/{quoted(number)}", lang=lang, since=since, until=until)
    if out is not None:
        out.write_text(json.dumps(reply["report"], ensure_ascii=False, indent=2) + "\n", "utf-8")
    if desk.as_json:
        output.show_json(reply)
    else:
        typer.echo(output.clean(reply["text"]), nl=False)


def _newest_request(desk: Desk, pseudonym: str) -> str:
    before = ""
    while True:
        rows = desk.get("/access-reports", limit=200, before=before)["requests"]
        for row in rows:
            if row["pseudonym"] == pseudonym.strip().upper():
                return str(row["release"])
        if len(rows) < 200:
            raise NotFound("nobody has asked about that case, or too long ago: casework passes the question on")
        before = rows[-1]["received_at"]


@app.command("check")
def check(report: Path, home: Home = None) -> None:
    """Whether a signed report is oversight's, word for word. Needs the signed directory and its pin, no key."""
    from gateway.instance import read_directory
    from vault.usecases.access_report import SIGNED_AS, signed_bytes

    told = _read(report)
    key = read_directory(settings_of(home)).of(OVERSIGHT).verify
    try:
        signature = b64decode(str(told.get("signature", "")), validate=True)
    except ValueError:
        raise EnvelopeRejected("the report bears no signature") from None
    key.verify(signed_bytes(told), signature, SIGNED_AS)
    typer.echo(f"sound: made {told.get('made_at')}, {told.get('consultations')} consultations")


def _read(report: Path) -> dict[str, Any]:
    try:
        content = report.read_bytes()[: _LARGEST + 1]
        told = json.loads(content)
    except (OSError, ValueError) as fault:
        raise InvalidInput("the report cannot be read", field="report") from fault
    if not isinstance(told, dict):
        raise InvalidInput("that is no report", field="report")
    return told
