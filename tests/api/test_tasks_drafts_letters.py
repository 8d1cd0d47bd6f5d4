"""Tasks and the agenda, drafts, letters: what each keeps, for whom, and until when."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any, Final

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select

from gateway.sweeper import sweep_all, sweeping
from tests.api.support import comparable, counts, entries, since
from tests.crash.checks import faults
from tests.crash.plays import Stagehand
from tests.flow_paths import Paths
from tests.house import CASE, House
from tests.recorded import CONSEQUENCES, DRAFT, INVITATION, TASK, compose, save_draft, set_task
from vault.cases.flow import State, Step, phase_of
from vault.errors import StoreBusy
from vault.storage import tables as t
from vault.usecases import tasks as use_tasks
from vault.usecases.casework import parse_reference
from vault.usecases.sweep import sweep
from vault.vocabulary import CASEWORK, Phase


def _renew(house: House) -> None:
    Stagehand(house).renew()


# -- tasks -------------------------------------------------------------------------------------------


def test_a_task_is_noted_changed_and_ticked_off(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    task = set_task(coach, case, title="Rappeler Aminata Diallo", remind_on="2026-11-04")
    (listed,) = coach.get(f"/cases/{case}/tasks").json()["tasks"]
    assert (listed["title"], listed["due_on"], listed["remind_on"]) == (
        "Rappeler [PERSONNE-1]", "2026-11-05", "2026-11-04",
    )  # fmt: skip
    done = coach.put(f"/cases/{case}/tasks/{task}", json=TASK | {"done": True, "based_on": 1})
    assert done.json()["version"] == 2
    (listed,) = coach.get(f"/cases/{case}/tasks").json()["tasks"]
    assert listed["done_on"] == "2026-11-03"
    house.clock.move(days=1)
    _renew(house)
    coach = house.client("coach")
    again = coach.put(f"/cases/{case}/tasks/{task}", json=TASK | {"done": True, "based_on": 2})
    assert again.status_code == 200
    assert coach.get(f"/cases/{case}/tasks").json()["tasks"][0]["done_on"] == "2026-11-03", "done is done when it was"
    assert coach.put(f"/cases/{case}/tasks/{task}", json=TASK | {"based_on": 3}).status_code == 200
    assert coach.get(f"/cases/{case}/tasks").json()["tasks"][0]["done_on"] is None
    assert coach.put(f"/cases/{case}/tasks/{task}", json=TASK | {"based_on": 3}).status_code == 409
    assert faults(house.settings) == []


def test_the_title_is_sealed_and_the_days_stand_in_the_row(lite_house: House) -> None:
    coach = lite_house.client("coach")
    set_task(coach, lite_house.open_case(coach), title="kingfisher à rappeler")
    with lite_house.services.store.main.engine.connect() as connection:
        (row,) = connection.execute(select(t.tasks)).all()
        stored = connection.execute(select(t.records.c.sealed).where(t.records.c.record_id == row.task_id)).scalar_one()
    assert row.due_on == date(2026, 11, 5)
    assert b"kingfisher" not in bytes(stored)


def test_the_agenda_holds_ones_own_open_tasks_from_their_reminder_on(house: House) -> None:
    coach, colleague = house.client("coach"), house.client("colleague")
    case, other = house.open_case(coach), house.open_case(coach)
    foreign = house.open_case(colleague)
    late = set_task(coach, case, title="en retard", due_on="2026-10-01")
    soon = set_task(coach, other, title="bientôt", due_on="2026-11-20", remind_on="2026-11-03")
    far = set_task(coach, case, title="plus tard", due_on="2026-11-20")
    done = set_task(coach, case, title="fait", due_on="2026-11-03", done=True)
    set_task(colleague, foreign, title="d'une collègue", due_on="2026-11-01")
    reply = coach.post("/agenda", json={}).json()
    assert [(row["task"], row["title"]) for row in reply["tasks"]] == [(late, "en retard"), (soon, "bientôt")]
    assert reply["complete"] is True
    assert {row["reference"] for row in reply["tasks"]} == {case, other}
    until = coach.post("/agenda", json={"until": "2026-11-20"}).json()["tasks"]
    assert [row["task"] for row in until] == sorted([late, soon, far], key=lambda one: (one != late, one))
    assert done not in {row["task"] for row in until}
    assert [row["title"] for row in colleague.post("/agenda", json={}).json()["tasks"]] == ["d'une collègue"]
    assert house.client("far_coach").post("/agenda", json={}).json()["tasks"] == []


def test_a_day_of_the_agenda_begins_at_midnight_in_belgium(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    task = {"title": "appeler", "due_on": "2026-11-05", "language": "fr"}
    made = set_task(coach, case, **task)
    for hour, there in (("2026-11-04T22:59:00", 0), ("2026-11-04T23:00:00", 1)):
        lite_house.clock.moment = datetime.fromisoformat(hour).replace(tzinfo=UTC)
        lite_house.renew("coach")
        coach = lite_house.client("coach")
        assert len(coach.post("/agenda", json={}).json()["tasks"]) == there, hour
    done = task | {"done": True, "based_on": 1}
    assert coach.put(f"/cases/{case}/tasks/{made}", json=done).status_code == 200
    (line,) = coach.get(f"/cases/{case}/tasks").json()["tasks"]
    assert line["done_on"] == "2026-11-05"


def test_an_agenda_that_is_too_long_says_so(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_tasks, "AGENDA_LIMIT", 2)
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    for day in (1, 2, 3):
        set_task(coach, case, title=f"le {day}", due_on=f"2026-11-0{day}")
    reply = coach.post("/agenda", json={}).json()
    assert ([row["title"] for row in reply["tasks"]], reply["complete"]) == (["le 1", "le 2"], False)


def test_a_task_that_cannot_be_meant_is_refused(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case, other = lite_house.open_case(coach), lite_house.open_case(coach)
    task = set_task(coach, case)
    rows = counts(lite_house)
    for wrong in (
        {"title": " "}, {"title": ""}, {"due_on": "2206-01-01"}, {"remind_on": "2026-11-06"}, {"language": "it"},
        {"due_on": 20261105}, {"due_on": "demain"}, {"title": "[PERSONNE-7]"}, {"based_on": 1}, {"done": "yes"},
    ):  # fmt: skip
        assert coach.post(f"/cases/{case}/tasks", json=TASK | wrong).status_code == 400, wrong
    assert coach.put(f"/cases/{other}/tasks/{task}", json=TASK | {"based_on": 1}).status_code == 404
    assert counts(lite_house) == rows


def test_a_case_takes_so_many_tasks(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_tasks, "TASKS_PER_CASE", 1)
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    task = set_task(coach, case)
    assert coach.post(f"/cases/{case}/tasks", json=TASK).status_code == 409
    assert coach.put(f"/cases/{case}/tasks/{task}", json=TASK | {"based_on": 1}).status_code == 200


# -- drafts ------------------------------------------------------------------------------------------


def _drafts(house: House) -> list[bytes | None]:
    with house.services.store.main.engine.connect() as connection:
        return [row[0] for row in connection.execute(select(t.drafts.c.sealed)).all()]


def test_a_draft_is_kept_as_it_was_typed_and_overwritten(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    for text in ("Elle", "Elle dit [PERSONNE-", "Elle dit qu'Aminata Diallo", ""):
        save_draft(coach, case, text=text)
        read = coach.get(f"/cases/{case}/drafts/new").json()
        assert (read["text"], read["note"], read["template"], read["based_on"]) == (text, None, "intake", 0)
    assert len(_drafts(house)) == 1
    assert read["expires_at"] == "2026-11-17T09:00:00+00:00"
    assert faults(house.settings) == []


def test_a_draft_is_its_authors_alone(house: House) -> None:
    """A colleague, and even the coach who takes the case over, finds an empty place."""
    coach = house.client("coach")
    case = house.open_case(coach)
    save_draft(coach, case)
    house.client("colleague")
    with house.services.store.main.engine.connect() as connection:
        raw = parse_reference(case).raw
        own = connection.execute(select(t.cases.c.entry_id).where(t.cases.c.case_id == raw)).scalar_one()
        entry = connection.execute(select(t.entries.c.entry_id).where(t.entries.c.entry_id != own)).scalars().first()
        heir = house.staff["colleague"].id.raw
        connection.execute(t.cases.update().where(t.cases.c.case_id == raw).values(coach=heir, entry_id=entry))
        connection.commit()
    colleague = house.client("colleague")
    assert colleague.get(f"/cases/{case}/drafts/new").status_code == 404
    save_draft(colleague, case, text="Mon propre début.")
    assert colleague.get(f"/cases/{case}/drafts/new").json()["text"] == "Mon propre début."
    assert coach.get(f"/cases/{case}/drafts/new").status_code == 404, "the case is not theirs any more"
    assert len(_drafts(house)) == 2
    assert house.write_note(colleague, case)
    assert sorted(draft is None for draft in _drafts(house)) == [False, True], "only one's own draft is cleared"


def test_saving_the_note_empties_its_draft_and_no_other(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    note = house.write_note(coach, case)
    save_draft(coach, case, text="Un autre début.")
    save_draft(coach, case, note, text="Elle a ajouté", based_on=1)
    body = {"text": "Elle a ajouté ceci.", "language": "fr", "template": "intake", "based_on": 1}
    assert coach.put(f"/cases/{case}/notes/{note}", json=body).status_code == 200
    assert coach.get(f"/cases/{case}/drafts/{note}").status_code == 404
    assert coach.get(f"/cases/{case}/drafts/new").json()["text"] == "Un autre début."
    refused = coach.put(f"/cases/{case}/notes/{note}", json=body)
    assert refused.status_code == 409
    save_draft(coach, case, note, text="Toujours là", based_on=2)
    assert coach.put(f"/cases/{case}/notes/{note}", json=body).status_code == 409
    assert coach.get(f"/cases/{case}/drafts/{note}").json()["text"] == "Toujours là", "a refused save loses no draft"
    house.write_note(coach, case)
    assert coach.get(f"/cases/{case}/drafts/new").status_code == 404


def test_a_draft_is_thrown_away(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    nothing = coach.delete(f"/cases/{case}/drafts/new")
    save_draft(coach, case)
    there = coach.delete(f"/cases/{case}/drafts/new")
    assert (nothing.status_code, there.status_code) == (200, 200)
    assert coach.get(f"/cases/{case}/drafts/new").status_code == 404
    assert _drafts(lite_house) == [None]


def test_a_draft_ends_by_its_age_and_is_swept(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    save_draft(coach, case)
    house.clock.move(days=14, seconds=-10)
    _renew(house)
    coach = house.client("coach")
    assert coach.get(f"/cases/{case}/drafts/new").status_code == 200
    house.clock.move(seconds=20)
    assert coach.get(f"/cases/{case}/drafts/new").status_code == 404, "before anybody swept it"
    assert _drafts(house) != [None]
    casework = house.services.casework
    assert casework is not None
    before = len(entries(house))
    assert house.services.worker.run(CASEWORK, lambda uow: sweep(uow, casework)) == 1
    assert [(e["action"], e["kind"], e["count"]) for e in since(house, before)] == [("swept", "draft", 1)]
    assert _drafts(house) == [None]
    assert house.services.worker.run(CASEWORK, lambda uow: sweep(uow, casework)) == 0
    save_draft(coach, case, text="De nouveau.")
    assert coach.get(f"/cases/{case}/drafts/new").json()["text"] == "De nouveau."
    assert faults(house.settings) == []


def test_the_server_sweeps_by_itself_whatever_befell_the_last_time(
    lite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    failing = [RuntimeError("nobody foresaw this"), StoreBusy("later")]

    def sweep_or_fail(*given: Any) -> int:
        if failing:
            raise failing.pop()
        return sweep(*given)

    monkeypatch.setattr("gateway.sweeper.sweep", sweep_or_fail)
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    save_draft(coach, case)
    lite_house.clock.move(days=15)
    before = len(entries(lite_house))

    def through() -> list[int]:
        """What the log says of whole sweeps."""
        return [e["count"] for e in since(lite_house, before) if e["action"] == "swept_through"]

    async def serve() -> None:
        async with sweeping(lite_house.services, first=0.0, every=0.01):
            for _ in range(200):
                if through():
                    break
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)  # some more rounds: they say nothing new
        for _ in range(200):  # a sweep that was under way ends in the loop that it began in
            if lite_house.services.worker.idle:
                break
            await asyncio.sleep(0.01)

    asyncio.run(serve())
    assert _drafts(lite_house) == [None]
    assert through() == [1]
    assert asyncio.run(sweep_all(lite_house.services)) == 0


def test_a_draft_needs_the_notice_a_whole_text_and_a_note_of_the_case(lite_house: House) -> None:
    coach = lite_house.client("coach")
    silent, case, other = (
        lite_house.open_case(coach, notice=False),
        lite_house.open_case(coach),
        lite_house.open_case(coach),
    )
    note = lite_house.write_note(coach, case)
    rows = counts(lite_house)
    assert coach.put(f"/cases/{silent}/drafts/new", json=DRAFT).status_code == 409
    for wrong in ({"text": "x" * 131_073}, {"language": "it"}, {"template": "poem"}, {"based_on": 1},
                  {"template_version": 9}):  # fmt: skip
        assert coach.put(f"/cases/{case}/drafts/new", json=DRAFT | wrong).status_code == 400, wrong
    assert coach.put(f"/cases/{case}/drafts/{note}", json=DRAFT).status_code == 400, "a revision names its version"
    assert coach.put(f"/cases/{other}/drafts/{note}", json=DRAFT | {"based_on": 1}).status_code == 404
    assert coach.get(f"/cases/{other}/drafts/{note}").status_code == 404
    for none in ("old", "NEW", "0" * 31):
        assert coach.get(f"/cases/{case}/drafts/{none}").status_code == 400
    assert counts(lite_house) == rows


def test_a_closed_case_has_no_drafts(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    save_draft(coach, case)
    lite_house.step(coach, case, "close", outcome="STAY_OBTAINED")
    assert coach.get(f"/cases/{case}/drafts/new").status_code == 404
    assert coach.put(f"/cases/{case}/drafts/new", json=DRAFT).status_code == 404


# -- letters -----------------------------------------------------------------------------------------


def test_a_letter_is_composed_kept_and_read_again(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    reply = coach.post(f"/cases/{case}/letters", json=CONSEQUENCES | {"languages": ["nl", "fr"]})
    assert reply.status_code == 201
    told = reply.json()
    assert (told["letter"], told["letter_version"], told["languages"]) == ("consequences", 2, ["nl", "fr"])
    assert told["fields"]["recipients"] == ["Aminata Diallo"]
    assert told["fields"]["address"] == CASE["contact"]["address"]
    assert told["fields"]["letter_date"] == "2026-11-03"
    assert "15/12/2026" in " ".join(told["texts"]["nl"]["paragraphs"])
    assert coach.get(f"/cases/{case}/letters/{told['record']}").json() == told
    (listed,) = coach.get(f"/cases/{case}/letters").json()["letters"]
    assert (listed["record"], listed["letter"], listed["language"]) == (told["record"], "consequences", "nl")
    assert "fields" not in listed
    entry = next(e for e in entries(house) if e["kind"] == "letter" and e["action"] == "write")
    assert (entry["outcome"], entry["decision"]) == ("consequences", "allow")
    assert faults(house.settings) == []


def test_the_desk_invites_and_writes_nothing_else(house: House) -> None:
    coach, desk = house.client("coach"), house.client("desk")
    case = Paths(house).case_in(State.TRIAGED)
    letter = compose(desk, case, INVITATION)
    assert compose(coach, case, INVITATION | {"letter": "reminder", "missed_on": "2026-11-25"})
    assert len(desk.get(f"/cases/{case}/invitations").json()["letters"]) == 2
    assert desk.get(f"/cases/{case}/invitations/{letter}").json()["fields"]["address"] == CASE["contact"]["address"]
    assert desk.post(f"/cases/{case}/letters", json=CONSEQUENCES).status_code == 403
    assert desk.get(f"/cases/{case}/letters").status_code == 403
    own = compose(coach, case)
    assert desk.get(f"/cases/{case}/invitations/{own}").status_code == 404
    assert coach.get(f"/cases/{case}/letters/{letter}").status_code == 404


def test_the_desk_of_another_region_and_a_case_that_ended_give_nothing(lite_house: House) -> None:
    coach, desk, far = lite_house.client("coach"), lite_house.client("desk"), lite_house.client("far_coach")
    abroad = lite_house.open_case(far, region="liege", ov_number="8123458")
    unknown = desk.post(f"/cases/{abroad}/invitations", json=INVITATION)
    assert unknown.status_code == 404
    paths = Paths(lite_house)
    case = paths.case_in(State.INVITED)
    letter = compose(desk, case, INVITATION)
    for step in (Step.BEGIN_INTAKE, Step.CLOSE):  # from the reception on the coach invites; then nobody
        paths.take(case, step)
        late = desk.post(f"/cases/{case}/invitations", json=INVITATION)
        for reply in (late, desk.get(f"/cases/{case}/invitations/{letter}")):
            assert reply.status_code == 404, step
            assert "Diallo" not in reply.text
        sent = desk.get(f"/cases/{case}/invitations")  # that an invitation was sent it sees until the end
        assert sent.status_code == (200 if step is Step.BEGIN_INTAKE else 404)
        assert comparable(unknown) == comparable(late)
        assert coach.get(f"/cases/{case}/invitations/{letter}").status_code == 200


@pytest.mark.parametrize("state", [state for state in State if phase_of(state) is Phase.PENDING])
def test_the_desk_invites_until_the_person_was_received(lite_house: House, state: State) -> None:
    desk, case = lite_house.client("desk"), Paths(lite_house).case_in(state)
    letter = compose(desk, case, INVITATION)
    assert desk.get(f"/cases/{case}/invitations/{letter}").json()["fields"]["address"] == CASE["contact"]["address"]


def test_a_letter_is_printed_for_whoever_may_read_it(lite_house: House) -> None:
    coach, desk = lite_house.client("coach"), lite_house.client("desk")
    case = Paths(lite_house).case_in(State.TRIAGED)
    path = f"/cases/{case}/invitations/{compose(desk, case, INVITATION)}"
    before = len(entries(lite_house))
    reply = desk.get(f"{path}/pdf")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/pdf")
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''invitation-2026-11-03.pdf"
    assert reply.headers["cache-control"] == "no-store"
    text = PdfReader(BytesIO(reply.content)).pages[0].extract_text()
    assert "Aminata Diallo" in text
    assert coach.get(f"{path}/pdf").content == reply.content, "the same letter, the same bytes"
    (first, second) = entries(lite_house)[before:]
    assert (first["action"], first["kind"], second["action"]) == ("read", "invitation", "read")
    assert lite_house.client("colleague").get(f"{path}/pdf").status_code == 404
    assert desk.get(f"{path.replace('invitations', 'letters')}/pdf").status_code == 403


LETTERS: Final[list[dict[str, Any]]] = [
    CONSEQUENCES,
    {"letter": "closing", "languages": ["de"], "contact": "02", "outcome": "TRANSFERRED", "closed_on": "2026-12-01"},
    {"letter": "referral", "languages": ["en"], "contact": "02", "partner": "caritas", "need": "legal_aid",
     "shared": ["family_name", "phone"], "expires_on": "2027-01-31"},
]  # fmt: skip


@pytest.mark.parametrize("body", LETTERS, ids=[body["letter"] for body in LETTERS])
def test_each_letter_takes_its_own_fields(lite_house: House, body: dict[str, Any]) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    assert compose(coach, case, body)
    rows = counts(lite_house)
    for name in set(body) - {"letter", "languages"}:
        less = {field: value for field, value in body.items() if field != name}
        assert coach.post(f"/cases/{case}/letters", json=less).status_code == 400, name
    for wrong in (
        {"languages": []}, {"languages": ["it"]}, {"languages": ["fr", "fr"]}, {"letter": "invitation"},
        {"letter": "threat"}, {"family_name": "Diallo"}, {"contact": "x" * 401}, {"partner": "police"},
        {"outcome": "DEPORTED"}, {"need": "everything"}, {"shared": ["notes"]},
    ):  # fmt: skip
        reply = coach.post(f"/cases/{case}/letters", json=body | wrong)
        assert reply.status_code == 400, wrong
    assert counts(lite_house) == rows


def test_a_letter_holds_nothing_that_was_confided(lite_house: House) -> None:
    """Every field comes from the file, or from whoever writes it; facts and notes have no place in one."""
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    lite_house.write_note(coach, case, "kookaburra a dit la personne.")
    body = {"code": "health", "value": "pregnancy", "detail": "kookaburra", "language": "fr", "provenance": "interview"}
    assert coach.post(f"/cases/{case}/facts/sensitive", json=body).status_code == 201
    for letter in (*LETTERS, INVITATION):
        plural = "invitations" if letter["letter"] == "invitation" else "letters"
        assert "kookaburra" not in coach.post(f"/cases/{case}/{plural}", json=letter).text


def test_a_letter_with_an_address_that_was_confided_is_no_official_record(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    compose(coach, case)
    compose(coach, case, INVITATION)
    with lite_house.services.store.main.engine.connect() as connection:
        told = connection.execute(
            select(t.records.c.provenance, func.count())
            .where(t.records.c.kind.in_(["letter", "invitation"]))
            .group_by(t.records.c.provenance)
        ).all()
    assert [tuple(row) for row in told] == [("interview", 2)]
