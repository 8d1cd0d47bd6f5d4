"""What the tests of gated access share: a request and the way to a grant."""

from __future__ import annotations

from typing import Any, Final

from gateway.approver_key import sign
from tests.house import STAFF, House
from tests.unit.crypto.kit import signer

Json = dict[str, Any]

ASK: Final[Json] = {
    "about": {"by": "ov_number", "value": "8.123.456"},
    "fields": ["family_name", "procedure_pending"],
    "basis": "oqt_execution",
    "reason": "Reservation d'un vol, identité à confirmer",
    "hours": 24,
}


#: A ceremony, but for the pseudonym that it is about.
CEREMONY: Final[Json] = {
    "basis": "oqt_execution", "reason": "Reconnaître la personne au guichet de l'aéroport", "minutes": 5,
}  # fmt: skip


def ask(house: House, login: str = "officer", **changed: Any) -> str:
    """File a request; its number."""
    reply = house.client(login).post("/access-requests", json=ASK | changed)
    assert reply.status_code == 201, reply.text
    number: str = reply.json()["request"]
    return number


def taken(house: House, number: str, head: str = "head") -> Json:
    """As it lies before the head once the list was looked at."""
    assert house.client(head).get("/access-requests").status_code == 200
    found: Json = house.client(head).get(f"/access-requests/{number}").json()
    return found


def approve(house: House, number: str, login: str, **changed: Any) -> Json:
    reply = house.client(login).post(f"/access-requests/{number}/approval", json={"based_on": 1} | changed)
    assert reply.status_code == 201, reply.text
    found: Json = reply.json()
    return found


def approved(house: House, **changed: Any) -> str:
    """A request that both functions approved; its number."""
    number = ask(house, **changed)
    taken(house, number)
    approve(house, number, "dpo")
    approve(house, number, "head")
    return number


def grant(house: House, number: str, head: str = "head") -> str:
    reply = house.client(head).post(f"/access-requests/{number}/grant")
    assert reply.status_code == 201, reply.text
    release: str = reply.json()["grant"]
    return release


def granted(house: House, **changed: Any) -> str:
    """A live grant of the case that `House.open_case` opens; its number."""
    return grant(house, approved(house, **changed))


def revoke(house: House, release: str, login: str = "head", reason: str = "no_longer_needed") -> Any:
    return house.client(login).post(f"/grants/{release}/revocation", json={"reason": reason})


# -- ceremonies --------------------------------------------------------------------------------------


def named(house: House, **changed: Any) -> str:
    """A case that was handed over: how follow-up calls it."""
    coach, head = house.client("coach"), house.client("head")
    sheet = house.hand_over(coach, head, house.open_case(coach, **changed))
    found: str = house.client("officer").get(f"/sheets/{sheet}").json()["pseudonym"]
    return found


def ask_ceremony(house: House, pseudonym: str = "", login: str = "officer", *, ov_number: str = "8123456") -> str:
    """File a request for a ceremony; its number. pseudonym: "" for a new case, with that number, handed over."""
    body = CEREMONY | {"pseudonym": pseudonym or named(house, ov_number=ov_number)}
    reply = house.client(login).post("/ceremonies", json=body)
    assert reply.status_code == 201, reply.text
    number: str = reply.json()["request"]
    return number


def evidence(house: House, shown: Json, login: str, approved: str = "asked_for") -> Json:
    """The approver's own signature under what was shown to them. approved: which list of it they agree to."""
    role = STAFF[login][1]
    return sign(shown, shown[approved], role, login, house.clock.now(), signer(f"approver {login}"))


def sign_for(house: House, number: str, login: str, approved: str = "asked_for", **changed: Any) -> Any:
    """Approve with one's own signature; the reply."""
    shown = house.client(login).get(f"/access-requests/{number}").json()
    body = {"based_on": shown["version"], "evidence": evidence(house, shown, login, approved)} | changed
    return house.client(login).post(f"/access-requests/{number}/approval", json=body)


def agreed(house: House, pseudonym: str = "", ov_number: str = "8123456") -> str:
    """A ceremony that both functions signed for; its request's number."""
    number = ask_ceremony(house, pseudonym, ov_number=ov_number)
    taken(house, number)
    for login in ("dpo", "head"):
        reply = sign_for(house, number, login)
        assert reply.status_code == 201, reply.text
    return number


def begin(house: House, number: str, head: str = "head") -> str:
    reply = house.client(head).post(f"/access-requests/{number}/ceremony")
    assert reply.status_code == 201, reply.text
    ceremony: str = reply.json()["ceremony"]
    return ceremony


def begun(house: House, pseudonym: str = "", ov_number: str = "8123456") -> str:
    """A ceremony whose second share still lies with oversight; its number."""
    return begin(house, agreed(house, pseudonym, ov_number=ov_number))


def opened(house: House, pseudonym: str = "", ov_number: str = "8123456") -> str:
    """A ceremony in its minutes; its number."""
    ceremony = begun(house, pseudonym, ov_number=ov_number)
    reply = house.client("dpo").post(f"/ceremonies/{ceremony}/opening")
    assert reply.status_code == 201, reply.text
    return ceremony


def end(house: House, ceremony: str, login: str = "head", reason: str = "no_longer_needed") -> Any:
    return house.client(login).post(f"/ceremonies/{ceremony}/end", json={"reason": reason})
