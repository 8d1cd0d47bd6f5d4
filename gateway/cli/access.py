"""`parefeu access`: ask to know fields of one case, answer such requests, let fields go, take them back.

parefeu access request --ov 8.123.456 --field family_name --basis oqt_execution --hours 24 --reason "…"
parefeu access list                          of one's own, or before one as an approver
parefeu access approve NUMBER --key FOLDER   with one's own signature (on the pages: with a passkey)
parefeu access check FILE                    an auditor, offline: who signed
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, quoted, refuse
from gateway.cli.home import hooks_of
from gateway.cli.policy_changes import asked_passphrase
from vault.errors import EnvelopeRejected, InvalidInput
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Role, ZoneKind

if TYPE_CHECKING:
    from vault.sensitive import Sensitive

app = typer.Typer(
    help="Requests to know fields of one case: asking, answering, granting.", no_args_is_help=True, add_completion=False
)
_APPROVERS: Final = (ZoneKind.CASEWORK, ZoneKind.OVERSIGHT)
_EVERYBODY: Final = (ZoneKind.FOLLOW_UP, *_APPROVERS)
_FUNCTION: Final = {CASEWORK: Role.REGIONAL_HEAD, OVERSIGHT: Role.DPO}
_LARGEST: Final = 1024 * 1024
_COLUMNS: Final = ("request", "reference", "filed_at", "due_at", "answer_soon", "standing", "grant", "expires_at")
Fields = Annotated[list[str] | None, typer.Option("--field", help="A field's name; may be given several times.")]
_Passphrase = Annotated[
    Path | None, typer.Option("--passphrase-file", help="A file that holds the passphrase; default: you are asked.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=200)]


@app.command("request")
@at_desk(FOLLOW_UP)
def request(
    desk: Desk,
    basis: Annotated[str, typer.Option("--basis", help="The legal basis, by code.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; approvers read it.")],
    hours: Annotated[int, typer.Option("--hours", min=1, help="How long the grant is to last.")],
    field: Fields = None,
    ov: Annotated[str, typer.Option("--ov", help="OV/SP number.")] = "",
    oqt: Annotated[str, typer.Option("--oqt", help="Reference of the order.")] = "",
    pseudonym: Annotated[str, typer.Option("--pseudonym", help="The case as your sheets name it (F-…).")] = "",
) -> None:
    """Ask to know fields of one case. The receipt is the same whether or not there is such a case."""
    named = [
        (by, text) for by, text in (("ov_number", ov), ("oqt_reference", oqt), ("pseudonym", pseudonym)) if text.strip()
    ]
    if len(named) != 1:
        refuse("name one person: --ov, --oqt or --pseudonym")
    about = {"by": named[0][0], "value": named[0][1]}
    body = {"about": about, "fields": field or [], "basis": basis, "reason": reason, "hours": hours}
    reply = desk.post("/access-requests", body)
    desk.done(reply, f"{reply['request']}\tto be answered by {reply['due_at']}")


@app.command("list")
@at_desk(kinds=_EVERYBODY)
def list_requests(desk: Desk, limit: Limit = 50, before: Annotated[str, typer.Option("--before")] = "") -> None:
    """One's own requests; for a regional head and the data protection officer, those before them. Newest first."""
    desk.show_list(desk.get("/access-requests", limit=limit, before=before), "requests", _COLUMNS)


@app.command("show")
@at_desk(kinds=_EVERYBODY)
def show(desk: Desk, number: str) -> None:
    """One request: what is asked, why, what was answered. With --json: what `check` and an auditor read."""
    desk.show(desk.get(f"/access-requests/{quoted(number)}"))


@app.command("explain")
@at_desk(FOLLOW_UP)
def explain(
    desk: Desk,
    number: str,
    basis: Annotated[str, typer.Option("--basis")] = "",
    reason: Annotated[str, typer.Option("--reason")] = "",
    hours: Annotated[int, typer.Option("--hours", min=0)] = 0,
    minutes: Annotated[int, typer.Option("--minutes", min=0, help="Of a ceremony.")] = 0,
    field: Fields = None,
) -> None:
    """Answer a question that was asked back; what is not said stays as it was."""
    said = {"basis": basis, "reason": reason, "hours": hours, "minutes": minutes, "fields": field}
    body = {name: value or None for name, value in said.items()}
    reply = desk.post(f"/access-requests/{quoted(number)}/explanation", body)
    desk.done(reply, f"{reply['request']}\tversion {reply['version']}")


@app.command("approve")
@at_desk(kinds=_APPROVERS)
def approve(
    desk: Desk,
    number: str,
    field: Fields = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="The folder of your own key (`parefeu access key`).")
    ] = None,
    passphrase_file: _Passphrase = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: you have read the request already.")] = False,
) -> None:
    """Approve a request, or with --field only a part of it; with --key, sign for it."""
    path = f"/access-requests/{quoted(number)}"
    shown = desk.get(path)
    fields = [name for name in shown["answerable"] if not field or name in field]
    if field and set(field) - set(shown["answerable"]):
        refuse(f"what can be approved is {', '.join(shown['answerable'])}")
    if not yes:
        _tell(shown, fields)
        typer.confirm("Approve this?", abort=True, err=True)
    body: dict[str, Any] = {"based_on": shown["version"], "fields": fields}
    if key is not None:
        body["evidence"] = _signed(desk, shown, fields, key, passphrase_file)
    _answered(desk, desk.post(f"{path}/approval", body))


@app.command("refuse")
@at_desk(kinds=_APPROVERS)
def refuse_request(
    desk: Desk,
    number: str,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", help="not_necessary, no_valid_basis, disproportionate, other_means or nothing_to_give."
        ),
    ],
) -> None:
    """Refuse a request. One refusal ends it."""
    _answer(desk, number, "refusal", {"reason": reason})


@app.command("ask")
@at_desk(kinds=_APPROVERS)
def ask(
    desk: Desk,
    number: str,
    question: Annotated[str, typer.Argument(help="why, which_basis, why_these_fields or why_so_long.")],
) -> None:
    """Ask back."""
    _answer(desk, number, "question", {"question": question})


@app.command("delegate")
@at_desk(CASEWORK)
def delegate(
    desk: Desk, number: str, to: Annotated[str, typer.Argument(help="Another regional head's login.")]
) -> None:
    """Let another regional head answer too."""
    _answer(desk, number, "delegation", {"to": to})


@app.command("grant")
@at_desk(CASEWORK)
def grant(desk: Desk, number: str) -> None:
    """Let the approved fields go, once every function has approved (regional head)."""
    reply = desk.post(f"/access-requests/{quoted(number)}/grant")
    desk.done(reply, f"{reply['grant']}\t{', '.join(reply['granted'])}\tuntil {reply['expires_at']}")


@app.command("revoke")
@at_desk(CASEWORK)
def revoke(
    desk: Desk,
    number: Annotated[str, typer.Argument(help="The grant's number.")],
    reason: Annotated[str, typer.Option("--reason", help="no_longer_needed, given_by_mistake or misused.")],
) -> None:
    """Take a grant back, at once (regional head)."""
    reply = desk.post(f"/grants/{quoted(number)}/revocation", {"reason": reason})
    desk.done(reply, f"{reply['grant']}\trevoked at {reply['revoked_at']}")


@app.command("read")
@at_desk(FOLLOW_UP)
def read(desk: Desk, number: Annotated[str, typer.Argument(help="The grant's number.")]) -> None:
    """The granted fields, while the grant lives. Each look is logged."""
    desk.show(desk.get(f"/grants/{quoted(number)}"))


# -- keys --------------------------------------------------------------------------------------------


@app.command("key")
def make_key(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where the key is to lie; made if it is not there.")],
    passphrase_file: _Passphrase = None,
) -> None:
    """Make a key to sign approvals with. Prints the fingerprint that the office's access file lists."""
    from gateway.approver_key import create
    from gateway.clock import SystemEntropy

    passphrase = asked_passphrase(passphrase_file, new=True)
    typer.echo(create(folder, passphrase, SystemEntropy(), hooks_of(ctx).root_class()))


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="A request as `parefeu access show --json` printed it.")],
    rules: Annotated[
        Path | None, typer.Option("--rules", help="The office's access file, which lists approvers' keys.")
    ] = None,
) -> None:
    """Who signed which approval, offline: no server, no key of ours. Fails unless each was signed by a listed key."""
    from gateway.access_rules import load_access_rules
    from gateway.approver_key import check as check_signatures

    listed = load_access_rules(rules).keys
    found = check_signatures(_read(file))
    if not found:
        raise EnvelopeRejected("nobody approved this version of the request")
    sound = True
    for one in found:
        role, login = listed.get(one.fingerprint, (None, ""))
        known = role is not None and (role.value, login) == (one.function, one.login)
        said = "signed by a listed key" if known else "signed by an unknown key" if one.fingerprint else "NOT SIGNED"
        told = (
            one.function,
            one.login,
            one.signed_at,
            ",".join(one.fields),
            one.fingerprint or "-",
            one.means or "-",
            said,
        )
        typer.echo(output.clean("\t".join(told)))
        sound = sound and known
    if not sound:
        raise EnvelopeRejected("not every approval was signed by a key that the access file lists")


# -- parts -------------------------------------------------------------------------------------------


def _answer(desk: Desk, number: str, what: str, body: dict[str, Any]) -> None:
    path = f"/access-requests/{quoted(number)}"
    version = desk.get(path)["version"]
    _answered(desk, desk.post(f"{path}/{what}", body | {"based_on": version}))


def _answered(desk: Desk, reply: Any) -> None:
    lacking = f"\tlacking {', '.join(reply['missing'])}" if reply["missing"] else ""
    desk.done(reply, f"{reply['request']}\t{reply['standing']}{lacking}")


def _tell(shown: dict[str, Any], fields: list[str]) -> None:
    for line in (
        f"asked by   {shown['asked_by']}, for {shown['purpose']}, {_length(shown)}",
        f"basis      {shown['basis']}",
        f"reason     {shown['reason']}",
        *_exceptional(shown),
        f"approving  {', '.join(fields)}",
        f"not        {', '.join(name for name in shown['answerable'] if name not in fields) or '-'}",
    ):
        typer.echo(output.clean(line), err=True)


def _exceptional(shown: dict[str, Any]) -> tuple[str, ...]:
    """What is said of a lawful exception besides."""
    if shown["manner"] != "exception":
        return ()
    silent = "within the office's days"
    if shown["silence"]:
        silent = f"not before the end of {shown['silent_until']}: {shown['silence']}"
    return (f"to         {shown['recipient']}", f"items      {', '.join(shown['asked_for'])}", f"told       {silent}")


def _length(shown: dict[str, Any]) -> str:
    if shown["manner"] == "ceremony":
        return f"by ceremony, for {shown['minutes']} minutes"
    return f"{shown['hours']} hours"


def _signed(
    desk: Desk, shown: dict[str, Any], fields: list[str], folder: Path, passphrase_file: Path | None
) -> dict[str, str]:
    from gateway.approver_key import load, sign
    from gateway.clock import SystemClock, SystemEntropy

    passphrase: Sensitive[str] = asked_passphrase(passphrase_file)
    key = load(folder, passphrase, SystemEntropy(), desk.hooks.root_class())
    clock = desk.hooks.clock or SystemClock()
    return sign(shown, fields, _FUNCTION[desk.zone], desk.session.login, clock.now(), key)


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            told = json.loads(opened.read(_LARGEST + 1))
    except (OSError, ValueError, RecursionError) as fault:
        raise InvalidInput("the request cannot be read", field="file") from fault
    if not isinstance(told, dict):
        raise InvalidInput("that is no request for access", field="file")
    return told
