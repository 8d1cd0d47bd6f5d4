"""`parefeu refer`: a coach's referrals to partner organisations, from the proposal to the receipt of a withdrawal."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli import output
from gateway.cli.decide import Choice, way
from gateway.cli.desk import Desk, at_desk, quoted
from gateway.cli.home import Home, Json, plain_settings
from gateway.reviewing import send_note
from vault.vocabulary import CASEWORK

app = typer.Typer(
    help="Refer a person to a partner: propose, consent, send, answers, withdraw.",
    no_args_is_help=True,
    add_completion=False,
)
_LINE = ("referral", "partner", "need", "status", "expires_on", "open_to_partner", "waiting", "sent_at", "withdrawn_at")
Fields = Annotated[list[str], typer.Option("--field", help="What may go along; repeat for more.")]


def _path(case: str, referral: str) -> str:
    return f"/cases/{quoted(case)}/referrals/{quoted(referral)}"


@app.command("propose")
@at_desk(CASEWORK)
def propose(
    desk: Desk,
    case: str,
    partner: Annotated[str, typer.Option("--partner")],
    need: Annotated[str, typer.Option("--need", help="shelter, legal_aid, medical_care, …")],
    field: Fields,
) -> None:
    """Propose a referral to the person: nothing leaves yet. `refer partners` shows what is possible."""
    body = {"partner": partner, "need": need, "fields": field}
    reply = desk.post(f"/cases/{quoted(case)}/referrals", body)
    desk.done(reply, reply["referral"])


@app.command("consent")
@at_desk(CASEWORK)
def consent(
    desk: Desk,
    case: str,
    referral: str,
    field: Fields,
    until: Annotated[str, typer.Option("--until", help="Last day, YYYY-MM-DD.")],
) -> None:
    """Record that the person agreed: to which of the proposed fields, until when."""
    reply = desk.post(f"{_path(case, referral)}/consent", {"fields": field, "expires_on": until})
    desk.done(reply, f"{reply['referral']}\t{reply['status']}")


@app.command("decline")
@at_desk(CASEWORK)
def decline(desk: Desk, case: str, referral: str) -> None:
    """Record that the person said no."""
    reply = desk.post(f"{_path(case, referral)}/refusal")
    desk.done(reply, f"{reply['referral']}\t{reply['status']}")


@app.command("send")
@at_desk(CASEWORK)
def send(desk: Desk, case: str, referral: str) -> None:
    """Send the consented fields to the partner."""
    reply = desk.post(f"{_path(case, referral)}/send")
    desk.done(reply, f"{reply['referral']}\t{reply['status']}\t{reply['release']}")


@app.command("list")
@at_desk(CASEWORK)
def list_referrals(desk: Desk, case: str) -> None:
    """The referrals of a case, newest first."""
    desk.show_list(desk.get(f"/cases/{quoted(case)}/referrals"), "referrals", _LINE)


@app.command("show")
@at_desk(CASEWORK)
def show(desk: Desk, case: str, referral: str) -> None:
    """One referral: its steps, its answers, its receipt."""
    desk.show(desk.get(_path(case, referral)))


@app.command("answers")
@at_desk(CASEWORK)
def answers(desk: Desk) -> None:
    """Answers of partners that were not taken in yet, the oldest first."""
    columns = ("reference", "referral", "partner", "answer", "answer_sent_at")
    desk.show_list(desk.get("/answers"), "answers", columns)


@app.command("take")
@at_desk(CASEWORK)
def take(
    desk: Desk,
    case: str,
    referral: str,
    answer: str,
    language: Annotated[str, typer.Option("--language", help="What the partner wrote in, if not the case's own.")] = "",
    suggestions: Choice = None,
) -> None:
    """Take an answer in, and show it. What identifies people becomes stand-ins; you decide about what is unsure."""
    body = {"language": language} if language else {}
    desk.show(send_note(desk.ask, "POST", f"{_path(case, referral)}/answers/{quoted(answer)}", body, way(suggestions)))


@app.command("read")
@at_desk(CASEWORK)
def read(desk: Desk, case: str, referral: str, answer: str) -> None:
    """An answer that was taken in."""
    desk.show(desk.get(f"{_path(case, referral)}/answers/{quoted(answer)}"))


@app.command("withdraw")
@at_desk(CASEWORK)
def withdraw(
    desk: Desk, case: str, referral: Annotated[str, typer.Argument(help="Left out: every referral of the case.")] = ""
) -> None:
    """The person takes the consent back: the partner sees nothing from now on, and is asked for a receipt."""
    reply = desk.post(f"{_path(case, referral)}/withdraw" if referral else f"/cases/{quoted(case)}/withdraw")
    desk.done(reply, f"{reply['reference']}\t{reply['status']}\t{reply['receipt_due'] or ''}".rstrip("\t"))


@app.command("receipts")
@at_desk(CASEWORK)
def receipts(
    desk: Desk, every: Annotated[bool, typer.Option("--all", help="Also those that are not overdue.")] = False
) -> None:
    """Withdrawals whose receipt is overdue."""
    columns = ("reference", "referral", "partner", "withdrawn_at", "receipt_due", "receipt", "receipt_at", "overdue")
    desk.show_list(desk.get("/withdrawals", overdue="false" if every else "true"), "withdrawals", columns)


@app.command("partners")
def partners(home: Home = None, as_json: Json = False) -> None:
    """Which partners there are, what each can be asked for, and which fields it may get. Asks no server."""
    from gateway.referral_rules import load_referral_rules
    from vault.cases.partners import fields_for

    rules = load_referral_rules(plain_settings(home).referrals)
    rows = [
        {
            "partner": found.zone.organisation,
            "name": found.names["en"],
            "kind": found.kind.value,
            "needs": list(found.needs),
            "fields": list(fields_for(found.kind)),
        }
        for found in rules.organisations.values()
    ]
    if as_json:
        output.show_json({"partners": rows})
    else:
        output.show_rows(rows, ("partner", "name", "kind", "needs", "fields"))
