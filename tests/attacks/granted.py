"""Gated access on the estate: follow-up's own process asks, oversight's answers, casework lets go and takes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.attacks.estate import Estate

#: What was granted, and what was asked for besides and given to nobody.
GRANTED: Final = ("birth_date", "procedure_pending")
BIRTH_DATE: Final = "1991-04-12"
_NUMBERS: Final = {"kept": "8123454", "caritas": "8123452", "fedasil": "8123453"}


def ask(place: Estate, case: str, fields: tuple[str, ...]) -> str:
    body = {
        "about": {"by": "ov_number", "value": _NUMBERS[case]}, "fields": list(fields), "basis": "oqt_execution",
        "reason": "Pour réserver un vol à son nom", "hours": 24,
    }  # fmt: skip
    number: str = _posted(place, "follow_up", "officer", "/access-requests", body)["request"]
    return number


def furnish_with_grants(place: Estate) -> None:
    """One live grant, one that was taken back, one request that nobody answered."""
    head = place.house.client("head")
    for name, case, fields in (("grant", "kept", GRANTED), ("revoked", "caritas", ("nationality",))):
        number = ask(place, case, (*fields, "address") if name == "grant" else fields)
        assert head.get("/access-requests").status_code == 200
        body = {"based_on": 1, "fields": list(fields)}
        _posted(place, "oversight", "dpo", f"/access-requests/{number}/approval", body)
        assert head.post(f"/access-requests/{number}/approval", json=body).status_code == 201
        reply = head.post(f"/access-requests/{number}/grant")
        assert reply.status_code == 201, reply.text
        place.release[name] = reply.json()["grant"]
        assert _owned(place, "follow_up").get(f"/grants/{place.release[name]}").status_code == 200
    taken_back = head.post(f"/grants/{place.release['revoked']}/revocation", json={"reason": "misused"})
    assert taken_back.status_code == 201
    ask(place, "fedasil", ("family_name", "address"))


def _owned(place: Estate, zone: str) -> Any:
    return next(process for each, process in place.owned.items() if str(each) == zone)


def _posted(place: Estate, zone: str, login: str, path: str, body: dict[str, Any]) -> Any:
    reply = _owned(place, zone).post(path, body, place.tokens[login])
    assert reply.status_code == 201, reply.text
    return reply.json()
