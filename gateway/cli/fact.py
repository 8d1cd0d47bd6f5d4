"""`parefeu fact`: what is recorded of a person by code. The code says in which compartment it lives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, quoted, read_text, refuse
from vault.cases.facts import CODES
from vault.vocabulary import CASEWORK, KIND_COMPARTMENT, Provenance

app = typer.Typer(help="Record, revise, correct and read facts by code.", no_args_is_help=True, add_completion=False)
#: Compartments of facts, as the interface's paths name them.
SECTIONS: Final = ("narrative", "contact", "sensitive", "stay-analysis", "return-plan")
_LINE: Final = ("fact", "version", "code", "value", "status", "on", "about", "detail", "holds", "provenance")
In = Annotated[str, typer.Option("--in", help=f"The compartment: {', '.join(SECTIONS)}.")]
Status = Annotated[str | None, typer.Option("--status", help="How far it is.")]
On = Annotated[str | None, typer.Option("--on", help="YYYY, YYYY-MM or YYYY-MM-DD.")]
About = Annotated[str | None, typer.Option("--about", help="Whom it concerns; a known name becomes a stand-in.")]
Detail = Annotated[Path | None, typer.Option("--detail", help="A text file, - for standard input.")]
From = Annotated[str | None, typer.Option("--source", help="The document, person or service it comes from.")]
Language = Annotated[str, typer.Option("--language", help="fr, nl, de or en.")]


def section_of(code: str) -> str:
    """Raises typer.BadParameter."""
    known = CODES.get(code)
    if known is None:
        refuse("there is no such code: `parefeu fact codes` lists them")
    return KIND_COMPARTMENT[known.kind].value.replace("_", "-")


def check_section(section: str) -> str:
    if section not in SECTIONS:
        refuse(f"--in is one of {', '.join(SECTIONS)}")
    return section


@app.command("codes")
def codes(compartment: Annotated[str, typer.Argument(help="Left out: all.")] = "") -> None:
    """The closed list: each code with its compartment, values and statuses."""
    rows = [
        {
            "compartment": section_of(code.code), "code": code.code, "values": list(code.values),
            "statuses": list(code.statuses),
        }
        for code in CODES.values()
        if not compartment or section_of(code.code) == check_section(compartment)
    ]  # fmt: skip
    output.show_rows(rows, ("compartment", "code", "values", "statuses"))


@app.command("add")
@at_desk(CASEWORK)
def add(
    desk: Desk,
    ref: str,
    code: str,
    value: Annotated[str, typer.Argument(help="Where the code has values.")] = "",
    provenance: Annotated[
        Provenance, typer.Option("--provenance", help="Where it comes from; never changes.")
    ] = Provenance.INTERVIEW,
    language: Language = "fr",
    status: Status = None,
    on: On = None,
    about: About = None,
    detail: Detail = None,
    source: From = None,
) -> None:  # fmt: skip
    """Record a fact."""
    given = _given(status, on, about, detail, source)
    body = {"code": code, "value": value, "language": language, "provenance": provenance.value, **given}
    reply = desk.post(f"/cases/{quoted(ref)}/facts/{section_of(code)}", body)
    desk.done(reply, reply["record"])


@app.command("revise")
@at_desk(CASEWORK)
def revise(
    desk: Desk,
    ref: str,
    fact: str,
    section: In,
    value: Annotated[str | None, typer.Option("--value")] = None,
    correct: Annotated[str, typer.Option("--correct", help="Why what stands there was wrong; it stays beside.")] = "",
    over: Annotated[bool, typer.Option("--over", help="It no longer holds.")] = False,
    status: Status = None,
    on: On = None,
    about: About = None,
    detail: Detail = None,
    source: From = None,
) -> None:  # fmt: skip
    """Write a new version; what is not given stays. With --correct it says that the old one was wrong."""
    path = f"/cases/{quoted(ref)}/facts/{check_section(section)}/{quoted(fact)}"
    before = desk.get(path)["facts"][0]
    kept = ("code", "value", "status", "on", "about", "detail", "source", "service", "referral", "holds", "language")
    body: dict[str, Any] = {name: before[name] for name in kept}
    body |= _given(status, on, about, detail, source) | ({"value": value} if value is not None else {})
    body |= {"based_on": before["version"], "correction": correct} | ({"holds": False} if over else {})
    reply = desk.put(path, body)
    desk.done(reply, f"{reply['record']}\tversion {reply['version']}")


@app.command("list")
@at_desk(CASEWORK)
def list_facts(desk: Desk, ref: str, section: In) -> None:
    """The facts of one compartment. Logged as a look at that compartment."""
    desk.show_list(desk.get(f"/cases/{quoted(ref)}/facts/{check_section(section)}"), "facts", _LINE)


@app.command("show")
@at_desk(CASEWORK)
def show(desk: Desk, ref: str, fact: str, section: In) -> None:
    """One fact with every earlier version beside it: who wrote each, when, and why it was corrected."""
    reply = desk.get(f"/cases/{quoted(ref)}/facts/{check_section(section)}/{quoted(fact)}")
    if desk.as_json:
        output.show_json(reply)
        return
    rows = [one | {"corrected": _said(one["correction"])} for one in (*reply["facts"], *reply["earlier"])]
    output.show_rows(rows, ("version", *_LINE[2:], "source", "corrected", "written_at", "author"))


def _said(correction: Any) -> str:
    return f"version {correction['corrects']}: {correction['reason']}" if correction else ""


def _given(
    status: str | None, on: str | None, about: str | None, detail: Path | None, source: str | None
) -> dict[str, str]:
    named = {"status": status, "on": on, "about": about, "source": source}
    named["detail"] = read_text(detail) if detail is not None else None
    return {name: text for name, text in named.items() if text is not None}
