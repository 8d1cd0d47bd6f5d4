"""`parefeu passkeys`: one's own; and oversight's look at everybody's. A passkey is made and used in a browser.

parefeu passkeys list · revoke ID                   one's own
parefeu passkeys staff --waiting                    an auditor or the data protection officer: who waits for a word
parefeu passkeys countersign ID · withdraw ID       vouch for somebody else's, once the fingerprint was compared; end it
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from gateway.cli.desk import Desk, at_desk, quoted
from vault.vocabulary import OVERSIGHT, ZoneKind

app = typer.Typer(help="Passkeys: your own; vouching for others'.", no_args_is_help=True, add_completion=False)
_OWN: Final = ("passkey", "name", "standing", "enrolled_at", "used_at", "synced", "fingerprint")
_STAFF: Final = ("passkey", "login", "holder", "function", "zone", "name", "standing", "enrolled_at", "fingerprint")
Number = Annotated[str, typer.Argument(help="as the list shows it")]


@app.command("list")
@at_desk(kinds=tuple(ZoneKind))
def list_own(desk: Desk) -> None:
    """Your passkeys, the oldest first. standing: waiting, until oversight has vouched for it."""
    desk.show_list(desk.get("/passkeys"), "passkeys", _OWN)


@app.command("revoke")
@at_desk(kinds=tuple(ZoneKind))
def revoke_own(desk: Desk, passkey: Number) -> None:
    """Revoke one of your passkeys, for good."""
    desk.ask("DELETE", f"/passkeys/{quoted(passkey)}")
    desk.done({"passkey": passkey}, f"revoked {passkey}")


@app.command("staff")
@at_desk(OVERSIGHT)
def list_staff(desk: Desk, waiting: Annotated[bool, typer.Option("--waiting", help="Only those.")] = False) -> None:
    """Passkeys of all zones, those that wait for a second person first (auditor, data protection officer)."""
    desk.show_list(desk.get("/staff-passkeys", waiting="true" if waiting else "false"), "passkeys", _STAFF)


@app.command("countersign")
@at_desk(OVERSIGHT)
def countersign(desk: Desk, passkey: Number) -> None:
    """Vouch that it is its holder's: speak with them, and compare the fingerprint first."""
    reply = desk.post(f"/staff-passkeys/{quoted(passkey)}/countersignature")
    desk.done(reply, f"{reply['passkey']}\t{reply['standing']}")


@app.command("withdraw")
@at_desk(OVERSIGHT)
def withdraw(desk: Desk, passkey: Number) -> None:
    """Revoke somebody else's passkey, for good."""
    reply = desk.post(f"/staff-passkeys/{quoted(passkey)}/revocation")
    desk.done(reply, f"{reply['passkey']}\t{reply['standing']}")
