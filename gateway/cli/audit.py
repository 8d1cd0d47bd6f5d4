"""`parefeu audit`: who saw what, as auditor and data protection officer read it. Looking is logged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import audit_figures, audit_file, audit_follow, audit_log, audit_replay, audit_review, audit_stamp
from gateway.cli.desk import Desk, at_desk, quoted
from vault.errors import ConfigurationError, InvalidInput
from vault.vocabulary import OVERSIGHT

app = typer.Typer(help="The access history (oversight).", no_args_is_help=True, add_completion=False)
app.add_typer(audit_review.app, name="review")
_COLUMNS = (
    "time", "zone", "role", "action", "kind", "decision", "rule", "outcome", "count", "actor", "subject", "entry",
)  # fmt: skip

_EXPLAINED = (
    "time", "explained", "because", "missing", "role", "action", "kind", "rule", "actor", "subject", "entry",
)  # fmt: skip

_Subject = Annotated[str, typer.Option("--subject", help="About one case, by its log pseudonym.")]
_Actor = Annotated[str, typer.Option("--actor", help="By an actor's log pseudonym.")]
_Role = Annotated[str, typer.Option("--role", help="Who they were here as.")]
_InZone = Annotated[str, typer.Option("--in", help="Where it happened: a zone.")]
_For = Annotated[str, typer.Option("--purpose", help="Why.")]
_Decision = Annotated[str, typer.Option("--decision", help="allow, deny or none.")]
_Rule = Annotated[str, typer.Option("--rule", help="The rule that answered.")]
_Action = Annotated[str, typer.Option("--action", help="What was done.")]
_Kind = Annotated[str, typer.Option("--kind", help="With what.")]
_Since = Annotated[str, typer.Option("--since", help="ISO date or time, UTC; that moment is inside.")]
_Until = Annotated[str, typer.Option("--until", help="ISO date or time, UTC; that moment is not.")]
_Before = Annotated[str, typer.Option("--before", help="Entry to page back from.")]


@app.command("list")
@at_desk(OVERSIGHT)
def list_entries(
    desk: Desk, subject: _Subject = "", actor: _Actor = "", role: _Role = "", in_zone: _InZone = "",
    purpose: _For = "", decision: _Decision = "", rule: _Rule = "", action: _Action = "", kind: _Kind = "",
    since: _Since = "", until: _Until = "", limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50,
    before: _Before = "",
) -> None:  # fmt: skip
    """Entries that fit all that is asked for, newest first."""
    found = desk.get(
        "/entries", subject=subject, actor=actor, role=role, zone=in_zone, purpose=purpose, decision=decision,
        rule=rule, action=action, kind=kind, since=since, until=until, limit=limit, before=before,
    )  # fmt: skip
    desk.show_list(found, "entries", _COLUMNS)
    _more(desk, found)


@app.command("explain")
@at_desk(OVERSIGHT)
def explain(
    desk: Desk, entry: Annotated[str, typer.Argument(help="One entry; without it, a page of the log.")] = "",
    subject: _Subject = "", actor: _Actor = "", role: _Role = "", in_zone: _InZone = "", purpose: _For = "",
    rule: _Rule = "", action: _Action = "", kind: _Kind = "", since: _Since = "", until: _Until = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=200)] = 50, before: _Before = "",
    unexplained: Annotated[bool, typer.Option("--unexplained", help="Only what nothing explains.")] = False,
) -> None:  # fmt: skip
    """What makes each allowed look plausible: assignment, region, second signature, consent, release; or nothing."""
    if entry:
        desk.show(_line(desk.get(f"/entries/{quoted(entry)}/explanation")))
        return
    found = desk.get(
        "/explanations", subject=subject, actor=actor, role=role, zone=in_zone, purpose=purpose, rule=rule,
        action=action, kind=kind, since=since, until=until, limit=limit, before=before,
        unexplained="true" if unexplained else "",
    )  # fmt: skip
    if desk.as_json:
        desk.show(found)
        return
    desk.show_list({"lines": [_line(each) for each in found["explanations"]]}, "lines", _EXPLAINED)
    typer.echo(f"{found['unexplained']} of {found['accesses']} looks have no explanation", err=True)
    _more(desk, found)


def _line(found: dict[str, Any]) -> dict[str, Any]:
    """An explanation on one line: bases with their entries, and what is missing."""
    entry = found["entry"]
    return {
        "time": entry["time"], "role": entry["role"], "action": entry["action"], "kind": entry["kind"],
        "rule": entry["rule"], "actor": entry["actor"], "subject": entry["subject"], "entry": entry["entry"],
        "explained": "yes" if found["explained"] else "NO",
        "because": ", ".join(" ".join(filter(None, (one["basis"], one["entry"]))) for one in found["evidence"]),
        "missing": ", ".join(
            " ".join(filter(None, (one["fact"], one["lack"], one["entry"]))) for one in found["missing"]
        ),
    }  # fmt: skip


def _more(desk: Desk, found: dict[str, Any]) -> None:
    if not found["complete"] and not desk.as_json:
        typer.echo(f"older ones: --before {found['next']}", err=True)


@app.command("state")
@at_desk(OVERSIGHT)
def state(desk: Desk) -> None:
    """How whole the log is: how far signed and by whom, what waits, what is missing, who last checked a copy."""
    found = desk.get("/log-state")
    if not desk.as_json:
        checked = found.pop("verified")
        found["verified"] = (
            f"{checked['verdict']} up to {checked['size']}, {checked['at']} by {checked['role']}"
            f"{'' if checked['agrees'] else '; NOT the tree of this database'}"
            if checked
            else "never"
        )
    desk.show(found)


@app.command("verified")
@at_desk(OVERSIGHT)
def verified(
    desk: Desk, checkpoint: Annotated[Path, typer.Argument(help="The checkpoint up to which a copy was checked.")],
    verdict: Annotated[str, typer.Option("--verdict", help="How it ended, in the verifier's word.")] = "sound",
) -> None:  # fmt: skip
    """Write down that a copy of the log was checked elsewhere (`audit-verify`), and how that ended."""
    lines = checkpoint.read_text("utf-8").split("\n")
    if len(lines) < 3 or not lines[1].isdigit():
        raise InvalidInput("a checkpoint begins with origin, size and root", field="checkpoint")
    told = {"origin": lines[0], "size": int(lines[1]), "root": lines[2], "verdict": verdict}
    found = desk.post("/log-state/verifications", told)
    desk.show(found)
    if not found["agrees"]:
        raise ConfigurationError("this database does not hold the tree that was checked: keep both, tell the operator")


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
    audit_log.verify, audit_log.prove, audit_log.export, audit_log.diff, audit_replay.replay, audit_log.policy,
    audit_log.init, audit_log.sequence, audit_log.reopen, audit_log.erase, audit_stamp.stamp,
    audit_follow.follow, audit_file.file, audit_figures.figures,
    audit_review.findings, audit_review.detection, audit_review.sample,
):  # fmt: skip
    app.command(_command.__name__)(_command)
