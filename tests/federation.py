"""Somebody of an identity provider who is a member of staff here: signed in, stepped up, unlinked."""

from __future__ import annotations

from datetime import timedelta

from gateway.auth.sessions import hash_token
from tests.house import STAFF, House
from vault.access.actor import Actor
from vault.usecases import federated, sign_in
from vault.usecases.federated import Claimed
from vault.vocabulary import CASEWORK

ISSUER = "https://sign-in.example"


def entered(house: House, login: str, subject: str = "employee-17") -> str:
    """Sign in as the provider would have it; the session's token."""
    zone = STAFF[login][0] if login in STAFF else CASEWORK
    service, claimed = house.services.sign_in[zone], Claimed(ISSUER, subject, login)
    token: str = house.services.worker.run(zone, lambda uow: federated.sign_in(uow, claimed, "10.0.0.7", service)).token
    return token


def actor_of(house: House, login: str, token: str) -> Actor:
    found: Actor = house.services.worker.run(
        STAFF[login][0], lambda uow: sign_in.authenticate(uow, hash_token(token), "10.0.0.7", house.clock)
    )
    return found


def stepped_up(house: House, login: str, token: str, subject: str = "employee-17") -> None:
    zone = STAFF[login][0]
    service, claimed, actor = house.services.sign_in[zone], Claimed(ISSUER, subject, ""), actor_of(house, login, token)
    house.services.worker.run(zone, lambda uow: federated.step_up(uow, actor, claimed, timedelta(minutes=10), service))


def unlinked(house: House, login: str) -> None:
    zone = STAFF[login][0]
    service = house.services.sign_in[zone]
    house.services.worker.run(zone, lambda uow: federated.unlink(uow, login, service))


def linked(house: House, login: str) -> None:
    """All of it once: linked, stepped up, unlinked, linked anew."""
    house.client(login)
    stepped_up(house, login, entered(house, login))
    unlinked(house, login)
    entered(house, login, "employee-18")
