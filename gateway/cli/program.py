"""All words of the program, each loaded only when it is used.

A word stands here with its help line; its module holds a `typer.Typer` named `app`. A refusal of the vault
becomes one line on stderr with its code and what to do, exit code 1; wrong usage is exit code 2. No traceback
and no content is ever printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from gateway.cli.errors import told

_CASES, _RECEIVED, _OPERATION, _LOOKING = "Casework", "What was released", "Operation", "Looking around"


@dataclass(frozen=True, slots=True)
class Word:
    module: str
    help: str
    panel: str


WORDS: Final[dict[str, Word]] = {
    "demo": Word("demo", "A vault with invented cases, served on loopback, and sign-ins for every role.", _LOOKING),
    "tour": Word("tour", "One whole case, played: who sees what, what the database holds, an attack.", _LOOKING),
    "simulate": Word("simulate", "Fill an empty vault with years of invented cases.", _LOOKING),
    "sign-in": Word("sign_in", "Sign in to a zone.", _CASES),
    "sign-out": Word("sign_out", "End the session.", _CASES),
    "sessions": Word("sessions", "Where you are signed in; sign out elsewhere.", _CASES),
    "passkeys": Word("passkeys", "Your passkeys; oversight vouches for those of others.", _CASES),
    "recovery-codes": Word("recovery_codes", "Codes in place of the six digits, once each.", _CASES),
    "case": Word("case", "Open, list, show and find cases; take their steps.", _CASES),
    "refer": Word("refer", "Refer a person to a partner: propose, consent, send, answers, withdraw.", _CASES),
    "note": Word("note", "Write, read, revise, review, list, search and reveal interview notes.", _CASES),
    "fact": Word("fact", "Record, revise, correct and read facts by code.", _CASES),
    "attachment": Word("attachment", "Add files to a case, list them, save a copy.", _CASES),
    "task": Word("task", "What is to be done in a case, and the agenda over all of them.", _CASES),
    "draft": Word("draft", "Keep, find and throw away your own unfinished notes.", _CASES),
    "letter": Word("letter", "Invitations and other letters to the person, as data.", _CASES),
    "appointment": Word("appointment", "Invite, book, move and cancel; who came, and who came along.", _CASES),
    "desk": Word("desks", "Desks and their hours, when they are free, whom they receive.", _CASES),
    "coach": Word("coach", "Coaches, their load and absences; whose a case is, and must not be.", _CASES),
    "calendar": Word("calendar", "Secret addresses of your appointments, for calendar programs.", _CASES),
    "file": Word("file", "Take in orders from the official file; list those that wait for a fact.", _CASES),
    "questions": Word("questions", "What oversight asks you about a look of yours.", _CASES),
    "figures": Word("figures", "Outcome figures of a region, for its head. Internal.", _CASES),
    "flow": Word("flow", "The table of states and steps, and the parameters in force.", _CASES),
    "notes": Word("notes", "Import notes from files; look through stored ones again.", _CASES),
    "freetext": Word("freetext", "What identifies people in a text; how well it is found.", _OPERATION),
    "sheets": Word("sheets", "Outcome sheets that were handed over (follow-up).", _RECEIVED),
    "referrals": Word("referrals", "Referrals that were sent to a partner organisation; answers, receipts.", _RECEIVED),
    "access": Word("access", "Requests to know fields of one case: asking, answering, granting.", _RECEIVED),
    "ceremony": Word("ceremony", "Who hides behind a pseudonym: for minutes, upon two signatures.", _RECEIVED),
    "exception": Word("exception", "What leaves because a law or a court wants it, upon two signatures.", _RECEIVED),
    "protocols": Word("protocols", "With whom there is a protocol, for what, until when.", _OPERATION),
    "person": Word("person", "Who consulted what: asked by the person, answered by the DPO.", _RECEIVED),
    "emergency": Word("emergency", "See in an emergency who somebody is, upon a second person's word.", _CASES),
    "sample": Word(
        "sample", "Look at a case of your region that is drawn by lot (head); which were drawn (coach).", _CASES
    ),
    "erasure": Word("erasure", "Closed cases that may be kept no longer; erase them, upon two words.", _CASES),
    "audit": Word("audit", "The access log: look, verify, prove, export, keep it.", _RECEIVED),
    "witness": Word("witness", "Sign honest growth of access logs, under another administration.", _OPERATION),
    "init": Word("init", "Make an installation: keys, signed directory, databases.", _OPERATION),
    "serve": Word("serve", "Serve one zone, or all of them from one process.", _OPERATION),
    "staff": Word("staff", "Add members of staff and issue service tokens.", _OPERATION),
    "keys": Word("keys", "Look at the zones' keys, change a passphrase.", _OPERATION),
    "db": Word("db", "Bring both databases to this program's schema, check them.", _OPERATION),
    "attack": Word("attack", "Try on your own installation what an attacker would; nothing is changed.", _OPERATION),
    "health": Word("health", "How the installation runs: signs of life, ages of keys, lag. No content.", _OPERATION),
    "doctor": Word("doctor", "Check a whole installation, and say in plain words what is wrong.", _OPERATION),
    "policy": Word("policy", "Check, explain and compare the rules.", _OPERATION),
}


class Program(TyperGroup):
    """Shows every word from the table above; loads the module of the one that is used."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name, word in WORDS.items():
            self.add_command(TyperCommand(name, help=word.help, rich_help_panel=word.panel))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        word = WORDS.get(args[0])
        if word is None:
            return super().resolve_command(ctx, args)
        loaded = get_command(import_module(f"gateway.cli.{word.module}").app)
        loaded.name = args[0]
        return args[0], loaded, args[1:]

    def invoke(self, ctx: Any) -> Any:
        with told():
            return super().invoke(ctx)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"parefeu {version('parefeu')}")
        raise typer.Exit


app = typer.Typer(cls=Program, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def parefeu(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Parefeu: a firewall between what a person confides and who may act on it."""
