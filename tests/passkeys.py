"""Passkeys by page, as a browser's script sends them: enrolled, vouched for, used to sign in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gateway.auth.passwords import hash_password
from gateway.auth.sessions import cookie_name, hash_token
from gateway.clock import SystemEntropy
from gateway.pages.site import door_path, form_token
from tests.authenticator import Authenticator, text
from tests.house import STAFF, House
from vault.access.actor import Actor
from vault.ids import PasskeyId
from vault.unit_of_work import UnitOfWork
from vault.usecases import passkeys, recovery, sign_in
from vault.vocabulary import OVERSIGHT

PASSWORD: Final = "correct horse battery staple"
_SAME: Final = {"sec-fetch-site": "same-origin"}
_hashed: list[str] = []


def origin(house: House) -> str:
    """Where the house's passkeys work."""
    place = house.services.passkeys[next(iter(house.services.passkeys))].origin
    assert place is not None
    return place.text


def hire(house: House, *logins: str) -> None:
    """Members of staff with a password; hashed once a process."""
    if not _hashed:
        _hashed.append(hash_password(PASSWORD, SystemEntropy()))
    for login in logins:
        if login not in house.staff:
            house.hire(login, password=_hashed[0])


def fresh_code(house: House, login: str) -> str:
    """A code that was not used yet."""
    house.clock.move(seconds=31)
    return house.code(login)


def send_page(house: House, login: str, path: str, token: str = "", cookies: str = "", /, **values: Any) -> Any:
    base, held = door_path(STAFF[login][0]), token or house.tokens[login]
    sent = {"cookie": f"{cookie_name(STAFF[login][0])}={held}; __Host-parefeu-language=en{cookies}"} if held else {}
    house.app.cookies.clear()
    return house.app.post(
        base + path, headers=_SAME | sent, follow_redirects=False, data={"_token": form_token(held)} | values
    )


def asked_to_make(house: House, login: str) -> dict[str, Any]:
    reply = send_page(house, login, "/my-sign-in/challenge")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()["create"]
    return found


def add(house: House, login: str, device: Authenticator, name: str = "on the ring", **changed: Any) -> Any:
    """The answer to a passkey that the device made."""
    made = device.make(asked_to_make(house, login), origin(house))
    given = {"act": "enrol", "name": name, "password": PASSWORD, "code": fresh_code(house, login), "passkey": made}
    return send_page(house, login, "/my-sign-in", **(given | changed))


def enrolled(house: House, login: str, device: Authenticator | None = None) -> tuple[Authenticator, str]:
    """A device with a passkey that waits for a second person, and the passkey's id. The password counts as typed."""
    _hired(house, login)
    device, desk = device or Authenticator(), house.services.passkeys[STAFF[login][0]]

    def work(uow: UnitOfWork, actor: Actor) -> str:
        challenge = passkeys.enrolment_challenge(actor, desk)
        options = {"challenge": text(challenge), "user": {"id": text(desk.sign_in.user_handle(actor.id))}}
        made = passkeys.NewPasskey("on the ring", device.make(options, origin(house)))
        found: str = passkeys.enrol(uow, actor, _proof(house, uow, actor, login), made, desk)["passkey"]
        return found

    return device, _as(house, login, work)


def cleared(house: House, login: str) -> None:
    """Revoke what somebody has: nobody may have more than ten."""
    desk = house.services.passkeys[STAFF[login][0]]

    def work(uow: UnitOfWork, actor: Actor) -> None:
        for row in passkeys.list_own(uow, actor, desk):
            passkeys.revoke_own(uow, actor, PasskeyId.parse(row["passkey"]), desk)

    _as(house, login, work)


def _hired(house: House, login: str) -> None:
    if login not in house.tokens:
        house.hire(login)


def coded(house: House, login: str) -> list[str]:
    """A set of recovery codes, of which one was used. The password counts as typed."""
    _hired(house, login)
    zone = STAFF[login][0]
    service = house.services.sign_in[zone]
    codes: list[str] = _as(
        house, login, lambda uow, actor: recovery.make_codes(uow, actor, _proof(house, uow, actor, login), service)
    )
    candidate = house.services.worker.run(zone, lambda uow: sign_in.look_up(uow, login, "10.0.0.9", service))
    house.services.worker.run(zone, lambda uow: sign_in.conclude(uow, candidate, True, codes[0], service))
    return codes


def _proof(house: House, uow: UnitOfWork, actor: Actor, login: str) -> passkeys.Proof:
    candidate = sign_in.look_up_own(uow, actor, house.services.sign_in[STAFF[login][0]])
    assert candidate.staff is not None
    behind = candidate.staff.totp_step - int(house.clock.moment.timestamp()) // 30
    if behind >= 0:  # an earlier life of this house has used the code of this moment
        house.clock.move(seconds=30 * (behind + 1))
    return passkeys.Proof(candidate, True, house.code(login))


def _as(house: House, login: str, work: Callable[[UnitOfWork, Actor], Any]) -> Any:
    """On the worker, with a code that was not used yet."""
    house.clock.move(seconds=31)
    hashed = hash_token(house.tokens[login])

    def job(uow: UnitOfWork) -> Any:
        return work(uow, sign_in.authenticate(uow, hashed, "testclient", house.clock))

    return house.services.worker.run(STAFF[login][0], job)


def vouched(
    house: House, login: str, by: str = "auditor", device: Authenticator | None = None
) -> tuple[Authenticator, str]:
    """The same, vouched for."""
    device, passkey = enrolled(house, login, device)
    _hired(house, by)
    wanted, desk = PasskeyId.parse(passkey), house.services.passkeys[OVERSIGHT]
    _as(house, by, lambda uow, actor: passkeys.countersign(uow, actor, wanted, desk))
    return device, passkey


class Browser:
    """A browser in front of a zone's sign-in page, without a session."""

    def __init__(self, house: House, login: str) -> None:
        self.house, self.zone = house, STAFF[login][0]
        self.base = door_path(self.zone)
        self.cookie = ""

    def asked(self) -> dict[str, Any]:
        """What the authenticator is to sign."""
        self.house.app.cookies.clear()
        reply = self.house.app.post(f"{self.base}/sign-in/challenge", headers=_SAME)
        assert reply.status_code == 200, reply.text
        self.cookie = reply.headers["set-cookie"].partition(";")[0]
        found: dict[str, Any] = reply.json()["get"]
        return found

    def send(self, said: str, cookie: str | None = None, **headers: str) -> Any:
        self.house.app.cookies.clear()
        held = self.cookie if cookie is None else cookie
        sent = _SAME | {"cookie": f"{held}; __Host-parefeu-language=en"} | headers
        return self.house.app.post(
            f"{self.base}/sign-in", headers=sent, follow_redirects=False, data={"passkey": said, "_next": ""}
        )

    def sign_in(self, device: Authenticator, **said: Any) -> Any:
        return self.send(device.sign(self.asked(), origin(self.house), **said))


def token_of(reply: Any) -> str:
    """The session that a sign-in began."""
    found = next(one for one in reply.headers.get_list("set-cookie") if "-passkey=" not in one)
    return str(found.partition(";")[0].partition("=")[2])
