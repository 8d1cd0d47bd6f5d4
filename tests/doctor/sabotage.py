"""One way to break an installation for each of the doctor's checks, by SQL alone. A check without one fails a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.doctor.estate import CANARY, Past, earlier
from tests.doctor.sabotage_samples import SAMPLE_SABOTAGE
from vault.storage import tables as t

Break = Callable[[Past], None]
_ID: Final = bytes(range(16))
#: Of follow-up: what a lawful exception gave is broken on its own below.
_LIVE_GRANT: Final = (t.grants.c.revoked_at.is_(None), t.grants.c.reader == "follow_up")
_LONG_AGO: Final = datetime(2026, 1, 1, tzinfo=UTC)


def _login(past: Past) -> None:
    past.change(t.staff, t.staff.c.login == "officer", login="Coach")


def _name(past: Past) -> None:
    past.change(t.staff, t.staff.c.login == "officer", display_name="  COÁCH ")


def _role(past: Past) -> None:
    past.change(t.staff, t.staff.c.login == "officer", role="coach")


def _session(past: Past) -> None:
    past.change(t.sessions, t.sessions.c.actor_id == past.estate.staff["officer"], zone="casework")


def _author(past: Past) -> None:
    where = t.records.c.case_id == past.case("new"), t.records.c.kind == "contact"
    past.change(t.records, *where, author=past.estate.staff["officer"])


def _wrap(past: Past) -> None:
    key = past.one(t.data_keys.c.key_id, t.data_keys.c.case_id == past.case("noted"))
    past.remove(t.wraps, t.wraps.c.key_id == key)


def _not_erased(past: Past) -> None:
    past.change(t.cases, t.cases.c.case_id == past.case("closed"), state="erased")


def _release_key(past: Past) -> None:
    key = past.one(t.releases.c.key_id, t.releases.c.reader == "follow_up")
    past.remove(t.wraps, t.wraps.c.key_id == key)


def _sheet(past: Past) -> None:
    key = past.one(t.releases.c.key_id, t.releases.c.reader == "oversight")
    past.remove(t.releases, t.releases.c.key_id == key)
    past.remove(t.wraps, t.wraps.c.key_id == key)


def _spare(past: Past) -> None:
    past.add(t.wraps, key_id=_ID, reader="casework", wrap=b"x", created_at=past.estate.clock.moment)


def _no_entry(past: Past) -> None:
    past.change(t.consents, entry_id=_ID)


def _no_case(past: Past) -> None:
    past.change(t.consents, case_id=_ID)


def _other_act(past: Past) -> None:
    past.change(t.consents, entry_id=past.one(t.staff.c.entry_id))


def _note_gone(past: Past) -> None:
    past.remove(t.records, t.records.c.kind == "note")


def _trigger(past: Past) -> None:
    past.estate.cases["_dropped"] = b"tr_records_entry"
    past.run("SELECT 1", "ALTER TABLE casework.records DISABLE TRIGGER tr_records_entry")


def _chain(past: Past) -> None:
    last = past.one(t.outbox.c.entry_id, last=True)
    told = json.loads(past.one(t.entries.c.body, t.entries.c.entry_id == last))
    told["previous"] = "00" * 32
    body = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    past.change(t.entries, t.entries.c.entry_id == last, body=body)


def _outbox(past: Past) -> None:
    past.remove(t.outbox, t.outbox.c.entry_id == past.one(t.outbox.c.entry_id, last=True))


def _unbound(past: Past) -> None:
    past.add(t.outbox, entry_id=b"\xff" * 16, epoch=0, run=1)


def _unbound_before(past: Past) -> None:
    past.add(t.outbox, entry_id=bytes(16), epoch=0, run=1)


def _filing(past: Past) -> None:
    past.change(t.filed, t.filed.c.entry_id == past.one(t.filed.c.entry_id), actor=CANARY)


def _tree(past: Past) -> None:
    past.change(t.tiles, t.tiles.c.level == 0, hashes=bytes(32))


def _chunk(past: Past) -> None:
    past.remove(t.attachment_chunks)


def _title(past: Past) -> None:
    past.change(t.tasks, version=7)


def _cell(past: Past) -> None:
    past.change(t.desk_cells, t.desk_cells.c.appointment_id.is_not(None), appointment_id=None)


def _open_request(past: Past) -> bytes:
    """The one that has a second version."""
    found: bytes = past.one(t.access_copies.c.request_id, t.access_copies.c.version == 2)
    return found


def _copy_gone(past: Past) -> None:
    where = t.access_copies.c.request_id == _open_request(past), t.access_copies.c.reader == "oversight"
    where = (*where, t.access_copies.c.version == 1)
    key = past.one(t.access_copies.c.key_id, *where)
    past.remove(t.access_copies, *where)
    past.remove(t.wraps, t.wraps.c.key_id == key)


def _copy_key(past: Past) -> None:
    past.remove(t.wraps, t.wraps.c.key_id == past.one(t.access_copies.c.key_id))


def _asker(past: Past) -> None:
    where = t.access_requests.c.request_id == _open_request(past)
    past.change(t.access_requests, where, requester=past.estate.staff["coach"])


def _answerer(past: Past) -> None:
    where = t.access_answers.c.request_id == _open_request(past), t.access_answers.c.function == "regional_head"
    past.change(t.access_answers, *where, actor_id=past.estate.staff["coach"])


def _answer_gap(past: Past) -> None:
    where = t.access_answers.c.request_id == _open_request(past), t.access_answers.c.number == 2
    past.change(t.access_answers, *where, number=3)


def _more_granted(past: Past) -> None:
    past.change(t.grants, *_LIVE_GRANT, fields="family_name,address,procedure_pending")


def _longer(past: Past) -> None:
    past.change(t.grants, *_LIVE_GRANT, expires_at=past.one(t.grants.c.expires_at, *_LIVE_GRANT) + timedelta(days=9))


def _one_word(past: Past) -> None:
    """Of the one grant that lives, one function's approval is made into another answer."""
    request = past.one(t.grants.c.request_id, *_LIVE_GRANT)
    where = t.access_answers.c.request_id == request, t.access_answers.c.function == "dpo"
    past.change(t.access_answers, *where, act="delegated")


def _key_back(past: Past) -> None:
    key = past.one(t.grants.c.key_id, t.grants.c.revoked_at.is_not(None))
    past.change(t.wraps, t.wraps.c.key_id == key, wrap=b"x")


def _key_emptied(past: Past) -> None:
    key = past.one(t.grants.c.key_id, *_LIVE_GRANT)
    past.change(t.wraps, t.wraps.c.key_id == key, wrap=b"")


def _key_left(past: Past) -> None:
    _key_back(past)
    past.change(t.grants, t.grants.c.revoked_at.is_not(None), erased_at=None, revoked_at=_LONG_AGO)


def _exception(past: Past) -> tuple[bytes, bytes]:
    """Release and request of a lawful exception that lives: not revoked, not stopped, its key there."""
    where = t.grants.c.reader != "follow_up", t.grants.c.revoked_at.is_(None), t.grants.c.erased_at.is_(None)
    release = past.one(t.grants.c.release_id, *where)
    return release, past.one(t.grants.c.request_id, t.grants.c.release_id == release)


def _approval(past: Past, function: str) -> tuple[Any, ...]:
    """An approval of that exception, by this function."""
    _, request = _exception(past)
    answers = t.access_answers.c
    return answers.request_id == request, answers.function == function, answers.act == "approved"


def _one_signature(past: Past) -> None:
    past.change(t.access_answers, *_approval(past, "dpo"), evidence=b"")


def _one_answer(past: Past) -> None:
    past.change(t.access_answers, *_approval(past, "regional_head"), act="delegated")


def _same_signer(past: Past) -> None:
    """The head who signed is the one who filed it."""
    _, request = _exception(past)
    head = past.estate.staff["head"]
    past.change(t.access_requests, t.access_requests.c.request_id == request, requester=head, number=99)
    past.change(t.grants, t.grants.c.request_id == request, requester=head)


def _to_follow_up(past: Past) -> None:
    """Copy, grant and wrap say follow-up alike."""
    release, _ = _exception(past)
    key = past.one(t.grants.c.key_id, t.grants.c.release_id == release)
    past.change(t.grants, t.grants.c.release_id == release, reader="follow_up")
    past.change(t.releases, t.releases.c.release_id == release, reader="follow_up")
    past.change(t.wraps, t.wraps.c.key_id == key, reader="follow_up")


def _of_a_note(past: Past) -> None:
    """Also where both functions seem to have signed for it."""
    release, _ = _exception(past)
    past.change(t.grants, t.grants.c.release_id == release, fields="identity,note")
    for function in ("dpo", "regional_head"):
        past.change(t.access_answers, *_approval(past, function), fields="identity,note")


def _anothers_request(past: Past) -> None:
    """The requests of two exceptions, of two cases, are exchanged."""
    first, own = _exception(past)
    about = past.one(t.taken_requests.c.case_id, t.taken_requests.c.request_id == own)
    given = past.all(t.grants.c.request_id, t.grants.c.reader != "follow_up", t.grants.c.erased_at.is_(None))
    other = next(
        request
        for request in given
        if past.one(t.taken_requests.c.case_id, t.taken_requests.c.request_id == request) != about
    )
    second = past.one(t.grants.c.release_id, t.grants.c.request_id == other)
    past.change(t.grants, t.grants.c.release_id == second, request_id=_ID)
    past.change(t.grants, t.grants.c.release_id == first, request_id=other)
    past.change(t.grants, t.grants.c.release_id == second, request_id=own)


def _anothers_case(past: Past) -> None:
    _, request = _exception(past)
    past.change(t.taken_requests, t.taken_requests.c.request_id == request, case_id=past.case("far"))


def _exception_key_left(past: Past) -> None:
    """Beyond its hours, by days, and its key is there."""
    release, _ = _exception(past)
    for table in (t.grants, t.releases):
        past.change(table, table.c.release_id == release, expires_at=_LONG_AGO)


def _stopped_key_left(past: Past) -> None:
    """The data protection officer stopped it days ago, and its key is there."""
    request = past.one(t.access_answers.c.request_id, t.access_answers.c.act == "stopped")
    past.change(t.access_answers, t.access_answers.c.act == "stopped", at=_LONG_AGO)
    past.change(t.grants, t.grants.c.request_id == request, erased_at=None)
    key = past.one(t.grants.c.key_id, t.grants.c.request_id == request)
    past.change(t.wraps, t.wraps.c.key_id == key, wrap=b"x")


def _stopper(past: Past) -> None:
    """Whoever is no data protection officer stops nothing."""
    stopped = t.access_answers.c.act == "stopped"
    past.change(
        t.access_answers, stopped, zone="casework", function="regional_head", actor_id=past.estate.staff["head"]
    )


def _countersigned(past: Past) -> Any:
    return t.passkey_words.c.said == "countersigned"


def _vouched_unsigned(past: Past) -> None:
    past.change(t.passkey_words, _countersigned(past), signature=b"")


def _vouched_for_oneself(past: Past) -> None:
    head = past.estate.staff["head"]
    past.change(t.passkey_words, _countersigned(past), actor_id=head, zone="casework", function="regional_head")


def _blessed(past: Past) -> None:
    """A word that is none of the program's, beside the one that is."""
    word = past.row(t.passkey_words, _countersigned(past))
    past.add(t.passkey_words, **word | {"said": "blessed", "signature": b""})


def _not_vouched(past: Past) -> None:
    past.remove(t.passkey_words, _countersigned(past))


def _vouched_later(past: Past) -> None:
    later = past.estate.clock.moment + timedelta(days=1)
    past.change(t.passkey_words, _countersigned(past), at=later)


def _anothers_passkey(past: Past) -> None:
    past.change(t.passkeys, public_key=b"another key")


def _gone_holder(past: Past) -> None:
    past.change(t.staff, t.staff.c.login == "auditor", active=0)


def _other_function(past: Past) -> None:
    past.change(t.passkeys, function="coach")


def _unsigned(past: Past) -> None:
    """Of the ceremony that lives, one approval loses its approver's own signature."""
    request = past.one(t.ceremonies.c.request_id, t.ceremonies.c.ended_at.is_(None))
    where = t.access_answers.c.request_id == request, t.access_answers.c.function == "dpo"
    past.change(t.access_answers, *where, evidence=b"")


def _lasting(past: Past) -> None:
    where = t.ceremonies.c.ended_at.is_(None)
    past.change(t.ceremonies, where, expires_at=past.one(t.ceremonies.c.expires_at, where) + timedelta(hours=9))


def _untimely(past: Past) -> None:
    where = t.ceremonies.c.ended_at.is_(None)
    past.change(t.ceremonies, where, open_until=past.one(t.ceremonies.c.begun_at, where))


def _share_back(past: Past) -> None:
    key = past.one(t.ceremonies.c.key_id, t.ceremonies.c.ended_at.is_not(None))
    past.change(t.wraps, t.wraps.c.key_id == key, wrap=b"x")


def _share_gone(past: Past) -> None:
    key = past.one(t.ceremonies.c.key_id, t.ceremonies.c.ended_at.is_(None))
    past.change(t.wraps, t.wraps.c.key_id == key, wrap=b"")


def _share_left(past: Past) -> None:
    _share_back(past)
    past.change(t.ceremonies, t.ceremonies.c.ended_at.is_not(None), erased_at=None, ended_at=_LONG_AGO)


def _word(past: Past) -> None:
    past.change(t.cases, t.cases.c.case_id == past.case("far"), place=CANARY)


def _state(past: Past) -> None:
    past.change(t.cases, t.cases.c.case_id == past.case("far"), state="analysis")


def _step(past: Past) -> None:
    where = t.case_events.c.case_id == past.case("suspended"), t.case_events.c.step == "give_conclusions"
    past.change(t.case_events, *where, step="walk_in")


def _version(past: Past) -> None:
    past.change(t.cases, t.cases.c.case_id == past.case("far"), version=5)


def _outcome(past: Past) -> None:
    past.change(t.cases, t.cases.c.case_id == past.case("handed"), outcome="NO_SHOW")


def _same_person(past: Past) -> None:
    where = t.case_events.c.case_id == past.case("handed"), t.case_events.c.step == "hand_over"
    past.change(t.case_events, *where, actor_id=past.estate.staff["coach"])


def _early_note(past: Past) -> None:
    opened = past.one(t.cases.c.opened_at, t.cases.c.case_id == past.case("noted"))
    past.change(t.records, t.records.c.kind == "note", written_at=opened)


def _untold(past: Past) -> None:
    where = t.case_events.c.case_id == past.case("handed"), t.case_events.c.step == "explain_consequences"
    past.change(t.case_events, *where, step="give_notice")


def _stranded(past: Past) -> None:
    past.change(t.cases, t.cases.c.case_id == past.case("far"), coach=None)


def _no_day(past: Past) -> None:
    where = t.case_events.c.case_id == past.case("invited"), t.case_events.c.step == "invite"
    past.change(t.case_events, *where, note=CANARY)


def _term(past: Past) -> None:
    past.change(t.cases, t.cases.c.case_id == past.case("extended"), extended=0)


def _yesterday(past: Past) -> None:
    where = t.case_events.c.case_id == past.case("suspended"), t.case_events.c.step == "suspend"
    past.change(t.case_events, *where, at=earlier(past, t.case_events.c.at, *where, days=1))


def _hands(past: Past) -> None:
    past.change(t.assignments, t.assignments.c.number == 2, before=past.estate.staff["far_coach"])


def _gone_coach(past: Past) -> None:
    past.change(t.staff, t.staff.c.login == "third_coach", active=0)


def _half(past: Past) -> None:
    past.remove(t.records, t.records.c.case_id == past.case("far"), t.records.c.kind == "contact")


def _foreign_key(past: Past) -> None:
    key = past.one(t.data_keys.c.key_id, t.data_keys.c.case_id == past.case("noted"))
    where = t.records.c.case_id == past.case("far"), t.records.c.kind == "contact"
    past.change(t.records, *where, key_id=key)


def _schema(past: Past) -> None:
    past.run("UPDATE schema_version SET version_num = '0001'", "UPDATE schema_version SET version_num = '0001'")


def _alone(past: Past) -> None:
    past.change(t.break_glass, t.break_glass.c.expires_at.is_not(None), decided_by=past.estate.staff["colleague"])


def _stranger(past: Past) -> None:
    past.change(t.break_glass, t.break_glass.c.expires_at.is_not(None), decided_by=past.estate.staff["officer"])


def _for_days(past: Past) -> None:
    later = past.estate.clock.moment + timedelta(days=3)
    past.change(t.break_glass, t.break_glass.c.expires_at.is_not(None), expires_at=later, ended_at=None)


def _uncounted(past: Past) -> None:
    past.change(t.break_glass, t.break_glass.c.number == 2, number=4)


def _mark(past: Past) -> None:
    past.change(t.installation, directory_key=bytes(32))


#: (check, what is done). Each is found, by this check alone.
SABOTAGE: Final[tuple[tuple[str, Break], ...]] = (
    ("schema", _schema), ("installation", _mark),
    ("separate_duties", _login), ("namesakes", _name), ("roles", _role), ("session_zones", _session),
    ("authors", _author),
    ("data_key_wraps", _wrap), ("erased_cases", _not_erased), ("release_keys", _release_key),
    ("outcome_sheets", _sheet), ("spare_wraps", _spare),
    ("row_entries", _no_entry), ("row_links", _no_case), ("row_acts", _other_act), ("act_rows", _note_gone),
    ("entry_triggers", _trigger), ("log_lanes", _chain), ("log_outbox", _outbox),
    ("log_outbox", _unbound), ("log_outbox", _unbound_before), ("log_filing", _filing),
    ("log_tree", _tree),
    ("files", _chunk), ("tasks", _title), ("desk_times", _cell),
    ("access_requests", _copy_gone), ("access_requests", _copy_key), ("access_requests", _asker),
    ("access_answers", _answerer), ("access_answers", _answer_gap),
    ("grant_approvals", _more_granted), ("grant_approvals", _longer), ("grant_approvals", _one_word),
    ("emergency_people", _alone), ("emergency_people", _stranger), ("emergency_times", _for_days),
    ("emergency_numbers", _uncounted),
    *SAMPLE_SABOTAGE,
    ("ceremonies", _unsigned), ("ceremonies", _lasting), ("ceremonies", _untimely),
    ("ceremony_keys", _share_back), ("ceremony_keys", _share_gone), ("ceremony_keys", _share_left),
    ("grant_keys", _key_back), ("grant_keys", _key_emptied), ("grant_keys", _key_left),
    ("exceptions", _one_signature), ("exceptions", _one_answer), ("exceptions", _same_signer),
    ("exceptions", _to_follow_up), ("exceptions", _of_a_note), ("exception_cases", _anothers_request),
    ("exception_cases", _anothers_case), ("grant_keys", _exception_key_left), ("grant_keys", _stopped_key_left),
    ("access_answers", _stopper),
    ("passkey_words", _vouched_unsigned), ("passkey_words", _vouched_for_oneself), ("passkey_words", _blessed),
    ("passkey_signatures", _not_vouched), ("passkey_signatures", _vouched_later),
    ("passkey_signatures", _anothers_passkey), ("passkey_holders", _gone_holder), ("passkey_holders", _other_function),
    ("case_words", _word), ("case_history", _state), ("case_history", _step), ("case_columns", _version),
    ("case_columns", _outcome), ("second_person", _same_person), ("privacy_notice", _early_note),
    ("consequences", _untold), ("way_out", _stranded), ("deadlines", _no_day), ("deadlines", _term),
    ("time_order", _yesterday), ("changes_of_hands", _hands), ("case_coach", _gone_coach), ("case_parts", _half),
    ("record_keys", _foreign_key),
)  # fmt: skip
