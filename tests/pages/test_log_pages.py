"""The auditor's pages on the log: search with explanations, the unexplained, sealed details, integrity, evidence."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.verify import Policy, verify_evidence
from gateway.log.key import read_policy
from gateway.log.live import ENDINGS, UNFINISHED, LiveCheck
from gateway.pages import words
from gateway.pages.integrity import FRESH
from tests.api.support import entries, since
from tests.house import House
from tests.log.test_keeper import keeper_of, let_go
from tests.pages.visiting import Visitor
from vault.errors import StoreBusy
from vault.oversight.explaining import Basis, Lack
from vault.oversight.standing import VERDICTS
from vault.storage import filing

_UNKNOWN = "/entries/" + "0" * 32


@pytest.fixture
def looked(lite_house: House) -> str:
    """A case whose coach looked at it, and which a colleague was refused; its name in the log."""
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    coach.get(f"/cases/{case}/identity")
    lite_house.client("colleague").get(f"/cases/{case}")
    return next(entry["subject"] for entry in entries(lite_house) if entry["kind"] == "identity")


@pytest.fixture
def kept(lite_house: House, looked: str) -> Iterator[str]:
    """The same, with every entry in the tree."""
    keeper = keeper_of(lite_house)
    _into_the_tree(lite_house, keeper)
    yield looked
    let_go(keeper)


def _into_the_tree(house: House, keeper: object) -> None:
    house.clock.move(seconds=20)
    keeper.turn()  # type: ignore[attr-defined]
    keeper.show()  # type: ignore[attr-defined]


def test_each_access_stands_with_what_explains_it(lite_house: House, looked: str) -> None:
    auditor = Visitor(lite_house, "auditor")
    page = auditor.look(f"/?subject={looked}&kind=identity&action=read")
    row = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)[-1]
    assert "assignment</a>" in row
    assert lite_house.staff["coach"].log_name in row
    refused = auditor.look(f"/?subject={looked}&decision=deny")
    assert refused.count(">refused</strong>") == 1
    assert "assignment" not in re.findall(r"<tr>.*?</tr>", refused, re.DOTALL)[-1]
    [entry] = re.findall(r'entries/([0-9a-f]{32})">', row)[:1]
    assert "What explains it:" in auditor.look(f"/entries/{entry}")


def test_what_is_looked_for_is_logged_as_the_interface_logs_it(lite_house: House, looked: str) -> None:
    auditor = Visitor(lite_house, "auditor")
    auditor.look("/")  # from here on the banner is fresh
    before = len(entries(lite_house))
    auditor.look(f"/?subject={looked}")
    auditor.look("/unexplained?actor=a-" + "0" * 24)
    written = [(e["actor"], e["action"], e["kind"], e["subject"], e["outcome"]) for e in since(lite_house, before)]
    name = lite_house.staff["auditor"].log_name
    assert written == [
        (name, "list", "audit_entry", looked, "explained"), (name, "list", "audit_entry", "", "explained"),
    ]  # fmt: skip


def test_a_page_of_the_log_is_filtered_by_every_word_and_goes_on(lite_house: House, looked: str) -> None:
    auditor = Visitor(lite_house, "auditor")
    for query in ("role=coach", "zone=casework", "purpose=coaching", "rule=cw-01", "since=2026-11-03&until=2026-11-03"):
        assert auditor.look(f"/?{query}")
    assert "No entry fits." in auditor.look("/?until=2026-11-02")
    assert "No entry fits." not in auditor.look("/?until=2026-11-03"), "a day that ends is a whole day"
    assert "There is a problem" in auditor.look("/?since=soon", 422)
    for _ in range(45):
        auditor.look("/unexplained?until=2026-11-02")
    first = auditor.look(f"/?actor={lite_house.staff['auditor'].log_name}")
    [older] = set(re.findall(r'href="/pages/oversight(/\?[^"]*before=[0-9a-f]+)"', first))
    assert lite_house.staff["auditor"].log_name in auditor.look(older)


def test_an_access_that_nothing_speaks_for_is_listed(lite_house: House, looked: str) -> None:
    auditor = Visitor(lite_house, "auditor")
    assert "unexplained: 0." in auditor.look("/unexplained")
    _entrusted_elsewhere(lite_house)
    page = auditor.look(f"/unexplained?subject={looked}")
    assert "unexplained: 0." not in page
    assert lite_house.staff["coach"].log_name in page
    assert "nothing in the log says so" in page or "the log says otherwise" in page


def _entrusted_elsewhere(house: House) -> None:
    """As if the log had lost that the case was entrusted to its coach: what is filed about it is taken away."""
    database = house.services.store.main.raw
    database.execute("DELETE FROM filed WHERE action = 'entrusted'")
    database.commit()


def test_who_exactly_is_opened_upon_a_reason_by_an_entry_of_its_own(lite_house: House, looked: str) -> None:
    auditor = Visitor(lite_house, "auditor")
    entry = next(e["entry"] for e in entries(lite_house) if e["kind"] == "identity" and e["action"] == "read")
    page = auditor.look(f"/entries/{entry}")
    assert ">Coach<" not in page.replace("Coach – ", "")
    assert ">Guidance</dd>" in page, "a zone stands in words"
    assert re.search(r"Purpose: [^.<]+\. +It was allowed", page)
    before = len(entries(lite_house))
    assert "There is a problem" in auditor.send(f"/entries/{entry}", 422, reason=" ")
    assert [e["kind"] for e in since(lite_house, before)] == ["audit_entry", "audit_entry"]
    shown = auditor.send(f"/entries/{entry}", 200, reason="Contrôle trimestriel")
    assert "10.0.0." in shown or "testclient" in shown
    opened = since(lite_house, before)[-1]
    assert (opened["kind"], opened["object"]) == ("audit_detail", entry)
    detail = lite_house.client("dpo").get(f"/entries/{opened['entry']}/detail").json()
    assert detail["reason"] == "Contrôle trimestriel"
    assert looked not in lite_house.open_case(lite_house.client("coach"), ov_number="8123450")
    alive = next(e["entry"] for e in entries(lite_house) if not e["actor"])
    assert "Nothing of this is kept" in auditor.send(f"/entries/{alive}", 200, reason="Contrôle trimestriel")


def test_the_banner_stands_on_every_page_and_is_read_once_a_minute(lite_house: House, kept: str) -> None:
    dpo = Visitor(lite_house, "dpo")
    before = len(entries(lite_house))
    for path in ("/", "/requests", "/withdrawals", "/sessions", "/unexplained", "/evidence", _UNKNOWN):
        page = dpo.look(path, 404 if path == _UNKNOWN else 200)
        assert re.search(r"The log holds \d+ entries", page), path
        assert "Nobody has checked a copy yet." in page
    read = [e for e in since(lite_house, before) if (e["action"], e["kind"]) == ("read", "log_state")]
    assert len(read) == 1
    lite_house.clock.move(seconds=FRESH.total_seconds() + 1)
    dpo.look("/requests")
    assert len([e for e in since(lite_house, before) if e["kind"] == "log_state"]) == 2
    assert "The log holds" not in Visitor(lite_house, "coach").look("/")


def test_the_log_is_checked_at_the_press_of_a_button_and_a_change_is_found(lite_house: House, kept: str) -> None:
    auditor = Visitor(lite_house, "auditor")
    before = len(entries(lite_house))
    page = auditor.send("/log-state", 200)
    assert "Checked just now: sound" in page
    asked = [e for e in since(lite_house, before) if e["outcome"] == "checked"]
    assert [(e["action"], e["kind"]) for e in asked] == [("read", "log_state")]
    told = lite_house.client("auditor").post("/log-state/check").json()
    assert (told["checked"]["verdict"], told["checked"]["what"]) == ("sound", "")
    assert told["checked"]["entries"] == told["size"]
    database = lite_house.services.store.main.raw
    database.execute("UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'identity', 'identify') AS BLOB)")
    database.commit()
    lite_house.clock.move(minutes=2)
    page = auditor.send("/log-state", 200)
    assert "an entry was changed" in page
    assert "Touch nothing." in page


def test_whoever_looks_too_early_is_told_how_far_filing_is(
    lite_house: House, looked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = Visitor(lite_house, "auditor")
    monkeypatch.setattr(filing, "BEFORE_A_LOOK", 2)
    page = auditor.look(f"/?subject={looked}", 503)
    whole = int(re.findall(r"0 of (\d+) entries", page)[0])
    assert whole > 2
    assert f'<progress id="filed" value="0" max="{whole}">' in page
    assert "Less than a minute is left." in page
    assert f'href="/pages/oversight/?subject={looked}">Look again' in page
    reply = lite_house.client("auditor").get("/entries")
    told = reply.json()
    assert (reply.status_code, told["type"]) == (503, "urn:problem-type:parefeu:log_being_filed")
    assert (told["filed"], told["seconds"], reply.headers["retry-after"]) == (0, 1, "1")
    assert told["of"] >= whole
    lite_house.services.filing_pace.a_second = 0.1
    reply = lite_house.client("auditor").get("/entries")
    assert reply.json()["seconds"] >= 10 * whole
    assert reply.headers["retry-after"] == "30"
    assert "minutes are left" in auditor.look("/", 503)
    monkeypatch.undo()
    assert "Look again" not in auditor.look(f"/?subject={looked}")


def test_a_check_ends_in_time_and_only_one_runs(lite_house: House, kept: str) -> None:
    ticks = iter((0.0, 9.0, 9.0, 9.0, 9.0))
    live = LiveCheck(lite_house.settings, 1.0, lambda: next(ticks))
    assert live.run()["verdict"] in {"sound", UNFINISHED}
    live._one.acquire()
    with pytest.raises(StoreBusy):
        live.run()


def test_a_log_without_a_policy_file_cannot_be_read_and_says_so(lite_house: House, looked: str) -> None:
    auditor = Visitor(lite_house, "auditor")
    assert "The log has no tree yet." in auditor.look("/log-state")
    (lite_house.settings.log_home / "policy.txt").unlink()
    assert "could not be read" in auditor.send("/log-state", 200)
    assert auditor.look("/")


def test_evidence_is_one_file_that_stands_alone(lite_house: House, kept: str, tmp_path: Path) -> None:
    lite_house.client("auditor")
    Visitor(lite_house, "auditor").look("/evidence")
    before = len(entries(lite_house))
    reply = lite_house.client("auditor").get("/evidence", params={"subject": kept})
    assert reply.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(reply.content)) as file:
        file.extractall(tmp_path)
    found = verify_evidence(tmp_path / "evidence", Policy.parse(read_policy(lite_house.settings)))
    about = [e["entry"] for e in entries(lite_house)[:before] if e["subject"] == kept]
    assert set(found) == set(about)
    assert b"Diallo" not in reply.content
    [written] = [e for e in since(lite_house, before) if e["outcome"] == "exported"]
    assert (written["subject"], written["count"]) == (kept, len(about))


def test_evidence_of_nothing_or_of_too_much_is_a_page(lite_house: House, looked: str) -> None:
    auditor = Visitor(lite_house, "auditor")
    assert "No tree of the log holds such an entry yet" in auditor.look(f"/evidence?subject={looked}", 422)
    assert "There is a problem" in auditor.look("/evidence?since=never", 422)
    empty = lite_house.client("auditor").get("/evidence", params={"subject": looked})
    assert (empty.status_code, empty.headers["x-parefeu-entries"]) == (200, "0")
    assert int(empty.headers["x-parefeu-left-out"]) > 1


def test_nobody_else_sees_these_pages(lite_house: House) -> None:
    for login in ("coach", "officer", "caritas"):
        for path in ("/unexplained", "/log-state", "/evidence"):
            Visitor(lite_house, login).look(path, 404)


def test_every_code_of_the_log_has_a_word() -> None:
    assert set(words.WORDS["spoken_for"]) == {str(basis) for basis in Basis}
    assert set(words.WORDS["lack"]) == {str(lack) for lack in Lack}
    assert set(words.WORDS["ending"]) == set(words.WORDS["ending_means"]) == {*VERDICTS, *ENDINGS}
