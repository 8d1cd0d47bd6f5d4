"""`parefeu staff`: members of staff and service tokens. Works on the databases themselves, not through a server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output
from gateway.cli.home import Home, Hooks, Json, hooks_of, settings_of, zone_of
from vault.cases.model import REGIONS
from vault.errors import ConfigurationError, StoreBusy
from vault.vocabulary import Role, Zone

if TYPE_CHECKING:
    from gateway.wiring import Services
    from vault.usecases.sign_in import SignIn

app = typer.Typer(help="Add members of staff and issue service tokens.", no_args_is_help=True, add_completion=False)
ZoneName = Annotated[str, typer.Option("--zone", help="casework, follow_up, oversight or partner:NAME.")]


@app.command()
def add(
    ctx: typer.Context,
    login: str,
    zone: ZoneName,
    role: Annotated[Role, typer.Option("--role")],
    name: Annotated[str, typer.Option("--name", help="The name that colleagues and oversight see.")],
    region: Annotated[str, typer.Option("--region", help=f"For casework: {', '.join(REGIONS)}.")] = "",
    password_file: Annotated[Path | None, typer.Option("--password-file", help="Default: you are asked.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Add a member of staff. Prints the second factor's provisioning URI, once."""
    from gateway.auth.passwords import hash_password
    from gateway.instance import read_passphrase
    from vault.usecases import sign_in

    wanted = zone_of(zone)
    check_region(role, region)
    if password_file is not None:
        password = read_passphrase(password_file).expose()
    else:
        password = typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True, err=True)
    with at_the_store(home, wanted, hooks_of(ctx)) as (services, service):
        new = sign_in.NewStaff(login, name, role, region, hash_password(password, service.entropy))
        row = services.worker.run(wanted, lambda uow: sign_in.add_staff(uow, new, service))
        uri = provisioning_uri(service, login, service.totp_secret(row.id, row.totp_generation))
    if as_json:
        output.show_json({"login": login, "zone": str(wanted), "role": role.value, "totp_uri": uri})
        return
    typer.echo(f"added {login} to {wanted} as {role.value}")
    typer.echo("Their second factor, shown this once (make a QR code of it, or type the secret into an authenticator):")
    typer.echo(uri)


@app.command()
def token(
    ctx: typer.Context,
    login: str,
    zone: ZoneName,
    days: Annotated[int, typer.Option("--days", min=1, max=90)] = 30,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Issue a bearer token for a service that acts as this member of staff. Shown once."""
    from datetime import timedelta

    from vault.usecases import sign_in

    wanted = zone_of(zone)
    with at_the_store(home, wanted, hooks_of(ctx)) as (services, service):
        issued: str = services.worker.run(
            wanted, lambda uow: sign_in.issue_token(uow, login, timedelta(days=days), service)
        )
    if as_json:
        output.show_json({"token": issued, "zone": str(wanted), "days": days})
    else:
        typer.echo(issued)


@app.command()
def client(
    ctx: typer.Context,
    login: str,
    zone: ZoneName,
    name: Annotated[str, typer.Option("--name", help="What oversight sees in the log: which system asks.")],
    days: Annotated[int, typer.Option("--days", min=1, max=90)] = 30,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Let another system ask this zone's firewall for decisions, and nothing else. Prints its token, once.

    A later token: `parefeu staff token LOGIN`.
    """
    from datetime import timedelta

    from vault.usecases.decision_clients import add_client

    wanted = zone_of(zone)
    with at_the_store(home, wanted, hooks_of(ctx)) as (services, service):
        issued: str = services.worker.run(
            wanted, lambda uow: add_client(uow, login, name, timedelta(days=days), service)
        )
    if as_json:
        output.show_json({"login": login, "token": issued, "zone": str(wanted), "days": days})
    else:
        typer.echo(issued)


@app.command("passkeys")
def list_passkeys(ctx: typer.Context, login: str, zone: ZoneName, home: Home = None, as_json: Json = False) -> None:
    """Every passkey that a member of staff ever enrolled."""
    from vault.usecases import passkeys

    wanted = zone_of(zone)
    with at_the_store(home, wanted, hooks_of(ctx)) as (services, service):
        desk = services.passkeys[wanted]
        rows = services.worker.run(
            wanted, lambda uow: passkeys.own_passkeys(uow, passkeys.member(uow, login, service), desk)
        )
    if as_json:
        output.show_json({"passkeys": rows})
    else:
        output.show_rows(rows, ("passkey", "name", "standing", "enrolled_at", "used_at", "fingerprint"))


@app.command("revoke-passkey")
def revoke_passkey(
    ctx: typer.Context, login: str, passkey: str, zone: ZoneName, home: Home = None, as_json: Json = False
) -> None:
    """Revoke a passkey of a member of staff, for good: it was lost, or they left."""
    from vault.ids import PasskeyId
    from vault.usecases import passkeys

    wanted, number = zone_of(zone), PasskeyId.parse(passkey)
    with at_the_store(home, wanted, hooks_of(ctx)) as (services, service):
        desk = services.passkeys[wanted]
        services.worker.run(
            wanted, lambda uow: passkeys.revoke_for(uow, passkeys.member(uow, login, service), number, desk)
        )
    if as_json:
        output.show_json({"passkey": number.hex()})
    else:
        typer.echo(f"revoked {number.hex()}")


@app.command()
def unlink(ctx: typer.Context, login: str, zone: ZoneName, home: Home = None) -> None:
    """Somebody has another account at the identity provider: their next sign-in there links it anew.

    Sessions that are open stay open: `parefeu sessions` ends them.
    """
    from vault.usecases import federated

    wanted = zone_of(zone)
    with at_the_store(home, wanted, hooks_of(ctx)) as (services, service):
        services.worker.run(wanted, lambda uow: federated.unlink(uow, login, service))
    typer.echo(f"{login} is linked to nobody of the identity provider any more")


def check_region(role: Role, region: str) -> None:
    """Casework's roles have a region; others have none. Raises ConfigurationError."""
    local = role in {Role.COACH, Role.DESK_OFFICER, Role.REGIONAL_HEAD}
    if local and region not in REGIONS:
        raise ConfigurationError(f"a {role.value} needs --region: one of {', '.join(REGIONS)}")
    if not local and region:
        raise ConfigurationError(f"a {role.value} has no region")


def provisioning_uri(service: SignIn, login: str, secret: bytes) -> str:
    """The `otpauth://` address that an authenticator reads."""
    import pyotp

    return pyotp.TOTP(secret_text(secret)).provisioning_uri(name=login, issuer_name=f"Parefeu {service.zone}")


def secret_text(secret: bytes) -> str:
    from base64 import b32encode

    return b32encode(secret).decode("ascii")


@contextmanager
def at_the_store(home: Path | None, zone: Zone, hooks: Hooks) -> Iterator[tuple[Services, SignIn]]:
    """The services of an installation, held for one command. Raises StoreBusy while a server holds them."""
    from gateway.log.lanes import closing_lanes
    from gateway.wiring import build

    settings = settings_of(home)
    if not settings.sqlite:
        settings = settings_of(home, zone=str(zone))
    if zone not in settings.zones:
        raise ConfigurationError(f"this installation has no zone {zone}")
    try:
        services = build(settings, note=lambda: f"a command on the store, process {os.getpid()}", **hooks.parts())
    except StoreBusy as busy:
        raise StoreBusy(f"{busy}: this works on the embedded store while nobody serves it") from None
    try:
        yield closing_lanes(services), services.sign_in[zone]
    finally:
        services.close()
