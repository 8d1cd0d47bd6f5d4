"""`parefeu referrals`: what a person consented to give a partner organisation, and what it sends back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.desk import Desk, at_desk, quoted, read_text
from vault.cases.referrals import AnswerStatus, ReceiptOutcome
from vault.vocabulary import ZoneKind

app = typer.Typer(
    help="Referrals that were sent to a partner organisation; answers, receipts.",
    no_args_is_help=True,
    add_completion=False,
)
Limit = Annotated[int, typer.Option("--limit", min=1, max=200)]


@app.command("list")
@at_desk(kinds=(ZoneKind.PARTNER,))
def list_referrals(desk: Desk, limit: Limit = 50, before: Annotated[str, typer.Option("--before")] = "") -> None:
    """Referrals to this organisation whose consent lasts, newest first."""
    reply = desk.get("/referrals", limit=limit, before=before)
    desk.show_list(reply, "referrals", ("release", "pseudonym", "expires_on", "received_at"))


@app.command("show")
@at_desk(kinds=(ZoneKind.PARTNER,))
def show_referral(desk: Desk, release: str) -> None:
    """Open one referral."""
    desk.show(desk.get(f"/referrals/{quoted(release)}"))


@app.command("answer")
@at_desk(kinds=(ZoneKind.PARTNER,))
def answer(
    desk: Desk,
    release: str,
    status: Annotated[AnswerStatus, typer.Option("--status", help="accepted, refused, or answered for news.")],
    file: Annotated[Path | None, typer.Argument(help="The message as text; - for standard input.")] = None,
) -> None:
    """Accept, refuse or write to the coach. Only casework opens it; you cannot read it back."""
    message = read_text(file) if file is not None else ""
    reply = desk.post(f"/referrals/{quoted(release)}/answers", {"status": status.value, "message": message})
    desk.done(reply, f"{reply['release']}\t{reply['answer_status']}")


@app.command("withdrawn")
@at_desk(kinds=(ZoneKind.PARTNER,))
def withdrawn(desk: Desk, limit: Limit = 50, before: Annotated[str, typer.Option("--before")] = "") -> None:
    """What was withdrawn, newest first, and the receipts given."""
    columns = (
        "release", "pseudonym", "withdrawn_at", "receipt_due", "receipt", "receipt_at", "overdue", "authentic",
    )  # fmt: skip
    desk.show_list(desk.get("/withdrawals", limit=limit, before=before), "withdrawals", columns)


@app.command("receipt")
@at_desk(kinds=(ZoneKind.PARTNER,))
def receipt(desk: Desk, release: str, outcome: Annotated[ReceiptOutcome, typer.Option("--outcome")]) -> None:
    """Confirm what became of your copies of a referral that was withdrawn."""
    reply = desk.post(f"/withdrawals/{quoted(release)}/receipt", {"outcome": outcome.value})
    desk.done(reply, f"{reply['release']}\t{reply['receipt']}")
