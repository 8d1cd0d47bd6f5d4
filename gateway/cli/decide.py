"""Deciding at the terminal about what was found in a note: each suggestion once, with its words around it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Annotated, Any, Final

import typer

from gateway.cli import output
from gateway.cli.desk import refuse
from gateway.reviewing import Decide, accept_all, keep_all, pending

_AROUND: Final = 45  # characters shown on each side
_KEYS: Final = "y replace it, n leave it, p a person, o an organisation, l a place, ? what was found"
_TYPES: Final = {"p": "person", "o": "organisation", "l": "place"}


@unique
class Suggestions(StrEnum):
    """What is done with suggestions."""

    ASK = "ask"
    ACCEPT = "accept"
    KEEP = "keep"


Choice = Annotated[
    Suggestions | None,
    typer.Option(
        "--suggestions",
        help="What is only suggested: ask at the terminal (default there), accept: replace it all, keep: leave it all.",
        show_default=False,
    ),
]


def way(choice: Suggestions | None) -> Decide:
    """How suggestions are decided: as chosen, else by asking, where there is somebody to ask."""
    if choice is Suggestions.ACCEPT:
        return accept_all
    if choice is Suggestions.KEEP:
        return keep_all
    if choice is Suggestions.ASK or (sys.stdin.isatty() and sys.stderr.isatty()):
        return at_terminal
    return _nobody_to_ask


def at_terminal(look: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Ask about each suggestion once; what is said holds for every occurrence."""
    text, decided, decisions = look["text"], set[str](), list[dict[str, Any]]()
    for span in pending(look):
        words = text[span["start"] : span["end"]]
        if words.casefold() in decided:
            continue
        decided.add(words.casefold())
        said = _ask(text, span)
        decisions += [said | {"span": other} for other in _alike(look, words)]
    return decisions


def _alike(look: Mapping[str, Any], words: str) -> list[str]:
    text = look["text"]
    return [one["id"] for one in pending(look) if text[one["start"] : one["end"]].casefold() == words.casefold()]


def _ask(text: str, span: Mapping[str, Any]) -> dict[str, Any]:
    start, end = span["start"], span["end"]
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    shown = output.clean(f"… {before}»{text[start:end]}«{after} …").replace("\n", " ")
    typer.echo(shown, err=True)
    while True:
        answer = typer.prompt(f"replace with {span['token']}?", default="y", err=True).strip().lower()[:1]
        if answer == "y":
            return {"decision": "accept"}
        if answer == "n":
            return {"decision": "reject"}
        if answer in _TYPES:
            return {"decision": "retype", "type": _TYPES[answer]}
        reasons = ", ".join(f"{reason['source']}: {reason['detail']}" for reason in span["reasons"])
        typer.echo(f"{span['type']}, {reasons}. {_KEYS}", err=True)


def _nobody_to_ask(look: Mapping[str, Any]) -> list[dict[str, Any]]:
    places = [f"{span['start']}-{span['end']}" for span in pending(look)]
    refuse(
        f"{len(places)} place(s) in the note may name somebody (characters {', '.join(places[:8])}): "
        "send it at a terminal, or say --suggestions accept or keep"
    )
