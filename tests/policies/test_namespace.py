"""Policies beside the vault's: what a folder may say, and that what Casbin would misread does not load."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from policies.namespace import Entity, Namespace, load_namespace
from vault.errors import PolicyRejected

FOLDERS: Final = Path(__file__).parent / "namespaces"


def _changed(tmp_path: Path, file: str, change: Callable[[str], str], name: str = "records") -> Path:
    folder = shutil.copytree(FOLDERS / name, tmp_path / name, dirs_exist_ok=True)
    before = (folder / file).read_text()
    after = change(before)
    assert after != before
    (folder / file).write_text(after)
    return folder


def _decides(namespace: Namespace, subject: str, action: str, resource: str, **claims: Any) -> bool:
    return namespace.decide(Entity("user", subject), Entity("action", action), Entity("record", resource, claims))[0]


@pytest.mark.parametrize("name", ["todo", "search", "records"])
def test_the_fixtures_load_and_two_loads_are_one_policy(name: str) -> None:
    first, second = load_namespace(FOLDERS / name), load_namespace(FOLDERS / name)
    assert first.digest == second.digest
    assert len(first.digest) == 32


def test_what_is_known_wins_over_what_is_claimed_and_claims_can_be_forbidden(tmp_path: Path) -> None:
    records = load_namespace(FOLDERS / "records")
    assert not _decides(records, "alice", "write", "record-2", status="active")
    assert _decides(records, "alice", "write", "record-9", status="active")
    silent = load_namespace(_changed(tmp_path, "namespace.json", lambda text: text.replace("true", "false")))
    assert not _decides(silent, "alice", "write", "record-9", status="active")
    assert silent.digest != records.digest


def test_two_missing_attributes_are_not_the_same() -> None:
    todo = load_namespace(FOLDERS / "todo")
    stranger = Entity("user", "nobody", {"roles": ["editor"]})
    assert not todo.decide(stranger, Entity("action", "can_update_todo"), Entity("todo", "x"))[0]
    own = Entity("user", "nobody", {"roles": ["editor"], "email": "n@x.example"})
    owned = Entity("todo", "x", {"ownerID": "n@x.example"})
    assert todo.decide(own, Entity("action", "can_update_todo"), owned)[0]


def test_a_deny_line_that_met_a_missing_attribute_denies(tmp_path: Path) -> None:
    line = "alice,*,read,*,archived,*,deny\n"
    records = load_namespace(_changed(tmp_path, "policy.csv", lambda text: text + line))
    assert not _decides(records, "alice", "read", "record-2")
    assert _decides(records, "alice", "read", "record-1")
    assert not _decides(records, "alice", "read", "record-9"), "its status is not known, so the line might apply"


@pytest.mark.parametrize(
    "claims",
    [
        {"status": {"nested": {"deep": 1}}}, {"status": ["x" * 501]}, {"status": ["a"] * 101}, {"status": None},
        {"__class__": "x"}, {"known": True}, {"id": "record-1"}, {"type": "record"}, {"status": [1, 2]},
    ],
)  # fmt: skip
def test_claims_that_are_no_plain_values_are_not_there(claims: dict[str, Any]) -> None:
    records = load_namespace(FOLDERS / "records")
    assert not _decides(records, "alice", "write", "record-9", **claims)


MODELS: Final[dict[str, Callable[[str], str]]] = {
    "a call": lambda text: text.replace("r.act.name == p.act", "regexMatch(r.act.name, p.act)"),
    "a method": lambda text: text.replace("r.act.name == p.act", "r.sub.clear() == p.act"),
    "eval": lambda text: text.replace("r.act.name == p.act", "eval(p.act)"),
    "a negation": lambda text: text.replace("r.act.name == p.act", "!(r.act.name == p.act)"),
    "a number": lambda text: text.replace("r.act.name == p.act", "0.5"),
    "the effect in the matcher": lambda text: text.replace("r.act.name == p.act", 'p.eft == "allow"'),
    "a column that is not there": lambda text: text.replace("p.act", "p.deed"),
    "an entity that is not there": lambda text: text.replace("r.act.name", "r.env.name"),
    "a private attribute": lambda text: text.replace("r.act.name", "r.act._missed"),
    "no attribute": lambda text: text.replace("r.act.name", "r.act"),
    "an attribute of an attribute": lambda text: text.replace("r.act.name", "r.act.name.upper"),
    "a comment": lambda text: text.replace("m = ", "m = # "),
    "a continued line": lambda text: text.replace(" && (p.role", " && \\\n(p.role"),
    "two matchers": lambda text: text + "m = r.act.name == p.act\n",
    "an effect that allows what nothing denies": lambda text: text.replace(
        "some(where (p.eft == allow)) && !some(where (p.eft == deny))", "!some(where (p.eft == deny))"
    ),
    "role links": lambda text: text.replace("[policy_effect]", "[role_definition]\ng = _, _\n\n[policy_effect]"),
    "another request": lambda text: text.replace("r = sub, act, res", "r = sub, res, act"),
    "no effect column": lambda text: text.replace("soft, eft", "soft"),
    "a column twice": lambda text: text.replace("who, role", "who, who"),
    "a byte-order mark": lambda text: "\ufeff" + text,
    "no last line feed": lambda text: text.rstrip("\n"),
}
POLICIES: Final[dict[str, Callable[[str], str]]] = {
    "a misspelt effect": lambda text: text.replace("*,allow", "*,Allow", 1),
    "a quoted word": lambda text: text.replace("alice", '"alice"', 1),
    "a blank": lambda text: text.replace("alice,", "alice, ", 1),
    "a column too many": lambda text: text.replace("*,allow", "*,*,allow", 1),
    "a comment": lambda text: text + "# alice\n",
    "an empty line": lambda text: text + "\n",
    "a line twice": lambda text: text + text.splitlines()[1] + "\n",
    "another header": lambda text: text.replace("who,role", "role,who"),
    "nothing but the header": lambda text: text.splitlines()[0] + "\n",
    "a look-alike letter": lambda text: text.replace("alice", "\u0430lice", 1),
    "more lines than are read": lambda text: text + "".join(f"u{n},*,read,*,*,*,allow\n" for n in range(500)),
}
ATTRIBUTES: Final[dict[str, Callable[[str], str]]] = {
    "no JSON": lambda text: text + "}",
    "a name twice": lambda text: text.replace('"actions"', '"actions": [], "actions"'),
    "no subjects": lambda text: text.replace('"subjects"', '"persons"'),
    "a nested value": lambda text: text.replace('"admin"', '{"a": 1}'),
    "nothing for a value": lambda text: text.replace('"admin"', "null"),
    "actions that are no words": lambda text: text.replace('"read"', "7"),
    "a private attribute": lambda text: text.replace('"role"', '"_role"'),
    "a list": lambda text: "[]\n",
}


@pytest.mark.parametrize(
    ("file", "change"),
    [
        pytest.param(file, change, id=f"{file}: {name}")
        for file, table in (("model.conf", MODELS), ("policy.csv", POLICIES), ("attributes.json", ATTRIBUTES))
        for name, change in table.items()
    ],
)
def test_what_could_be_misread_does_not_load(tmp_path: Path, file: str, change: Callable[[str], str]) -> None:
    with pytest.raises(PolicyRejected) as caught:
        load_namespace(_changed(tmp_path, file, change))
    assert all(fault.startswith("records/") for fault in caught.value.faults)


@pytest.mark.parametrize("options", ["{}", '{"claims": "yes"}', '{"claims": true, "trust": true}', "true"])
def test_a_namespace_says_whether_it_takes_claims_and_nothing_else(tmp_path: Path, options: str) -> None:
    with pytest.raises(PolicyRejected):
        load_namespace(_changed(tmp_path, "namespace.json", lambda _: options))


def test_files_and_names_that_nobody_reads_are_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDERS / "records", tmp_path / "records")
    (folder / "policy.csv.bak").write_text("old")
    with pytest.raises(PolicyRejected, match=r"policy\.csv\.bak"):
        load_namespace(folder)
    (folder / "policy.csv.bak").unlink()
    (folder / "policy.csv").unlink()
    with pytest.raises(PolicyRejected, match="cannot be read"):
        load_namespace(folder)
    with pytest.raises(PolicyRejected):
        load_namespace(shutil.copytree(FOLDERS / "records", tmp_path / "Records."))


def test_what_the_engine_raises_is_a_denial(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    def number(text: str) -> str:
        return text.replace('"roles": ["editor"]', '"roles": 7')

    todo = load_namespace(_changed(tmp_path, "attributes.json", number, "todo"))
    asked = (Entity("user", "s-2"), Entity("action", "can_read_user"), Entity("user", "x"))
    assert todo.decide(*asked) == (False, 0)
    assert "denied" in caplog.text


def test_the_fixture_files_are_of_the_documented_form() -> None:
    for folder in FOLDERS.iterdir():
        assert json.loads((folder / "namespace.json").read_text()).keys() == {"claims"}
