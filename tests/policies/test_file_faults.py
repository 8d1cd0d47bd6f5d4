"""One wrong spot in a file: what stock Casbin makes of it, and that our loader refuses it by file and line.

The fault hits the deny line for erased cases. `stock` records what Casbin then answers to the coach who reads a
note of an erased case, or, for a fault of the model, to somebody whom no line allows: `allows` (it must not),
`denies` (harmless there), `raises` (every such request fails) or `refuses` (the file does not load).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from policies.facts import holds
from policies.loader import DEFAULT_FOLDER, load_source
from tests.policies.support import line_of, policy_copy, swap
from vault.errors import PolicyRejected

OURS = "cw-58,coach,note,read,coaching,erased,none,none,deny,"
DENY = "p, cw-58, coach, note, read, coaching, erased, none, none, deny\n"
ALLOW = "p, cw-11, coach, note, read, coaching, any, own, note_full, allow\n"
MODEL = (DEFAULT_FOLDER / "model.conf").read_text()
ROLE = "r.role == p.role && "
REST = MODEL[MODEL.index(ROLE) + len(ROLE) :]
BOM = "\ufeff"


@dataclass(frozen=True)
class Fault:
    name: str
    stock_text: str  # the deny line, or the model, as Casbin is given it
    stock: str
    file: str
    change: Callable[[bytes], bytes]
    says: str


def _line(name: str, old: str, new: str, stock: str, says: str) -> Fault:
    """A fault of the deny line, the same for both readers: `old` becomes `new`, once."""
    assert old in DENY
    ours_old, ours_new = old.replace(", ", ","), new.replace(", ", ",")
    change = swap(OURS, OURS.replace(ours_old, ours_new, 1))
    return Fault(name, DENY.replace(old, new, 1), stock, "rules/casework.csv", change, says)


def _ours(name: str, stock_text: str, stock: str, ours: str, says: str) -> Fault:
    """A fault of the deny line that the two readers spell differently."""
    return Fault(name, stock_text, stock, "rules/casework.csv", swap(OURS, ours), says)


def _file(name: str, stock_text: str, stock: str, change: Callable[[bytes], bytes], says: str) -> Fault:
    return Fault(name, stock_text, stock, "rules/casework.csv", change, says)


def _model(name: str, text: str, stock: str) -> Fault:
    return Fault(name, text, stock, "model.conf", lambda _: text.encode(), "model.conf: ")


AT = f"casework.csv:{line_of('rules/casework.csv', OURS)}: "
LINE_FAULTS = [
    _line("capital effect", "deny", "Deny", "allows", "the effect"),
    _line("comment", "deny", "deny # belt", "allows", "the effect"),
    _line("quoted field", "deny", '"deny"', "allows", "the effect"),
    _line("capital kind", "note", "Note", "allows", "unknown kind"),
    _line("look-alike letter", "note", "nоte", "allows", "not printable ASCII"),
    _line("misspelt role", "coach, ", "coaches, ", "allows", "unknown role"),
    _line("misspelt act", "read", "raed", "allows", "unknown act"),
    _line("misspelt state", "erased", "erase", "allows", "state"),
    _line("misspelt purpose", "coaching", "coach", "allows", "unknown purpose"),
    _line("star for any", "erased", "*", "allows", "state"),
    _line("allow without a profile", "deny", "allow", "allows", "release is none"),
    _line("unknown fact", "none, none", "nobody, none", "raises", "an unknown fact"),
    _line("empty need", "none, none", ", none", "raises", "an unknown fact"),
    _line("fact twice", "none, none", "own+own, none", "raises", "a fact named twice"),
    _line("missing column", "none, none", "none", "raises", "9 columns instead of 10"),
    _line("further column", "deny", "deny, x", "raises", "11 columns"),
    _line("open bracket", "erased", "(erased", "raises", "state"),
    _line("deny with a profile", "none, deny", "note_full, deny", "denies", "release is none"),
    _line("unknown profile", "none, deny", "all, deny", "denies", "unknown release"),
    _line("blank", "deny", "deny ", "denies", "the effect"),
    _line("tab", "deny", "\tdeny", "denies", "not printable ASCII"),
    _ours("capital P", DENY.replace("p,", "P,"), "allows", OURS.replace("cw", "CW"), "the id"),
    _ours("p2", DENY.replace("p,", "p2,"), "allows", OURS.replace("cw", "p2"), "the id"),
    _ours("commented out", "# " + DENY, "allows", "# " + OURS, "the id"),
    _ours("empty line", "\n" + DENY, "denies", "\n" + OURS, "an empty line"),
    _ours("explanation missing", DENY, "denies", OURS + "#", "the explanation"),
]
FILE_FAULTS = [
    _file("byte-order mark", BOM + DENY, "allows", lambda text: BOM.encode() + text, "casework.csv:1: begins with"),
    _file("empty file", "", "refuses", lambda _: b"", "rules/casework.csv: is empty"),
    _file("header only", "", "refuses", lambda text: text.split(b"\n")[0] + b"\n", "casework.csv:1: no line after"),
    _file("wrong header", DENY, "denies", swap("id,role,kind", "role,id,kind"), "casework.csv:1: the header"),
    _file("CR LF", DENY.replace("\n", "\r\n"), "denies", lambda text: text.replace(b"\n", b"\r\n"), "printable ASCII"),
    _file("cut off", DENY[:-1], "denies", lambda text: text[:-1], "does not end with a line feed"),
    _file(
        "line twice",
        DENY + DENY,
        "denies",
        lambda text: text + next(line for line in text.split(b"\n") if line.startswith(b"cw-58,")) + b"\n",
        "the id cw-58 is taken",
    ),
]
MODEL_FAULTS = [
    _model("comment before a continuation", MODEL.replace(ROLE, "r.act == p.act # act \\\n && " + ROLE), "allows"),
    _model("missing backslash", MODEL.replace(ROLE + REST, "r.act == p.act\n && " + ROLE + REST), "allows"),
    _model("second matcher", MODEL + "m = r.act == p.act\n", "allows"),
    _model("semicolon", MODEL.replace(ROLE, "r.act == p.act; "), "allows"),
    _model("a condition is missing", MODEL.replace(ROLE, ""), "allows"),
    _model("or instead of and", MODEL.replace("r.role == p.role &&", "r.role == p.role ||"), "allows"),
    _model("deny alone decides", MODEL.replace("some(where (p.eft == allow)) && ", ""), "allows"),
    _model("matcher missing", MODEL[: MODEL.index("m =")], "raises"),
    _model("a blank more", MODEL.replace("&& holds", "&&  holds"), "denies"),
    _model("empty model", "", "refuses"),
]
FAULTS = [*LINE_FAULTS, *FILE_FAULTS, *MODEL_FAULTS]


def _stock(fault: Fault) -> str:
    """What Casbin itself does with this fault."""
    import casbin
    from casbin.persist.adapters.string_adapter import StringAdapter

    model, policy, request = MODEL, ALLOW + fault.stock_text, ("coach", "note", "read", "coaching", "erased", 1)
    if fault.file == "model.conf":
        model, policy, request = fault.stock_text, ALLOW, ("dpo", "note", "read", "coaching", "active", 1)
    elif not fault.stock_text or fault.stock_text.startswith(BOM):
        policy = fault.stock_text and fault.stock_text + ALLOW
    try:
        enforcer: Any = casbin.Enforcer(casbin.Enforcer.new_model(text=model), StringAdapter(policy))
    except Exception:  # noqa: BLE001 - Casbin fails in many ways; that it fails is the record
        return "refuses"
    enforcer.add_function("holds", holds)
    try:
        return "allows" if enforcer.enforce(*request) else "denies"
    except Exception:  # noqa: BLE001 - Casbin fails in many ways; that it fails is the record
        return "raises"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_loader_refuses_a_fault_by_its_place(fault: Fault, tmp_path: Path) -> None:
    with pytest.raises(PolicyRejected) as rejected:
        load_source(policy_copy(tmp_path, {fault.file: fault.change}))
    assert any(fault.says in found for found in rejected.value.faults), rejected.value.faults


@pytest.mark.parametrize("fault", LINE_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_of_one_line_is_reported_at_that_line(fault: Fault, tmp_path: Path) -> None:
    with pytest.raises(PolicyRejected) as rejected:
        load_source(policy_copy(tmp_path, {fault.file: fault.change}))
    assert rejected.value.faults[0].startswith(AT)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_what_stock_casbin_does_with_it_is_recorded(fault: Fault) -> None:
    assert _stock(fault) == fault.stock


def test_stock_casbin_answers_rightly_where_nothing_is_wrong() -> None:
    assert _stock(Fault("none", DENY, "", "rules/casework.csv", lambda text: text, "")) == "denies"
    assert _stock(Fault("none", MODEL, "", "model.conf", lambda text: text, "")) == "denies"


def test_most_of_these_faults_let_stock_casbin_allow() -> None:
    counted = Counter(fault.stock for fault in FAULTS)
    assert len(FAULTS) >= 22
    assert counted["allows"] >= 22


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    changes = {
        "rules/casework.csv": swap(OURS, OURS.replace("deny", "Deny")),
        "rules/partner.csv": swap("pa-01,partner_agent", "pa-01,partner"),
        "release.csv": swap("\nreceipt,version,clear", "\nreceipt,version,clearly"),
        "model.conf": swap("||", "&&"),
    }
    with pytest.raises(PolicyRejected) as rejected:
        load_source(policy_copy(tmp_path, changes))
    for place in ("model.conf:", AT, "partner.csv:2: ", "release.csv:"):
        assert any(fault.startswith(place) for fault in rejected.value.faults)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("note_full,text,clear", "note_full,text,plain", "unknown treatment"),
        ("note_full,text,clear", "note_full,text,drop", "unknown treatment"),
        ("note_full,text,clear", "note_full,txt,clear", "note_full has no such field"),
        ("note_full,text,clear", "note_fully,text,clear", "unknown profile"),
        ("note_full,text,clear", "note_full,author,clear", "names this field twice"),
        ("note_full,text,clear", "note_full,text", "2 columns instead of 3"),
        ("outcome_sheet,minors,clear", "outcome_sheet,notes,clear", "outcome_sheet has no such field"),
        ("sheet_list,release,clear", "sheet_list,text,clear", "sheet_list has no such field"),
    ],
)
def test_a_release_profile_keeps_to_its_contract(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(PolicyRejected) as rejected:
        load_source(policy_copy(tmp_path, {"release.csv": swap(f"\n{old}\n", f"\n{new}\n")}))
    assert any(fault.startswith("release.csv:") and says in fault for fault in rejected.value.faults)


def test_a_rule_whose_profile_shows_nothing_does_not_load(tmp_path: Path) -> None:
    def without_hits(content: bytes) -> bytes:
        return b"".join(line for line in content.splitlines(keepends=True) if not line.startswith(b"note_hit,"))

    with pytest.raises(PolicyRejected, match=r"casework\.csv:13: release\.csv has no field for the profile note_hit"):
        load_source(policy_copy(tmp_path, {"release.csv": without_hits}))


@pytest.mark.parametrize("file", ["rules/casework.csv", "release.csv"])
def test_a_blank_that_nobody_sees_is_refused(tmp_path: Path, file: str) -> None:
    def blank(content: bytes) -> bytes:
        return content.replace(b"\n", b" \n", 5).replace(b" \n", b"\n", 4)

    with pytest.raises(PolicyRejected, match=r"\.csv:5: a blank at the end"):
        load_source(policy_copy(tmp_path, {file: blank}))


def test_a_file_that_nobody_reads_is_refused(tmp_path: Path) -> None:
    folder = policy_copy(tmp_path)
    (folder / "rules" / "casework.csv.bak").write_text("x")
    with pytest.raises(PolicyRejected, match=r"rules/casework\.csv\.bak: not one of the zones' files"):
        load_source(folder)


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    folder = policy_copy(tmp_path)
    (folder / "rules" / "partner.csv").unlink()
    (folder / "release.csv").write_bytes(b"x" * (256 * 1024 + 1))
    with pytest.raises(PolicyRejected) as rejected:
        load_source(folder)
    assert any("rules/partner.csv: cannot be read" in fault for fault in rejected.value.faults)
    assert any("release.csv: is larger" in fault for fault in rejected.value.faults)
