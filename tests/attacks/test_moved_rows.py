"""True rows in a place that is not theirs are refused: between notes, cases, compartments, versions, keys, entries."""

from __future__ import annotations

from typing import Final

import pytest

from tests.attacks.attacker import Rows
from tests.attacks.estate import Estate, as_superuser, restored
from tests.attacks.refusals import refused
from vault.vocabulary import OVERSIGHT

_SWAP: Final = (
    "UPDATE casework.records a SET {set} FROM casework.records b WHERE "
    "(a.record_id, a.version) IN ((%(one)s, %(va)s), (%(two)s, %(vb)s)) AND "
    "(b.record_id, b.version) IN ((%(one)s, %(va)s), (%(two)s, %(vb)s)) AND (a.record_id, a.version) <> "
    "(b.record_id, b.version)"
)
#: What is moved (statement), between which notes (names in the estate, version), and in which database.
MOVED: Final[dict[str, tuple[str, tuple[str, int], tuple[str, int], str]]] = {
    "texts of two notes of one case": (_SWAP.format(set="sealed = b.sealed"), ("kept", 2), ("other", 1), "main"),
    "texts of two cases": (_SWAP.format(set="sealed = b.sealed"), ("caritas", 1), ("fedasil", 1), "main"),
    "texts and keys of two cases": (
        _SWAP.format(set="sealed = b.sealed, key_id = b.key_id"), ("caritas", 1), ("fedasil", 1), "main",
    ),
    "texts of two versions": (_SWAP.format(set="sealed = b.sealed"), ("kept", 1), ("kept", 2), "main"),
    "keys of two cases": (_SWAP.format(set="key_id = b.key_id"), ("caritas", 1), ("fedasil", 1), "main"),
    "a note into another case": (
        "UPDATE casework.records SET case_id = (SELECT case_id FROM casework.records WHERE record_id = %(one)s "
        "LIMIT 1) WHERE record_id = %(two)s", ("caritas", 1), ("fedasil", 1), "moved",
    ),
    "an old version under a new number": (
        "INSERT INTO casework.records SELECT record_id, 3, case_id, kind, provenance, template, language, author, "
        "written_at, key_id, sealed, entry_id FROM casework.records WHERE record_id = %(one)s AND version = 1",
        ("kept", 1), ("kept", 1), "main",
    ),
    "an old version in the newest one's place": (
        "UPDATE casework.records SET sealed = (SELECT sealed FROM casework.records WHERE record_id = %(one)s "
        "AND version = 1) WHERE record_id = %(one)s AND version = 2", ("kept", 1), ("kept", 1), "main",
    ),
    "the contact sheet into a note": (
        "UPDATE casework.records n SET sealed = c.sealed, key_id = c.key_id FROM casework.records c "
        "WHERE n.record_id = %(one)s AND c.case_id = n.case_id AND c.kind = 'contact'",
        ("caritas", 1), ("caritas", 1), "main",
    ),
    "a sheet of follow-up into a note": (
        "UPDATE casework.records SET sealed = r.sealed, key_id = r.key_id FROM exchange.releases r "
        "WHERE record_id = %(one)s AND reader = 'follow_up'", ("handed_over", 1), ("handed_over", 1), "main",
    ),
    "one flipped bit": (
        "UPDATE casework.records SET sealed = set_byte(sealed, 90, get_byte(sealed, 90) # 1) WHERE record_id = %(one)s",
        ("caritas", 1), ("caritas", 1), "main",
    ),
    "the end cut off": (
        "UPDATE casework.records SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE record_id = %(one)s",
        ("caritas", 1), ("caritas", 1), "main",
    ),
    "nothing": (
        "UPDATE casework.records SET sealed = '' WHERE record_id = %(one)s", ("caritas", 1), ("caritas", 1), "main",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MOVED)
def test_rows_moved_about_are_refused(place: Estate, what: str) -> None:
    statement, (one, first), (two, second), where = MOVED[what]
    values = {
        "one": bytes.fromhex(place.note[one]), "two": bytes.fromhex(place.note[two]), "va": first, "vb": second,
    }  # fmt: skip
    seen = [(one, one), (two, two)] if where == "main" else [(one, two)]
    with restored(place.wall, "casework.records"):
        with place.wall.superuser() as admin:
            admin.execute("SET session_replication_role = replica")
            assert admin.execute(statement.encode(), values).rowcount in (1, 2)
        for case, note in seen:
            case = "kept" if case == "other" else case
            # A key that was never casework's has no wrap for casework: as if it had been destroyed.
            code = "erased" if what.startswith("a sheet") else "record_tampered"
            refused(place.coach.get(f"/cases/{place.case[case]}/notes/{place.note[note]}"), code)
    for case, note in seen:
        case = "kept" if case == "other" else note
        assert place.coach.get(f"/cases/{place.case[case]}/notes/{place.note[note]}").status_code == 200


def test_wraps_moved_between_keys_are_refused(place: Estate, dump: Rows) -> None:
    """Between two cases, and between two compartments of one."""
    keys = {(row["case_id"], row["compartment"]): row["key_id"] for row in dump["casework.data_keys"]}
    case, other = place.case_id("caritas"), place.case_id("fedasil")
    for a, b in (
        (keys[case, "narrative"], keys[other, "narrative"]),
        (keys[case, "narrative"], keys[case, "contact"]),
        (keys[case, "narrative"], keys[case, "identity"]),
    ):
        with restored(place.wall, "keystore.wraps"):
            as_superuser(
                place.wall,
                "UPDATE keystore.wraps x SET wrap = y.wrap FROM keystore.wraps y "
                "WHERE x.key_id IN (%s, %s) AND y.key_id IN (%s, %s) AND x.key_id <> y.key_id",
                a, b, a, b, database="keystore",
            )  # fmt: skip
            refused(place.coach.get(f"/cases/{place.case['caritas']}/notes/{place.note['caritas']}"), "record_tampered")


@pytest.mark.parametrize("kind", ["identity", "contact"])
def test_a_record_called_a_note_does_not_open_as_one(place: Estate, dump: Rows, kind: str) -> None:
    case = place.case_id("caritas")
    row = next(r for r in dump["casework.records"] if r["case_id"] == case and r["kind"] == kind)
    with restored(place.wall, "casework.records"):
        as_superuser(place.wall, "UPDATE casework.records SET kind = 'note' WHERE record_id = %s", row["record_id"])
        refused(place.coach.get(f"/cases/{place.case['caritas']}/notes/{row['record_id'].hex()}"), "record_tampered")


def test_a_detail_moved_to_another_entry_is_refused(place: Estate, dump: Rows) -> None:
    rows = [row for row in dump["log.outbox"] if row["detail"]][:2]
    with restored(place.wall, "log.outbox"):
        as_superuser(
            place.wall, "UPDATE log.outbox SET detail = %s WHERE entry_id = %s", rows[0]["detail"], rows[1]["entry_id"]
        )
        refused(place.owned[OVERSIGHT].get(f"/entries/{rows[1]['entry_id'].hex()}/detail"), "record_tampered")
