"""`parefeu audit`: who saw what, as auditor and data protection officer read it. Looking is logged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import audit_log, audit_stamp
from gateway.cli.desk import Desk, at_desk, quoted
from vault.vocabulary import OVERSIGHT

app = typer.Typer(help="The access history (oversight).", no_args_is_help=True, add_completion=False)
_COLUMNS = (
    "time", "zone", "role", "action", "kind", "decision", "rule", "outcome", "count", "actor", "subject", "entry",
)  # fmt: skip


@app.command("list")
@at_desk(OVERSIGHT)
def list_entries(
    desk: Desk,
    subject: Annotated[str, typer.Option("--subject", help="The history of one case, by its log pseudonym.")] = "",
    actor: Annotated[str, typer.Option("--actor", help="By an actor's log pseudonym.")] = "",
    since: Annotated[str, typer.Option("--since", help="ISO date or time, UTC.")] = "",
    until: Annotated[str, typer.Option("--until", help="ISO date or time, UTC.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50,
    before: Annotated[str, typer.Option("--before", help="Entry to page back from.")] = "",
) -> None:
    """Entries, newest first."""
    query = {
        "subject": subject,
        "actor": actor,
        "since": since,
        "until": until,
        "limit": limit,
        "before": before,
    }
    desk.show_list(desk.get("/entries", **query), "entries", _COLUMNS)


@app.command("show")
@at_desk(OVERSIGHT)
def show_entry(desk: Desk, entry: str) -> None:
    """One entry."""
    desk.show(desk.get(f"/entries/{quoted(entry)}"))


@app.command("detail")
@at_desk(OVERSIGHT)
def detail(
    desk: Desk,
    entry: str,
    opening: Annotated[
        Path | None, typer.Option("--opening", help="Keep the opened commitment in this folder, for `audit export`.")
    ] = None,
) -> None:
    """Who exactly, from where and why."""
    found = desk.get(f"/entries/{quoted(entry)}/detail")
    opened, content = found.pop("opened"), found.pop("opening")
    if opening is not None:
        from gateway.private import write_private

        opening.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(opening / f"{opened}.json", content.encode("ascii"))
    desk.show(found)


@app.command("receipts")
@at_desk(OVERSIGHT)
def receipts(
    desk: Desk,
    every: Annotated[bool, typer.Option("--all", help="Also those that are not overdue.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200)] = 50,
    before: Annotated[str, typer.Option("--before", help="withdrawn_at of the last line seen.")] = "",
) -> None:
    """Withdrawn consents whose receipt a partner owes (data protection officer)."""
    query = {"overdue": "false" if every else "true", "limit": limit, "before": before}
    columns = (
        "recipient",
        "pseudonym",
        "withdrawn_at",
        "receipt_due",
        "receipt",
        "receipt_at",
        "overdue",
        "authentic",
    )
    desk.show_list(desk.get("/withdrawals", **query), "withdrawals", columns)


for _command in (
    audit_log.verify, audit_log.prove, audit_log.export, audit_log.diff, audit_log.replay, audit_log.policy,
    audit_log.init, audit_log.sequence, audit_log.reopen, audit_log.erase, audit_stamp.stamp,
):  # fmt: skip
    app.command(_command.__name__)(_command)
