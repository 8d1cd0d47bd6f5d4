"""Approvals signed with a passkey on the pages: over the stored form, by this person, here, now; checked offline."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from gateway.access_rules import load_access_rules
from gateway.approver_key import check
from gateway.settings import Settings
from tests.asked import ask, grant, taken
from tests.authenticator import UP, Authenticator, raw
from tests.crash.checks import faults
from tests.house import House, house_on
from tests.passkeys import enrolled, origin, send_page, vouched
from vault.crypto.passkey import fingerprint

RULES = Path(__file__).parents[1] / "access.toml"
KEYS = """
[key.dpo_passkey]
function = "dpo"
login = "dpo"
fingerprint = "{dpo}"

[key.head_passkey]
function = "regional_head"
login = "head"
fingerprint = "{head}"
"""
FIELDS = ["family_name", "procedure_pending"]


def to_sign(house: House, login: str, number: str, fields: list[str] = FIELDS, based_on: int = 1) -> Any:
    return send_page(house, login, f"/requests/{number}/signature", fields=fields, based_on=str(based_on))


def sign(
    house: House, login: str, number: str, device: Authenticator, fields: list[str] = FIELDS, **changed: Any
) -> Any:
    """The page's answer to an approval that this device signed."""
    asked = to_sign(house, login, number, fields).json()
    said = {"passkey": device.sign(asked["get"], origin(house)), "signed_at": asked["signed_at"]}
    values = {"act": "sign", "based_on": "1", "fields": fields} | said | changed
    return send_page(house, login, f"/requests/{number}", **values)


def shown(house: House, number: str, login: str = "dpo") -> dict[str, Any]:
    found: dict[str, Any] = house.client(login).get(f"/access-requests/{number}").json()
    return found


def requested(house: House) -> str:
    house.open_case(house.client("coach"))
    number = ask(house)
    taken(house, number)
    return number


def test_two_approvers_sign_with_their_passkeys_where_signatures_are_required(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    head, dpo = Authenticator(), Authenticator()
    rules = tmp_path / "access.toml"
    listed = KEYS.format(head=fingerprint(head.public), dpo=fingerprint(dpo.public))
    rules.write_text(RULES.read_text("utf-8").replace("required = false", "required = true") + listed)
    with house_on(sqlite_settings.model_copy(update={"access_file": rules})) as house:
        number = requested(house)
        house.client("dpo")
        stranger, _ = vouched(house, "head")
        enrolled(house, "head", head)
        assert to_sign(house, "dpo", number).status_code == 422, "no passkey yet"
        [_, waiting] = house.client("head").get("/passkeys").json()["passkeys"]
        house.client("dpo").post(f"/staff-passkeys/{waiting['passkey']}/countersignature")
        vouched(house, "dpo", "auditor", dpo)
        plain = {"act": "approve", "based_on": "1", "fields": FIELDS}
        assert send_page(house, "head", f"/requests/{number}", **plain).status_code == 422, "a signature is required"
        assert sign(house, "head", number, stranger).status_code == 422, "vouched for, and not in the office's list"
        assert sign(house, "head", number, head).status_code == 303
        assert sign(house, "dpo", number, dpo).status_code == 303
        request = shown(house, number)
        assert [one["signed_by"] for one in request["answers"]] == [fingerprint(d.public) for d in (head, dpo)]
        grant(house, number)
        assert faults(house.settings) == []
    found = check(json.loads(json.dumps(request)))
    keys = load_access_rules(rules).keys
    assert [keys[one.fingerprint][1] for one in found] == ["head", "dpo"]
    assert [one.means for one in found] == ["passkey at http://localhost:8460"] * 2
    _spoilt(request)


def _spoilt(request: dict[str, Any]) -> None:
    """Whatever is changed afterwards, the check notices: the first approval is by nobody then."""
    first, second = request["answers"]
    evidence = first["evidence"]
    other = b64encode(Authenticator().public).decode()
    changes: list[dict[str, Any]] = [
        {"fields": ["family_name"]}, {"function": "dpo"}, {"evidence": second["evidence"]}, {"evidence": None},
        {"evidence": evidence | {"login": "dpo"}}, {"evidence": evidence | {"public_key": other}},
        {"evidence": evidence | {"signed_at": "2026-01-01T00:00:00+00:00"}},
        {"evidence": evidence | {"client_data": second["evidence"]["client_data"]}},
        {"evidence": evidence | {"authenticator_data": b64encode(bytes(37)).decode()}},
        {"evidence": {name: value for name, value in evidence.items() if name != "credential"}},
    ]  # fmt: skip
    for change in changes:
        [spoilt, whole] = check(request | {"answers": [first | change, second]})
        assert (spoilt.fingerprint, spoilt.means) == ("", ""), change
        assert whole.fingerprint
    for change in ({"canonical": request["canonical"][:-8] + "AAAAAAA="}, {"request": "ab" * 16}):
        assert {one.fingerprint for one in check(request | change)} == {""}


def test_only_this_persons_passkey_for_this_here_and_now_counts(house: House) -> None:
    number, other = requested(house), requested(house)
    taken(house, other)
    device, _ = vouched(house, "head")
    lent, _ = vouched(house, "far_head")
    waiting, _ = enrolled(house, "head")
    place = origin(house)

    def signed(asked: Any, by: Authenticator = device, at: str = place) -> dict[str, str]:
        return {"passkey": by.sign(asked["get"], at), "signed_at": asked["signed_at"]}

    asked = to_sign(house, "head", number).json()
    assert [raw(one["id"]) for one in asked["get"]["allowCredentials"]] == [device.credential]
    elsewhere, fewer = to_sign(house, "head", other).json(), to_sign(house, "head", number, FIELDS[:1]).json()
    later = asked | {"signed_at": "2026-11-03T09:00:00+00:00"}
    for wrong in (
        signed(elsewhere), signed(fewer), signed(asked, lent), signed(asked, waiting), signed(later),
        signed(asked, device, "http://localhost:9999"), signed(asked, device, "https://evil.example"),
        signed(asked) | {"signed_at": ""}, signed(asked) | {"signed_at": "2026-11-03T09:00:00"},
        signed(asked) | {"passkey": ""}, signed(asked) | {"passkey": "{}"},
    ):  # fmt: skip
        assert sign(house, "head", number, device, **wrong).status_code == 422, wrong
    device.flags = UP
    assert sign(house, "head", number, device).status_code == 422, "nobody was verified"
    device.flags = Authenticator().flags
    used, device.counter = device.counter, 0
    good = to_sign(house, "head", number).json()
    assert shown(house, number, "head")["answers"] == []
    told = signed(good)
    device.counter = used + 5
    assert sign(house, "head", number, device).status_code == 303
    assert sign(house, "head", number, device, **told).status_code == 422, "once"
    old = to_sign(house, "head", other).json()
    house.clock.move(minutes=6)
    assert sign(house, "head", other, device, **signed(old)).status_code == 422
    device.counter = 0
    assert sign(house, "head", other, device).status_code == 422, "a counter that does not go on"
    device.counter = used + 20
    assert sign(house, "head", other, device).status_code == 303
    assert faults(house.settings) == []


def test_a_revoked_passkey_signs_nothing_more_and_what_it_signed_stands(lite_house: House) -> None:
    house = lite_house
    number, other = requested(house), requested(house)
    taken(house, other)
    device, passkey = vouched(house, "head")
    assert sign(house, "head", number, device).status_code == 303
    asked = to_sign(house, "head", other).json()
    assert house.client("auditor").post(f"/staff-passkeys/{passkey}/revocation").status_code == 201
    assert to_sign(house, "head", other).status_code == 422
    told = {"passkey": device.sign(asked["get"], origin(house)), "signed_at": asked["signed_at"]}
    values = {"act": "sign", "based_on": "1", "fields": FIELDS} | told
    assert send_page(house, "head", f"/requests/{other}", **values).status_code == 422
    assert [one["signed_by"] for one in shown(house, number)["answers"]] == [fingerprint(device.public)]


@pytest.mark.parametrize("fields", [[], ["address"], ["nonsense"]])
def test_nothing_else_than_what_was_asked_for_can_be_signed(lite_house: House, fields: list[str]) -> None:
    number = requested(lite_house)
    vouched(lite_house, "head")
    assert to_sign(lite_house, "head", number, fields).status_code == 422
    assert to_sign(lite_house, "head", "0" * 32).status_code in {404, 422}
