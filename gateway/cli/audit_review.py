"""`parefeu audit findings | detection | sample`, and `parefeu audit review …`: what deserves a second look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from gateway.cli.desk import Desk, at_desk, quoted
from vault.errors import InvalidInput
from vault.vocabulary import OVERSIGHT

app = typer.Typer(help="Reviews of looks (oversight).", no_args_is_help=True, add_completion=False)
_FINDING = ("day", "rule", "role", "actor", "subject", "counted", "usual", "entry", "review")
_REVIEW = ("opened_at", "stage", "origin", "judgement", "reason_code", "actor", "subject", "version", "review")
_SAMPLED = ("time", "role", "action", "kind", "rule", "actor", "subject", "entry")

_Since = Annotated[str, typer.Option("--since", help="ISO date or time, UTC; that moment is inside.")]
_Until = Annotated[str, typer.Option("--until", help="ISO date or time, UTC; that moment is not.")]
_Day = Annotated[str, typer.Option("--day", help="One day of UTC, instead of --since and --until.")]
_Reason = Annotated[str, typer.Option("--reason", help="In words; sealed to oversight.")]
_BasedOn = Annotated[int, typer.Option("--based-on", min=1, help="The version that you looked at.")]
_Review = Annotated[str, typer.Argument(help="A review's number.")]


def _period(day: str, since: str, until: str) -> dict[str, str]:
    if day:
        try:
            begins = datetime.fromisoformat(day).replace(tzinfo=UTC)
        except ValueError:
            raise InvalidInput("a day is written YYYY-MM-DD", field="day") from None
        return {"since": begins.isoformat(), "until": (begins + timedelta(days=1)).isoformat()}
    if not since or not until:
        raise InvalidInput("name --day, or --since and --until", field="since")
    return {"since": since, "until": until}


@at_desk(OVERSIGHT)
def findings(desk: Desk, day: _Day = "", since: _Since = "", until: _Until = "") -> None:
    """What the detection rules find in a period of the log."""
    found = desk.get("/findings", **_period(day, since, until))
    desk.show_list(found, "findings", _FINDING)
    if not desk.as_json:
        typer.echo(f"{len(found['findings'])} findings in {found['looked_at']} entries", err=True)


@at_desk(OVERSIGHT)
def detection(desk: Desk) -> None:
    """The detection rules in force, and how often each was right within a year."""
    found = desk.get("/detection-rules")
    if desk.as_json:
        desk.show(found)
        return
    rows = [{**rule, **rule["judged"], "figures": _figures(rule["figures"])} for rule in found["rules"]]
    columns = ("rule", "on", "figures", "opened", "appropriate", "policy_breach", "breach", "precision", "why")
    desk.show_list({"rules": rows}, "rules", columns)
    typer.echo(f"version {found['version']}, digest {found['config']}", err=True)


def _figures(figures: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in figures.items())


@at_desk(OVERSIGHT)
def sample(desk: Desk, day: _Day = "", since: _Since = "", until: _Until = "") -> None:
    """Draw looks of a period by lot. Drawing again draws others, and the log says that you did."""
    found = desk.post("/samples", _period(day, since, until))
    desk.show_list(found, "entries", _SAMPLED)
    if not desk.as_json:
        typer.echo(f"{len(found['entries'])} of {found['looks']} looks; seed {found['seed']}", err=True)


@app.command("open")
@at_desk(OVERSIGHT)
def open_review(
    desk: Desk, entry: Annotated[str, typer.Argument(help="The entry that is looked into.")],
    origin: Annotated[str, typer.Option("--origin", help="The rule that found it, sample, or by_hand.")] = "by_hand",
    reason: _Reason = "",
) -> None:  # fmt: skip
    """Look into somebody else's look. Prints the review's number."""
    reply = desk.post("/reviews", {"entry": entry, "origin": origin, "reason": reason})
    desk.done(reply, reply["review"])


@app.command("list")
@at_desk(OVERSIGHT)
def list_reviews(
    desk: Desk, stage: Annotated[str, typer.Option("--stage")] = "", since: _Since = "", until: _Until = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=200)] = 50,
    before: Annotated[str, typer.Option("--before", help="Review to page back from.")] = "",
) -> None:  # fmt: skip
    """Reviews, newest first; not those of your own looks."""
    found = desk.get("/reviews", stage=stage, since=since, until=until, limit=limit, before=before)
    desk.show_list(found, "reviews", _REVIEW)
    if not found["complete"] and not desk.as_json:
        typer.echo(f"older ones: --before {found['next']}", err=True)


@app.command("show")
@at_desk(OVERSIGHT)
def show(desk: Desk, review: _Review) -> None:
    """One review, with its acts and what was written at each."""
    found = desk.get(f"/reviews/{quoted(review)}")
    if not desk.as_json:
        found["acts"] = [
            " ".join(filter(None, (act["at"], act["role"], act["actor"], act["move"], act["word"], act["reason"])))
            for act in found["acts"]
        ]
    desk.show(found)


def _taken(desk: Desk, review: str, path: str, body: dict[str, Any]) -> None:
    reply = desk.post(f"/reviews/{quoted(review)}/{path}", body)
    desk.done(reply, f"{reply['stage']}\tversion {reply['version']}")


@app.command("ask")
@at_desk(OVERSIGHT)
def ask(
    desk: Desk, review: _Review, reason: _Reason, based_on: _BasedOn,
    question: Annotated[str, typer.Option("--question", help="A code: why_this_case, why_then, whose_case, …")] = "",
    to: Annotated[str, typer.Option("--to", help="A pseudonym in the log; default: whoever looked.")] = "",
) -> None:  # fmt: skip
    """Ask the person or their superior: by a question of the vault (casework), or note what you asked elsewhere."""
    told = {"move": "ask", "reason": reason, "based_on": based_on, "asks": question, "to": to}
    _taken(desk, review, "notes", told)


@app.command("answer")
@at_desk(OVERSIGHT)
def answer(desk: Desk, review: _Review, reason: _Reason, based_on: _BasedOn) -> None:
    """Write down what was answered."""
    _taken(desk, review, "notes", {"move": "answer", "reason": reason, "based_on": based_on})


@app.command("decide")
@at_desk(OVERSIGHT)
def decide(
    desk: Desk, review: _Review, reason: _Reason, based_on: _BasedOn,
    judgement: Annotated[str, typer.Option("--judgement", help="appropriate, policy_breach or breach.")],
    reason_code: Annotated[str, typer.Option("--code", help="case_work, stand_in, error, rule_too_wide, curiosity, …")],
) -> None:  # fmt: skip
    """Decide. A second person signs it or gives it back."""
    body = {"judgement": judgement, "reason_code": reason_code, "reason": reason, "based_on": based_on}
    _taken(desk, review, "decision", body)


@app.command("sign")
@at_desk(OVERSIGHT)
def sign(desk: Desk, review: _Review, based_on: _BasedOn, reason: _Reason = "") -> None:
    """Sign what somebody else decided."""
    _taken(desk, review, "signature", {"move": "sign", "reason": reason, "based_on": based_on})


@app.command("give-back")
@at_desk(OVERSIGHT)
def give_back(desk: Desk, review: _Review, reason: _Reason, based_on: _BasedOn) -> None:
    """Give back what somebody else decided, with why."""
    _taken(desk, review, "signature", {"move": "give_back", "reason": reason, "based_on": based_on})


@app.command("close")
@at_desk(OVERSIGHT)
def close(desk: Desk, review: _Review, based_on: _BasedOn, reason: _Reason = "") -> None:
    """Close a signed review."""
    _taken(desk, review, "close", {"reason": reason, "based_on": based_on})
