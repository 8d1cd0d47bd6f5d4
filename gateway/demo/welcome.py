"""What the demo prints: who can sign in, and a request that is allowed and one that is refused for each role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.output import called
from gateway.client import prefix_of
from gateway.demo.orders import EXAMPLE_FILE, FOLDER
from gateway.demo.people import BY_LOGIN, STAFF
from gateway.demo.setup import EXAMPLE, Demo
from vault.cases.flow import State

SHOWN: Final = ("amina", "hugo", "nele", "frank", "cari", "odile", "dora", "otto")


_WIDTH: Final = 126  # columns that the widest table needs


def print_welcome(demo: Demo, address: str, home: str, tokens: Mapping[str, str]) -> None:
    """Tables and lines for standard output. tokens: of those in `SHOWN`."""
    import pyotp

    # Passkeys work at this name of the address only; a session of one name is none at the other.
    pages = address.replace("//127.0.0.1:", "//localhost:")
    # Never narrower than the tables: a terminal's own line break reads better than words cut to fit a column.
    console = Console(highlight=False, soft_wrap=True, width=max(_WIDTH, Console().width))
    table = Table(title=f"Sign-ins (password for everybody: {demo.password})", title_justify="left", box=None)
    for name in ("login", "role", "zone", "region", "second factor (TOTP)", "code now"):
        table.add_column(name, no_wrap=name in {"login", "second factor (TOTP)"}, overflow="fold")
    for member in STAFF:
        secret = demo.secrets[member.login]
        table.add_row(
            member.login, member.role.value, str(member.zone), member.region, secret, pyotp.TOTP(secret).now()
        )
    console.print(table)
    cases = Table(title="\nCases", title_justify="left", box=None)
    for name in ("reference", "with", "state", "what it is about"):
        cases.add_column(name, no_wrap=name == "reference", overflow="fold")
    states = list(State)
    for case in sorted(demo.cases, key=lambda case: states.index(State(case.state))):
        cases.add_row(case.reference, case.coach, case.state, Text(case.story))
    console.print(cases)
    console.print(Text(f"Each opens at {pages}/pages/casework/cases/REFERENCE, for the one that it is with.\n"))
    console.print(Text("Try it: each role may do one of these and not the other.\n", style="bold"))
    for login in SHOWN:
        _examples(console, login, tokens[login], demo, address)
    console.print(
        Text(
            f"Command line: {called()} sign-in amina --zone casework --home {home}\n"
            f"A code for it: {called()} demo --home {home} --code amina"
        )
    )
    orders = f"{called()} file import {home}/{FOLDER}/{EXAMPLE_FILE} --home {home}"
    console.print(Text(f"Take in orders, as nele: {orders} (looks only; --write takes them in)"))
    console.print(Text(f"Import notes: {called()} notes import {home}/{EXAMPLE} --home {home}"))
    console.print(Text(f"Pages for the browser: {pages}/"))
    console.print(Text(f"Serving on {address} · everything here is invented · Ctrl-C ends it", style="bold"))


def _examples(console: Console, login: str, token: str, demo: Demo, address: str) -> None:
    member = BY_LOGIN[login]
    variable = login.upper()
    allowed, refused = examples(login, demo)
    console.print(Text(f"# {member.name}, {member.role.value}", style="dim"))
    console.print(Text(f"{variable}={token}"))
    for word, path in (("allowed", allowed), ("refused", refused)):
        console.print(Text(f"curl -s -H \"authorization: Bearer ${variable}\" '{address}{path}'   # {word}"))
    console.print()


def examples(login: str, demo: Demo) -> tuple[str, str]:
    """A path that this role may read, and one that it may not."""
    own = next(case for case in demo.cases if case.coach == "amina")
    foreign = next(case for case in demo.cases if case.coach != "amina")
    note = f"/casework/cases/{own.reference}/notes/{own.notes[0]}"
    sheet = demo.of_path("handed_over").release
    referral = demo.of_path("referred")
    zone = prefix_of(BY_LOGIN[login].zone)
    paths = {
        "amina": (note, f"/casework/cases/{foreign.reference}/notes/{foreign.notes[0]}"),
        "hugo": ("/casework/cases", note),
        "nele": ("/casework/cases", f"/casework/cases/{own.reference}/identity"),
        "frank": (f"/follow-up/sheets/{sheet}", note),
        "cari": (f"{zone}/referrals", f"/follow-up/sheets/{sheet}"),
        "odile": ("/oversight/entries?limit=5", note),
        "dora": ("/oversight/entries?limit=5", f"/oversight/sheets/{sheet}"),
        "otto": ("/oversight/operation", "/oversight/entries?limit=5"),
    }
    if referral.partner == "caritas":
        paths["cari"] = (f"{zone}/referrals/{referral.release}", f"{zone}/referrals/{sheet}")
    return paths[login]
