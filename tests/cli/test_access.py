"""Gated access by command: asked, answered with one's own signature, granted, read, taken back, checked offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.home import Hooks
from gateway.settings import Settings
from tests.asked import named
from tests.cli.kit import HouseGateway, Shell, signed_in
from tests.house import House, house_on
from tests.unit.crypto.kit import WeakFileRoot

RULES = Path(__file__).parents[1] / "access.toml"
ASKED = ("--basis", "oqt_execution", "--hours", "4", "--reason", "Pour réserver un vol")
KEYS = """
[key.my_dpo]
function = "dpo"
login = "dpo"
fingerprint = "{dpo}"

[key.my_head]
function = "regional_head"
login = "head"
fingerprint = "{head}"
"""


def everybody(house: House) -> None:
    for login in ("officer", "head", "dpo"):
        signed_in(house, login)


def asked(desk: Shell, *fields: str) -> str:
    named = [part for name in fields or ("family_name",) for part in ("--field", name)]
    return desk.ok("access", "request", "--ov", "8.123.456", *named, *ASKED).out.split("\t")[0]


def test_a_request_goes_its_way_by_command(desk: Shell, lite_house: House) -> None:
    lite_house.open_case(lite_house.client("coach"))
    everybody(lite_house)
    number = asked(desk, "family_name", "nationality")
    assert "to be answered by" not in number
    assert [row[0] for row in desk.ok("access", "list", "--zone", "follow_up").rows] == [number]
    assert [row[0] for row in desk.ok("access", "list", "--zone", "casework").rows] == [number]
    shown = desk.ok("access", "show", number, "--zone", "oversight").out
    assert "family_name, nationality" in shown
    assert "8123456" not in shown
    said = desk.ok("access", "ask", number, "why_so_long", "--zone", "oversight").out
    assert said == f"{number}\tasked_back\tlacking regional_head, dpo\n"
    assert desk.ok("access", "explain", number, "--hours", "2").out == f"{number}\tversion 2\n"
    desk.refused("conflict", "access", "grant", number)
    stopped = desk.run("access", "approve", number, "--zone", "oversight", typed="n\n")
    assert stopped.code == 1
    assert "Pour réserver un vol" in stopped.err
    agreed = desk.ok("access", "approve", number, "--zone", "oversight", typed="y\n").out
    assert f"{number}\topen\tlacking regional_head" in agreed
    part = ("access", "approve", number, "--zone", "casework", "--field", "nationality", "--yes")
    assert desk.ok(*part).out == f"{number}\tready\n"
    grant, fields, _ = desk.ok("access", "grant", number).out.split("\t")
    assert fields == "nationality"
    told = desk.ok("access", "read", grant).out
    assert "nationality\tGN" in told
    assert "Diallo" not in told
    assert desk.ok("access", "revoke", grant, "--reason", "no_longer_needed").out.startswith(f"{grant}\trevoked at")
    desk.refused("not_found", "access", "read", grant)


def test_refusing_and_handing_on(desk: Shell, lite_house: House) -> None:
    lite_house.open_case(lite_house.client("coach"))
    lite_house.client("far_head")
    everybody(lite_house)
    number = asked(desk)
    desk.ok("access", "list", "--zone", "casework")
    assert desk.ok("access", "delegate", number, "far_head").out.startswith(f"{number}\topen")
    desk.refused("invalid_input", "access", "delegate", number, "coach")
    refused = desk.ok("access", "refuse", number, "--reason", "other_means", "--zone", "casework")
    assert refused.out.startswith(f"{number}\trefused")
    assert "other_means" in desk.ok("access", "show", number, "--zone", "follow_up").out


@pytest.mark.parametrize(
    "words",
    [
        ("access", "request", "--ov", "8123456", "--oqt", "X-1", "--field", "family_name", *ASKED),
        ("access", "request", "--field", "family_name", *ASKED),
        ("access", "approve", "ab" * 16, "--field", "notes"),
    ],
)
def test_wrong_usage_is_exit_code_two_or_a_refusal(desk: Shell, lite_house: House, words: tuple[str, ...]) -> None:
    everybody(lite_house)
    zone = ("--zone", "casework") if "approve" in words else ()
    assert desk.run(*words, *zone).code in (1, 2)


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text("une phrase assez longue pour une clé")
    file.chmod(0o600)
    return file


def keys(shell: Shell, tmp_path: Path, passphrase: Path) -> dict[str, str]:
    """A key each for the head and the data protection officer, and one for nobody; their fingerprints."""
    return {
        who: shell.ok("access", "key", tmp_path / who, "--passphrase-file", passphrase).out.strip()
        for who in ("head", "dpo", "stranger")
    }


def test_where_the_office_wants_signatures_only_its_approvers_keys_count(
    sqlite_settings: Settings, tmp_path: Path, passphrase: Path, compiled: Any
) -> None:
    bare = Shell(Hooks(root=WeakFileRoot, firewall=compiled))
    found = keys(bare, tmp_path, passphrase)
    assert len(set(found.values())) == 3
    rules = tmp_path / "access.toml"
    rules.write_text(RULES.read_text("utf-8").replace("required = false", "required = true") + KEYS.format(**found))
    with house_on(sqlite_settings.model_copy(update={"access_file": rules})) as house:
        desk = Shell(Hooks(root=WeakFileRoot, firewall=compiled, gateway=HouseGateway(house)))
        house.open_case(house.client("coach"))
        everybody(house)
        number = asked(desk)
        desk.ok("access", "list", "--zone", "casework")
        approve = ("access", "approve", number, "--yes", "--passphrase-file", passphrase)
        desk.refused("invalid_input", "access", "approve", number, "--yes", "--zone", "casework")
        for wrong in ("stranger", "dpo"):
            desk.refused("invalid_input", *approve, "--zone", "casework", "--key", tmp_path / wrong)
        desk.ok(*approve, "--zone", "casework", "--key", tmp_path / "head")
        desk.ok(*approve, "--zone", "oversight", "--key", tmp_path / "dpo")
        exported = tmp_path / "request.json"
        exported.write_text(desk.ok("access", "show", number, "--zone", "oversight", "--json").out, "utf-8")
        desk.ok("access", "grant", number)
    # Offline: another shell without a gateway, and nothing of ours but the file of rules.
    told = bare.ok("access", "check", exported, "--rules", rules).out
    assert told.count("signed by a listed key") == 2
    assert found["head"] in told
    bare.refused("envelope_rejected", "access", "check", exported)  # the shipped rules list nobody
    _spoilt(bare, exported, rules)


def test_a_ceremony_goes_its_way_by_command(
    sqlite_settings: Settings, tmp_path: Path, passphrase: Path, compiled: Any
) -> None:
    found = keys(Shell(Hooks(root=WeakFileRoot, firewall=compiled)), tmp_path, passphrase)
    rules = tmp_path / "access.toml"
    rules.write_text(RULES.read_text("utf-8") + KEYS.format(**found))
    with house_on(sqlite_settings.model_copy(update={"access_file": rules})) as house:
        desk = Shell(Hooks(root=WeakFileRoot, firewall=compiled, gateway=HouseGateway(house)))
        pseudonym = named(house)
        everybody(house)
        asked_for = ("--pseudonym", pseudonym, "--basis", "oqt_execution", "--minutes", "5", "--reason", "Au guichet")
        number = desk.ok("ceremony", "ask", *asked_for).out.split("\t")[0]
        desk.ok("access", "list", "--zone", "casework")
        desk.refused("invalid_input", "access", "approve", number, "--yes", "--zone", "casework")
        approve = ("access", "approve", number, "--passphrase-file", passphrase)
        stopped = desk.run(*approve, "--zone", "casework", "--key", tmp_path / "head", typed="n\n")
        assert "by ceremony, for 5 minutes" in stopped.err
        for zone, login in (("casework", "head"), ("oversight", "dpo")):
            desk.ok(*approve, "--yes", "--zone", zone, "--key", tmp_path / login)
        ceremony = desk.ok("ceremony", "begin", number).out.split("\t")[0]
        desk.refused("not_found", "ceremony", "read", ceremony)
        assert desk.ok("ceremony", "open", ceremony).out.startswith(f"{ceremony}\tuntil ")
        assert "family_name\tDiallo" in desk.ok("ceremony", "read", ceremony).out
        waiting = desk.ok("ceremony", "review", "--waiting").rows
        assert [row[-1] for row in waiting] == [ceremony]
        kept = tmp_path / "ceremony.json"
        assert "trusted\tyes" in desk.ok("ceremony", "signatures", ceremony, "--out", kept).out
        assert desk.ok("access", "check", kept, "--rules", rules).out.count("signed by a listed key") == 2
        desk.run("ceremony", "signatures", ceremony, "--out", kept)
        ended = desk.ok("ceremony", "end", ceremony, "--reason", "misused", "--zone", "oversight")
        assert ended.out.startswith(f"{ceremony}\tended at ")
        desk.refused("not_found", "ceremony", "read", ceremony)


def _spoilt(shell: Shell, exported: Path, rules: Path) -> None:
    """Whatever is changed afterwards, the check notices."""
    whole = json.loads(exported.read_text("utf-8"))
    first, second = whole["answers"]
    changed: list[dict[str, Any]] = [
        {"canonical": whole["canonical"][:-8] + "AAAAAAA="},
        {"answers": [first | {"fields": ["address"]}, second]},
        {"answers": [first | {"function": "dpo"}, second]},
        {"answers": [first | {"evidence": second["evidence"]}, second]},
        {"answers": [first | {"evidence": None}, second]},
        {"answers": [first | {"evidence": first["evidence"] | {"login": "dpo"}}, second]},
        {"answers": [first | {"evidence": first["evidence"] | {"signed_at": "2026-01-01T00:00:00+00:00"}}, second]},
        {"answers": []},
        {"request": "ab" * 16},
    ]
    for change in changed:
        exported.write_text(json.dumps(whole | change), "utf-8")
        shell.refused("envelope_rejected", "access", "check", exported, "--rules", rules)
    for content in ("[]", "{", "{}", '{"answers": 1}'):
        exported.write_text(content, "utf-8")
        shell.refused("invalid_input", "access", "check", exported, "--rules", rules)


def test_an_approval_is_not_somebody_elses_signature(
    desk: Shell, lite_house: House, tmp_path: Path, passphrase: Path
) -> None:
    """Where signatures are not required, one that is given must still be one's own."""
    lite_house.open_case(lite_house.client("coach"))
    everybody(lite_house)
    keys(desk, tmp_path, passphrase)
    number = asked(desk)
    desk.ok("access", "list", "--zone", "casework")
    shown = lite_house.client("head").get(f"/access-requests/{number}").json()
    from gateway.approver_key import load, sign
    from gateway.clock import SystemEntropy
    from gateway.instance import read_passphrase
    from vault.vocabulary import Role

    key = load(tmp_path / "head", read_passphrase(passphrase), SystemEntropy(), WeakFileRoot)
    now = lite_house.clock.now()
    for login, function, fields in (
        ("dpo", Role.REGIONAL_HEAD, ["family_name"]), ("head", Role.DPO, ["family_name"]),
        ("head", Role.REGIONAL_HEAD, ["address"]),
    ):  # fmt: skip
        evidence = sign(shown, fields, function, login, now, key)
        body = {"based_on": 1, "evidence": evidence}
        reply = lite_house.client("head").post(f"/access-requests/{number}/approval", json=body)
        assert reply.status_code == 400, (login, function)
    good = sign(shown, ["family_name"], Role.REGIONAL_HEAD, "head", now, key)
    for broken in ({"key": "AAAA"}, {"signature": "AAAA"}, {"signed_at": "2026"}, {"login": ""}, {"key": "ø"}):
        body = {"based_on": 1, "evidence": good | broken}
        assert lite_house.client("head").post(f"/access-requests/{number}/approval", json=body).status_code == 400
    body = {"based_on": 1, "evidence": good}
    assert lite_house.client("head").post(f"/access-requests/{number}/approval", json=body).status_code == 201
    seen = lite_house.client("dpo").get(f"/access-requests/{number}").json()["answers"]
    assert [(one["evidence"]["login"], len(one["signed_by"])) for one in seen] == [("head", 64)]
