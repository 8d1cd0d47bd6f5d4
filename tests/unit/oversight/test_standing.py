"""How whole the log is, in values: signed heads, quorum, lag, gaps, and what was checked elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from vault.audit.events import Event, Verdict, encode_body
from vault.audit.reading import LogStanding, SignedHead, StoredEntry, TreeHead
from vault.errors import InvalidInput
from vault.ids import EntryId
from vault.oversight.standing import Quorum, Verification, standing_values

NOW: Final = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
HEADS: Final = [SignedHead("log/2026h2", size, NOW - timedelta(seconds=60 - size), f"note {size}") for size in (30, 20)]
ROOT: Final = bytes(32)


def standing(**changed: Any) -> LogStanding:
    found = LogStanding(NOW - timedelta(seconds=4), 0, TreeHead("log/2026h2", 30, ROOT), HEADS, 0, None, [])
    return found._replace(**changed)


def entry(**said: Any) -> StoredEntry:
    place = {"entry": bytes(16).hex(), "zone": "oversight", "lane": bytes(8).hex(), "number": 0}
    event = Event(**{"action": "write", "kind": "log_state", "verdict": Verdict.ALLOW, "role": "auditor", **said})
    body = encode_body(event, at="2026-11-02T08:00:00.000000+00:00", previous="", commitment="", **place)
    return StoredEntry(EntryId(bytes(16)), body, NOW, "oversight")


def signed(*sizes: int, count: int = 1) -> Quorum:
    return Quorum(True, lambda note: count if int(note.split()[1]) in sizes else None)


@pytest.mark.parametrize(
    ("quorum", "word", "size", "witnesses"),
    [
        pytest.param(signed(30, 20), "met", 30, 1, id="the newest is signed"),
        pytest.param(signed(20, count=2), "met", 20, 2, id="an older one is signed"),
        pytest.param(signed(), "not_met", None, 0, id="none is signed by enough"),
        pytest.param(Quorum(False, lambda _: 0), "none_asked", None, 0, id="no witness is asked for, none signed"),
        pytest.param(None, "unknown", None, 0, id="no policy file here"),
    ],
)
def test_the_newest_head_that_enough_witnesses_signed(
    quorum: Quorum | None, word: str, size: int | None, witnesses: int
) -> None:
    told = standing_values(standing(), quorum, NOW)
    assert (told["quorum"], told["cosigned_size"], told["witnesses"]) == (word, size, witnesses)


@pytest.mark.parametrize(("waiting", "lag"), [(0, 0.0), (3, 4.0)])
def test_nothing_that_waits_is_no_lag(waiting: int, lag: float) -> None:
    assert standing_values(standing(waiting=waiting), None, NOW)["lag_seconds"] == lag


def test_a_log_that_never_began_says_so() -> None:
    told = standing_values(LogStanding(None, 7, None, [], 0, None, []), signed(30), NOW)
    assert (told["size"], told["origin"], told["lag_seconds"], told["verified"]) == (0, "", None, None)
    assert (told["waiting"], told["quorum"]) == (7, "not_met")


@pytest.mark.parametrize(("outcome", "verdict", "agrees"), [("sound", "sound", True), ("gap:differs", "gap", False)])
def test_the_newest_check_elsewhere_is_told(outcome: str, verdict: str, agrees: bool) -> None:
    found = standing(
        verified=[entry(outcome=outcome, object=f"log/2026h2@20:{ROOT.hex()}")], gaps=2, newest_gap=entry()
    )
    told = standing_values(found, None, NOW)
    assert told["verified"] | {"entry": "", "at": ""} == {
        "entry": "", "at": "", "role": "auditor", "origin": "log/2026h2", "size": 20, "verdict": verdict,
        "agrees": agrees,
    }  # fmt: skip
    assert (told["gaps"], told["newest_gap"]) == (2, "2026-11-02T08:00:00.000000+00:00")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"origin": ""}, "origin"), ({"origin": "a b"}, "origin"), ({"origin": "a@1:b"}, "origin"),
        ({"origin": "é"}, "origin"), ({"origin": "x" * 161}, "origin"), ({"size": -1}, "size"),
        ({"size": 1 << 63}, "size"), ({"root": bytes(31)}, "root"), ({"verdict": "fine"}, "verdict"),
        ({"verdict": "sound:differs"}, "verdict"),
    ],
)  # fmt: skip
def test_what_is_no_verification_is_refused(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as fault:
        Verification("log/2026h2", 20, ROOT, "sound")._replace(**changed).check()
    assert fault.value.field == field
