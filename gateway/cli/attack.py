"""`parefeu attack`: try the attacks that change nothing on one's own installation, and say in plain words what fell.

parefeu sign-in LOGIN …                      as one person a zone; more with --also
parefeu attack --url https://vault.example --also casework=/run/other.token --foreign C-…
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.desk import Desk, Url, refuse, signed_in_zones
from gateway.cli.home import Home, Json, hooks_of, plain_settings, zone_of
from gateway.private import read_passphrase
from vault.errors import NotSignedIn, PolicyRejected
from vault.vocabulary import CASEWORK, Role

if TYPE_CHECKING:
    from gateway.attacking import Result, SignIn
    from gateway.client import Gateway
    from vault.ports import Firewall

app = typer.Typer(add_completion=False)


@app.command()
def attack(
    ctx: typer.Context,
    also: Annotated[
        list[str] | None, typer.Option("--also", metavar="ZONE=FILE", help="One more session: a file with its token.")
    ] = None,
    foreign: Annotated[
        list[str] | None,
        typer.Option("--foreign", help="The reference of a case that none of these sign-ins may see."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: oversight knows.")] = False,
    home: Home = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Try, with your own sign-ins, what an attacker would: somebody else's cases, other zones, roles, bodies, headers.

    Nothing is changed, and nothing of what is answered is printed. Each try stands in the access log as a refusal in
    your name: tell oversight before. Exit code 1 if something fell.
    """
    if not yes:
        typer.confirm("Some thousand refusals in your name will stand in the access log. Go on?", abort=True, err=True)
    from gateway.attacking import attack as run
    from gateway.attacking import fell
    from gateway.clock import SystemEntropy

    desk = Desk(CASEWORK, home, url, as_json, hooks_of(ctx))
    try:
        gateway = desk.gateway()
        sign_ins = [*_kept(desk), *(_given(text) for text in also or ())]
        sign_ins = [_introduced(gateway, who) for who in sign_ins]
        try:
            results = list(
                run(gateway.hear, sign_ins, SystemEntropy(), policy=_policy(gateway, home), foreign=foreign or ())
            )
        except ValueError as fault:
            refuse(str(fault))
    finally:
        desk.close()
    _tell(results, sign_ins, as_json=as_json)
    if fell(results):
        raise typer.Exit(1)


def _kept(desk: Desk) -> list[SignIn]:
    """This user's own sessions that are good for this gateway."""
    from gateway.attacking import SignIn
    from gateway.cli.desk import Session

    found = []
    for zone in signed_in_zones():
        try:
            session = Session.load(zone)
        except NotSignedIn:
            continue
        if desk.hooks.gateway is not None or session.place == desk.place:
            found.append(SignIn(zone, session.login, session.token))
    return found


def _given(text: str) -> SignIn:
    """Raises typer.BadParameter, ConfigurationError."""
    from gateway.attacking import SignIn

    zone, equals, file = text.partition("=")
    if not equals or not file:
        refuse("--also takes ZONE=FILE")
    return SignIn(zone_of(zone), Path(file).name, read_passphrase(Path(file)).expose())


def _introduced(gateway: Gateway, who: SignIn) -> SignIn:
    """With the role that the installation says."""
    from dataclasses import replace

    from gateway.client import Problem, prefix_of

    try:
        told = gateway.send("GET", f"{prefix_of(who.zone)}/session", token=who.token)
    except Problem:
        refuse(f"the session of {who.name} in {who.zone} is not good any more")
    return replace(who, role=_role(told.get("role", "")))


def _role(text: str) -> Role | None:
    try:
        return Role(text)
    except ValueError:
        return None


def _policy(gateway: Gateway, home: Path | None) -> Firewall | None:
    """The rules here, if they are the ones in force there."""
    from policies.firewall import load_firewall

    try:
        firewall = load_firewall(plain_settings(home).policy_dir)
    except PolicyRejected:
        return None
    same: bool = gateway.send("GET", "/health")["policy"] == firewall.digest.hex()
    return firewall if same else None


def _tell(results: list[Result], sign_ins: list[SignIn], *, as_json: bool) -> None:
    if as_json:
        rows = [{"attack": r.name, "tries": r.tries, "fell": r.fell, "note": r.note} for r in results]
        output.show_json({"attacks": rows, "sign_ins": [f"{who.name} ({who.zone})" for who in sign_ins]})
        return
    typer.echo(f"signed in: {', '.join(f'{who.name} ({who.zone})' for who in sign_ins) or 'nobody'}")
    for result in results:
        verdict = f"FELL, {len(result.fell)} of {result.tries}" if result.fell else f"held, {result.tries} tries"
        typer.echo(output.clean(f"{verdict if result.tries else 'not tried'}: {result.name}"))
        for line in ([result.note] if result.note else []) + result.fell:
            typer.echo(output.clean(f"    {line}"))
