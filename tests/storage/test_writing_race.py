"""What arrives late beside what ended it: a draft after its note, a part of a file that was given up; two absences.

In the way of `test_case_race`: two casework processes on PostgreSQL, one writer on SQLite.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.wiring import Services
from tests.api.stage_people import People
from tests.api.test_coaches import id_of
from tests.crash.snapshot import look
from tests.house import House
from tests.storage.test_case_race import Act, as_, one_after_the_other
from vault.cases.assignment import AbsenceKind
from vault.crypto.chunked import CHUNK_BYTES
from vault.errors import Conflict, StaleVersion
from vault.ids import ActorId, RecordId
from vault.sensitive import Sensitive
from vault.usecases import attachments, coaches, drafts, notes
from vault.usecases.casework import parse_reference
from vault.vocabulary import Kind, Provenance

TYPED = "Rien de nouveau cette semaine."


def seen(house: House, case: str) -> int:
    """What a form that is opened now says with what it sends."""

    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        return drafts.begin_writing(uow, actor, parse_reference(case), None, services.casework)[1].since

    found: int = as_(house, house.services, "coach", act)
    return found


def keeping(case: str, since: int | None, note: str = "", based_on: int = 0, text: str = TYPED) -> Act:
    record = RecordId.parse(note) if note else None

    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        cmd = drafts.SaveDraft(parse_reference(case), text, "fr", "interview", record, based_on, since=since)
        return drafts.save_draft(uow, actor, cmd, services.casework)

    return act


def saving(case: str, note: str = "", based_on: int = 0) -> Act:
    record = RecordId.parse(note) if note else None

    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        cmd = notes.WriteNote(parse_reference(case), TYPED, "fr", "interview", record, based_on)
        return notes.write_note(uow, actor, cmd, services.casework)

    return act


def kept(house: House) -> list[bytes]:
    return [bytes(row["sealed"]) for row in look(house.settings)["drafts"] if row["sealed"] is not None]


@pytest.fixture
def case(house: House) -> str:
    """With a note, so that its key is there: whoever seals first in a case makes it."""
    found = house.open_case(house.client("coach"))
    house.write_note(house.client("coach"), found)
    return found


def test_two_first_notes_of_a_case_are_both_saved(house: House) -> None:
    """Each would make the key that the case has none of yet: who is overtaken finds the other's."""
    fresh = house.open_case(house.client("coach"))
    told = one_after_the_other(house, ("coach", saving(fresh)), ("coach", saving(fresh)))
    assert isinstance(told, dict)
    assert len(house.client("coach").get(f"/cases/{fresh}/notes").json()["notes"]) == 2


@pytest.mark.parametrize("before", [0, 1, 2], ids=["the first", "the second", "the third"])
def test_a_draft_that_arrives_after_its_note_was_saved_is_none(house: House, case: str, before: int) -> None:
    since = seen(house, case)
    for _ in range(before):
        as_(house, house.services, "coach", keeping(case, since))
    told = one_after_the_other(house, ("coach", saving(case)), ("coach", keeping(case, since)))
    assert isinstance(told, StaleVersion)
    assert kept(house) == []


def test_a_note_takes_the_draft_with_it_that_is_being_kept(house: House, case: str) -> None:
    told = one_after_the_other(house, ("coach", keeping(case, seen(house, case))), ("coach", saving(case)))
    assert isinstance(told, dict)
    assert kept(house) == []


def test_a_draft_of_a_revision_that_arrives_late_is_none(house: House, case: str) -> None:
    note = house.write_note(house.client("coach"), case)
    told = one_after_the_other(
        house, ("coach", saving(case, note, 1)), ("coach", keeping(case, 0, note, 1))
    )  # fmt: skip
    assert isinstance(told, StaleVersion)
    assert kept(house) == []


def test_a_page_that_is_still_open_is_told_and_goes_on(house: House, case: str) -> None:
    """Two notes of one case are being written in two windows: the second one's words are kept all the same."""
    since = seen(house, case)
    told = one_after_the_other(house, ("coach", saving(case)), ("coach", keeping(case, since, text="Autre chose.")))
    assert isinstance(told, StaleVersion)
    as_(house, house.services, "coach", keeping(case, told.current, text="Autre chose."))
    assert len(kept(house)) == 1


def test_what_is_thrown_away_is_not_kept_again_by_what_was_sent_before(house: House, case: str) -> None:
    since = seen(house, case)
    as_(house, house.services, "coach", keeping(case, since))

    def throwing(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        return drafts.discard_draft(uow, actor, parse_reference(case), None, services.casework)

    told = one_after_the_other(house, ("coach", throwing), ("coach", keeping(case, since)))
    assert isinstance(told, StaleVersion)
    assert kept(house) == []


def test_a_program_that_cannot_be_late_needs_not_say_what_it_saw(house: House, case: str) -> None:
    as_(house, house.services, "coach", saving(case))
    as_(house, house.services, "coach", keeping(case, None))
    assert len(kept(house)) == 1


# -- a file ----------------------------------------------------------------------------------------


def begun(house: House, case: str) -> attachments.Arrival:
    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        number = parse_reference(case)
        return attachments.begin_attachment(
            uow, actor, number, Kind.ATTACHMENT, Provenance.INTERVIEW, services.casework
        )

    found: attachments.Arrival = as_(house, house.services, "coach", act)
    return found


def adding(arrival: attachments.Arrival) -> Act:
    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        chunk = Sensitive(bytes(CHUNK_BYTES))
        attachments.add_chunks(uow, actor, arrival, 0, [chunk], services.casework)
        return {}

    return act


def giving_up(arrival: attachments.Arrival) -> Act:
    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        attachments.abandon_attachment(uow, actor, arrival, services.casework)
        return {}

    return act


def left(house: House) -> list[bytes]:
    return [bytes(row["sealed"]) for row in look(house.settings)["attachment_chunks"] if row["sealed"]]


def test_no_part_of_a_file_stays_that_arrives_while_it_is_given_up(house: House, case: str) -> None:
    """It would lie there until the case is erased: nobody empties a file twice."""
    arrival = begun(house, case)
    told = one_after_the_other(house, ("coach", adding(arrival)), ("coach", giving_up(arrival)))
    assert isinstance(told, dict)
    assert left(house) == []


def test_no_part_is_added_to_a_file_that_is_being_given_up(house: House, case: str) -> None:
    arrival = begun(house, case)
    told = one_after_the_other(house, ("coach", giving_up(arrival)), ("coach", adding(arrival)))
    assert isinstance(told, Conflict)
    assert left(house) == []


# -- two absences ----------------------------------------------------------------------------------


def leaving(coach: str, first: int, last: int) -> Act:
    cmd = coaches.RecordAbsence(
        ActorId.parse(coach), AbsenceKind.LEAVE, date(2026, 11, first), date(2026, 11, last)
    )  # fmt: skip

    def act(uow: Any, actor: Any, services: Services) -> Any:
        assert services.casework is not None
        return coaches.record_absence(uow, actor, cmd, services.casework)

    return act


@pytest.mark.parametrize("profile", [True, False])
def test_of_two_absences_at_once_that_overlap_one_is_recorded(house: House, case: str, profile: bool) -> None:
    """Else an end of one leaves the other, and its caseload is handed over and back twice."""
    if profile:
        People(house, lambda: case).profile("coach")
    coach = id_of(house, "coach")
    told = one_after_the_other(house, ("head", leaving(coach, 9, 13)), ("head", leaving(coach, 11, 20)))
    assert isinstance(told, Conflict)
    assert len(look(house.settings)["absences"]) == 1


def test_two_absences_at_once_that_follow_each_other_are_both_recorded(house: House, case: str) -> None:
    coach = id_of(house, "coach")
    told = one_after_the_other(house, ("head", leaving(coach, 9, 13)), ("head", leaving(coach, 16, 20)))
    assert isinstance(told, dict)
    assert len(look(house.settings)["absences"]) == 2
