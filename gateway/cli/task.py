"""`parefeu task`: what is to be done in a case, and the agenda over all of a coach's cases."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.desk import Desk, at_desk, quoted, refuse
from vault.vocabulary import CASEWORK

app = typer.Typer(
    help="What is to be done in a case, and the agenda over all of them.", no_args_is_help=True, add_completion=False
)
_LINE = ("reference", "task", "version", "due_on", "remind_on", "done_on", "title")


@app.command("add")
@at_desk(CASEWORK)
def add(
    desk: Desk,
    ref: str,
    title: Annotated[str, typer.Argument(help="Known names become stand-ins.")],
    due: Annotated[str, typer.Option("--due", help="YYYY-MM-DD")],
    remind: Annotated[str, typer.Option("--remind", help="From when it shows in the agenda; default: --due.")] = "",
    language: Annotated[str, typer.Option("--language", help="fr, nl, de or en.")] = "fr",
) -> None:
    """Note down what is to be done."""
    body = {"title": title, "due_on": due, "remind_on": remind or None, "language": language}
    reply = desk.post(f"/cases/{quoted(ref)}/tasks", body)
    desk.done(reply, reply["record"])


@app.command("done")
@at_desk(CASEWORK)
def done(desk: Desk, ref: str, task: str) -> None:
    """Tick a task off."""
    path = f"/cases/{quoted(ref)}/tasks"
    found = [one for one in desk.get(path)["tasks"] if one["task"] == task]
    if not found:
        refuse("this case has no such task")
    before = found[0]
    body = {name: before[name] for name in ("title", "due_on", "remind_on")}
    reply = desk.put(f"{path}/{quoted(task)}", body | {"language": "fr", "done": True, "based_on": before["version"]})
    desk.done(reply, f"{reply['record']}\tdone")


@app.command("list")
@at_desk(CASEWORK)
def list_tasks(desk: Desk, ref: str) -> None:
    """The tasks of a case, by the day they are due."""
    desk.show_list(desk.get(f"/cases/{quoted(ref)}/tasks"), "tasks", _LINE)


@app.command("agenda")
@at_desk(CASEWORK)
def agenda(desk: Desk, until: Annotated[str, typer.Option("--until", help="YYYY-MM-DD; default: today.")] = "") -> None:
    """What is open in your own cases and due, or to be reminded of."""
    desk.show_list(desk.post("/agenda", {"until": until or None}), "tasks", _LINE)
