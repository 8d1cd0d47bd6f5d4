"""`parefeu referrals`: what a person consented to give a partner organisation."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.desk import Desk, at_desk, quoted
from vault.vocabulary import ZoneKind

app = typer.Typer(
    help="Referrals that were sent to a partner organisation.", no_args_is_help=True, add_completion=False
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
