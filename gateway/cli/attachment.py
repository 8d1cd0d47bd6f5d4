"""`parefeu attachment`: files of a case. A saved copy lies in clear on this machine: delete it after use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, at_desk, quoted, refuse
from gateway.instance import write_private
from vault.cases.attachments import LARGEST_FILE
from vault.vocabulary import CASEWORK, Provenance

app = typer.Typer(help="Add files to a case, list them, save a copy.", no_args_is_help=True, add_completion=False)
SECTIONS: Final = ("narrative", "identity", "sensitive", "stay-analysis", "return-plan")
In = Annotated[str, typer.Option("--in", help=f"The compartment: {', '.join(SECTIONS)}.")]


def _section(section: str) -> str:
    if section not in SECTIONS:
        refuse(f"--in is one of {', '.join(SECTIONS)}")
    return section


@app.command("add")
@at_desk(CASEWORK)
def add(
    desk: Desk,
    ref: str,
    file: Path,
    section: In,
    caption: Annotated[str, typer.Option("--caption", help="Known names become stand-ins.")] = "",
    name: Annotated[str, typer.Option("--name", help="Default: the file's own.")] = "",
    language: Annotated[str, typer.Option("--language", help="fr, nl, de or en.")] = "fr",
    provenance: Annotated[Provenance, typer.Option("--provenance")] = Provenance.INTERVIEW,
) -> None:
    """Send a file and describe it. PDF, images and office documents without macros, up to 25 MiB."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        refuse(f"{file}: {error.strerror}")
    if len(content) > LARGEST_FILE:
        refuse(f"{file}: larger than {LARGEST_FILE} bytes")
    path = f"/cases/{quoted(ref)}/attachments/{_section(section)}"
    arrived = desk.send_file(path, content, provenance=provenance.value)
    body = {
        "name": name or file.name, "caption": caption, "language": language, "based_on": arrived["version"],
    }  # fmt: skip
    try:
        reply = desk.put(f"{path}/{arrived['record']}", body)
    except BaseException:
        typer.echo(
            f"parefeu: the file has arrived as {arrived['record']} and waits for its description: "
            "`parefeu attachment describe`; in two hours it is swept",
            err=True,
        )
        raise
    desk.done(reply, reply["record"])


@app.command("describe")
@at_desk(CASEWORK)
def describe(
    desk: Desk,
    ref: str,
    attachment: str,
    section: In,
    name: Annotated[str, typer.Option("--name")],
    based_on: Annotated[int, typer.Option("--based-on", min=1, help="1 for a file that has just arrived.")],
    caption: Annotated[str, typer.Option("--caption")] = "",
    language: Annotated[str, typer.Option("--language")] = "fr",
) -> None:
    """Give a file its name and caption, or new ones."""
    body = {"name": name, "caption": caption, "language": language, "based_on": based_on}
    reply = desk.put(f"/cases/{quoted(ref)}/attachments/{_section(section)}/{quoted(attachment)}", body)
    desk.done(reply, f"{reply['record']}\tversion {reply['version']}")


@app.command("list")
@at_desk(CASEWORK)
def list_attachments(desk: Desk, ref: str, section: In) -> None:
    """The files of one compartment."""
    columns = ("attachment", "version", "name", "media_type", "size", "caption", "provenance", "written_at")
    desk.show_list(desk.get(f"/cases/{quoted(ref)}/attachments/{_section(section)}"), "attachments", columns)


@app.command("save")
@at_desk(CASEWORK)
def save(
    desk: Desk,
    ref: str,
    attachment: str,
    section: In,
    to: Annotated[
        Path | None, typer.Option("--to", help="A file that is not there yet; default: its own name.")
    ] = None,
) -> None:
    """Save a copy on this machine, readable by you alone. Nothing opens it for you."""
    name, content = desk.fetch_file(f"/cases/{quoted(ref)}/attachments/{_section(section)}/{quoted(attachment)}")
    target = to or Path(Path(name).name)
    if target.exists():
        refuse(f"{target} exists already")
    write_private(target, content)
    typer.echo(output.clean(str(target)))
