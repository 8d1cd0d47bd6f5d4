"""`parefeu exception`: what leaves because a law or a court wants it, upon two signatures.

parefeu exception file CASE --basis court_order --to partner:NAME --item family_name --hours 72 --reason "…"
parefeu access approve NUMBER --key FOLDER       regional head and data protection officer, each with their own key
parefeu exception disclose NUMBER                regional head: prints the disclosure's number
parefeu exception acknowledge NUMBER             data protection officer: has taken note
parefeu exception told CASE NUMBER               coach or regional head: the person was told
parefeu exception received, read DISCLOSURE      the recipient
parefeu exception revoke DISCLOSURE --reason misused      regional head, or data protection officer: at once
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, quoted, refuse
from gateway.cli.home import Json
from gateway.exception_rules import load_exception_rules
from vault.vocabulary import CASEWORK, OVERSIGHT, ZoneKind

app = typer.Typer(
    help="What leaves because a law or a court wants it, upon two signatures.", no_args_is_help=True,
    add_completion=False,
)  # fmt: skip
Number = Annotated[str, typer.Argument(help="The request's number.")]
Disclosure = Annotated[str, typer.Argument(help="The disclosure's number.")]
_COLUMNS = ("request", "basis", "recipient", "standing", "disclosure", "expires_at", "notice", "notice_by")
_BASES = ("basis", "recipients", "text")


@app.command("bases")
def bases(
    file: Annotated[
        Path | None,
        typer.Option("--file", envvar="PAREFEU_EXCEPTIONS_FILE", help="Check this file, and show what it says."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Upon which basis what may leave for whom, and the digest that stands in the entries. Needs no vault."""
    found = load_exception_rules(file)
    rows: list[dict[str, Any]] = [
        {"basis": code, "recipients": ", ".join(map(str, each.recipients)) or "nobody", "text": each.text}
        for code, each in found.bases.items()
    ]
    if as_json:
        output.show_json({"digest": found.digest.hex(), "bases": rows, "grounds": dict(found.grounds)})
    else:
        output.show_rows(rows, _BASES)
        typer.echo(f"digest {found.digest.hex()}")


@app.command("file")
@at_desk(CASEWORK)
def file_exception(
    desk: Desk,
    case: str,
    basis: Annotated[str, typer.Option("--basis", help="The legal basis, by code: see `parefeu exception bases`.")],
    to: Annotated[str, typer.Option("--to", help="Who gets it: partner:NAME.")],
    item: Annotated[list[str], typer.Option("--item", help="A field, or a fact as KIND:NUMBER; repeat for more.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, without names; both approvers read it.")],
    hours: Annotated[int, typer.Option("--hours", min=1, help="How long the recipient can open it.")],
    ground: Annotated[str, typer.Option("--ground", help="Why the person must not be told yet, by code.")] = "",
    until: Annotated[str, typer.Option("--until", help="The last day of that, YYYY-MM-DD.")] = "",
) -> None:
    """File one (coach or regional head). Two others approve it: `parefeu access` lists, shows and approves."""
    if bool(ground) != bool(until):
        refuse("--ground and --until go together")
    body: dict[str, Any] = {"basis": basis, "recipient": to, "items": item, "reason": reason, "hours": hours}
    if ground:
        body["silence"] = {"ground": ground, "until": until}
    reply = desk.post(f"/cases/{quoted(case)}/exceptions", body)
    desk.done(reply, f"{reply['request']}\tto be answered by {reply['due_at']}")


@app.command("list")
@at_desk(CASEWORK)
def list_exceptions(desk: Desk, case: str) -> None:
    """The exceptions of a case: how each stands, and whether the person was told."""
    desk.show_list(desk.get(f"/cases/{quoted(case)}/exceptions"), "exceptions", _COLUMNS)


@app.command("told")
@at_desk(CASEWORK)
def told(desk: Desk, case: str, number: Number) -> None:
    """Write down that the person was told what left, to whom, upon which basis."""
    reply = desk.post(f"/cases/{quoted(case)}/exceptions/{quoted(number)}/notice")
    desk.done(reply, f"{reply['request']}\ttold")


@app.command("disclose")
@at_desk(CASEWORK)
def disclose(desk: Desk, number: Number) -> None:
    """Let the items go, once both functions have signed (regional head)."""
    reply = desk.post(f"/access-requests/{quoted(number)}/disclosure")
    desk.done(reply, f"{reply['disclosure']}\t{reply['recipient']}\tuntil {reply['expires_at']}")


@app.command("revoke")
@at_desk(kinds=(ZoneKind.CASEWORK, ZoneKind.OVERSIGHT))
def revoke(
    desk: Desk,
    number: Disclosure,
    reason: Annotated[str, typer.Option("--reason", help="no_longer_needed, given_by_mistake or misused.")],
) -> None:
    """Take it back, at once (regional head, or the data protection officer)."""
    reply = desk.post(f"/disclosures/{quoted(number)}/revocation", {"reason": reason})
    desk.done(reply, f"{reply['disclosure']}\trevoked at {reply['revoked_at']}")


@app.command("acknowledge")
@at_desk(OVERSIGHT)
def acknowledge(desk: Desk, number: Number) -> None:
    """Take note of one that left (data protection officer)."""
    reply = desk.post(f"/access-requests/{quoted(number)}/acknowledgement")
    desk.done(reply, f"{reply['request']}\tacknowledged")


@app.command("received")
@at_desk(kinds=(ZoneKind.PARTNER,))
def received(
    desk: Desk, ended: Annotated[bool, typer.Option("--ended", help="What has ended, by time or taken back.")] = False
) -> None:
    """What was given to your organisation by lawful exceptions and can be opened, newest first."""
    columns = ("disclosure", "pseudonym", "disclosed_at", "expires_at", *(("standing", "ended_at") if ended else ()))
    desk.show_list(desk.get("/disclosures", ended=ended), "disclosures", columns)


@app.command("read")
@at_desk(kinds=(ZoneKind.PARTNER,))
def read(desk: Desk, number: Disclosure) -> None:
    """The items, while they can be opened. Each look is logged."""
    desk.show(desk.get(f"/disclosures/{quoted(number)}"))
