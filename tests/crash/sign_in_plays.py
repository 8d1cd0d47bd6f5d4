"""The acts of signing in, each with what must be there first."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tests import federation, passkeys
from tests.authenticator import text
from vault.crypto.passkey import Assertion
from vault.errors import InvalidInput
from vault.usecases import passkeys as own_passkeys
from vault.usecases import sign_in as use
from vault.vocabulary import CASEWORK

if TYPE_CHECKING:
    from tests.crash.plays import Stagehand

Act = Callable[[], None]


def sign_in(hand: Stagehand) -> Act:
    house = hand.house
    hand.hire("coach")
    house.clock.move(seconds=60)  # a new code
    service = house.services.sign_in[CASEWORK]
    run = house.services.worker.run

    def act() -> None:
        candidate = run(CASEWORK, lambda uow: use.look_up(uow, "coach", "10.0.0.7", service))
        run(CASEWORK, lambda uow: use.conclude(uow, candidate, True, house.code("coach"), service))

    return act


def refused(hand: Stagehand) -> Act:
    """A login that nobody tried before, from a place where somebody else was refused: one row more, one changed."""
    house = hand.house
    service = house.services.sign_in[CASEWORK]
    run = house.services.worker.run
    some, place = secrets.token_hex(4), f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.7"
    other, candidate = (
        run(CASEWORK, partial(use.look_up, login=f"nobody-{name}", source=place, service=service))
        for name in (f"{some}-before", some)
    )
    run(CASEWORK, lambda uow: use.refuse(uow, other, service))
    return lambda: run(CASEWORK, lambda uow: use.refuse(uow, candidate, service))


def enrol(hand: Stagehand) -> Act:
    """The passkey's row, the spent code, and what oversight says of it: each whole or not at all."""
    hand.hire("head")
    hand.hire("auditor")
    passkeys.cleared(hand.house, "head")

    def act() -> None:
        passkeys.vouched(hand.house, "head")

    return act


def sign_in_by_passkey(hand: Stagehand) -> Act:
    house = hand.house
    hand.hire("coach")
    passkeys.cleared(house, "coach")
    device, _ = passkeys.enrolled(house, "coach")
    desk = house.services.passkeys[CASEWORK]

    def act() -> None:
        challenge = own_passkeys.sign_in_challenge(b"browser", desk)
        said = Assertion.parse(device.sign({"challenge": text(challenge)}, passkeys.origin(house)))
        run = house.services.worker.run
        run(CASEWORK, lambda uow: own_passkeys.sign_in(uow, said, b"browser", "10.0.0.7", desk))

    return act


def recover(hand: Stagehand) -> Act:
    """A new set, and a sign-in with one of its codes: the set is whole, and the code is used once or not at all."""
    hand.hire("coach")

    def act() -> None:
        passkeys.coded(hand.house, "coach")

    return act


def sign_in_elsewhere(hand: Stagehand) -> Act:
    """Linked, signed in, stepped up, unlinked: each whole or not at all."""
    house = hand.house
    hand.hire("third_coach")
    subject = f"employee-{secrets.token_hex(4)}"
    with suppress(InvalidInput):
        federation.unlinked(house, "third_coach")  # what others left

    def act() -> None:
        token = federation.entered(house, "third_coach", subject)
        federation.stepped_up(house, "third_coach", token, subject)
        federation.unlinked(house, "third_coach")

    return act
