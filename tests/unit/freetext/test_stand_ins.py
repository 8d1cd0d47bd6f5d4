"""Stand-ins: stable in the case, never forged, restored in any language; the map; odd text; the review."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from vault.errors import InvalidInput, RecordTampered, ReviewNeeded, Surviving
from vault.freetext import (
    Accept,
    Add,
    Decision,
    KnownIdentities,
    KnownPerson,
    Merge,
    Missed,
    Pseudonymised,
    Reason,
    Reject,
    Retype,
    Source,
    Span,
    Tier,
    TokenMap,
    TokenType,
    look_through,
    normalise,
    pseudonymise,
    restore,
    review,
)

AMINATA = KnownPerson("1", "Diallo", "Aminata")
MAMADOU = KnownPerson("2", "Sow", "Mamadou")
KNOWN = KnownIdentities(people=(AMINATA, MAMADOU), phones=("0499 00 00 11",))
AT = datetime(2026, 11, 3, tzinfo=UTC)


def _map() -> TokenMap:
    return pseudonymise("Aminata Diallo, Mamadou Sow, 0499 00 00 11", KNOWN, TokenMap.empty(), "fr").token_map


def test_the_number_of_a_person_is_the_same_in_every_note_and_language() -> None:
    first = pseudonymise("Mamadou puis Aminata", KNOWN, TokenMap.empty(), "fr")
    assert first.text == "[PERSONNE-1] puis [PERSONNE-2]"
    for language, word in (("nl", "PERSOON"), ("de", "PERSON"), ("en", "PERSON")):
        later = pseudonymise("Aminata", KNOWN, first.token_map, language)
        assert later.text == f"[{word}-2]"
        assert later.token_map == first.token_map


def test_people_who_change_places_keep_their_numbers() -> None:
    swapped = KnownIdentities(people=(KnownPerson("1", "Sow", "Mamadou"), KnownPerson("2", "Diallo", "Aminata")))
    assert pseudonymise("Aminata, Mamadou", swapped, _map(), "fr").text == "[PERSONNE-1], [PERSONNE-2]"


def test_a_new_person_in_an_old_place_gets_a_new_number() -> None:
    other = KnownIdentities(people=(KnownPerson("1", "Diallo", "Fatou"),))
    assert pseudonymise("Fatou Diallo", other, _map(), "fr").text == "[PERSONNE-3]"


def test_a_corrected_spelling_keeps_its_number_if_the_old_one_is_an_alias() -> None:
    corrected = KnownIdentities(people=(KnownPerson("1", "Diallo", "Aminatah", ("Aminata Diallo",)),))
    assert pseudonymise("Aminatah", corrected, _map(), "fr").text == "[PERSONNE-1]"


def test_a_telephone_written_otherwise_later_keeps_its_number() -> None:
    known = KnownIdentities(phones=("+32 499 00 00 11",))
    assert pseudonymise("0499000011", known, _map(), "fr").text == "[TELEPHONE-1]"


@pytest.mark.parametrize("token", ["[PERSONNE-1]", "[PERSOON-1]", "[PERSON-1]"])
def test_a_stand_in_of_the_case_is_kept_and_restores_in_any_language(token: str) -> None:
    done = pseudonymise(f"Vu {token} hier", KNOWN, _map(), "fr")
    assert done.text == f"Vu {token} hier"
    restored = restore(done.text, _map())
    assert restored.text == "Vu Aminata Diallo hier"
    assert [restored.text[span.start : span.end] for span in restored.spans] == ["Aminata Diallo"]


@pytest.mark.parametrize(
    "typed", ["[personne-1]", "[ PERSONNE 1 ]", "[PERSONNE-01]", "［PERSONNE－１］", "[PERS\u200bONNE-1]"]
)
def test_a_stand_in_typed_carelessly_is_kept_as_meant(typed: str) -> None:
    assert pseudonymise(typed, KNOWN, _map(), "fr").text == "[PERSONNE-1]"


@pytest.mark.parametrize(
    "typed", ["[PERSONNE-3]", "[persoon-9]", "[PERSON-0]", "[ADRES-1]", "[TELEFOON-2]", "［ＰＥＲＳＯＮ－３］"]
)
def test_a_forged_stand_in_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="at character 5 ") as refused:
        pseudonymise(f"dit {typed}", KNOWN, _map(), "fr")
    assert refused.value.field == "text"


def test_brackets_that_are_no_stand_ins_stay() -> None:
    text = "[annexe-13] [PERSONNE] [SP-81234567] [PERSONNE-x] [[]]"
    assert pseudonymise(text, KNOWN, TokenMap.empty(), "fr").text == text


def test_a_person_called_like_a_stand_in_breaks_nothing() -> None:
    known = KnownIdentities(people=(KnownPerson("1", "Persoon", "Adres"), KnownPerson("2", "[PERSON-1]", "Jo")))
    done = pseudonymise("Adres Persoon en Jo [x", known, TokenMap.empty(), "nl")
    assert done.text == "[PERSOON-1] en Jo [x"
    assert pseudonymise(done.text, known, done.token_map, "nl").text == done.text


def test_what_is_restored_is_not_restored_again() -> None:
    token_map, _ = TokenMap.empty().with_entry(TokenType.PERSON, "[PERSON-2]", "1")
    token_map, _ = token_map.with_entry(TokenType.PERSON, "Aminata Diallo", "2")
    assert restore("[PERSON-1]", token_map).text == "[PERSON-2]"


def test_an_unknown_stand_in_stays_when_restoring() -> None:
    assert restore("[PERSONNE-7] [PERSONNE-1", _map()).text == "[PERSONNE-7] [PERSONNE-1"


@pytest.mark.parametrize("text", ["A!mi!na!ta D!ia!ll!o", "xAminataDiallox", "0 4 9 9      0 0 0 0 1 1"])
def test_an_identity_that_survives_blocks_the_note(text: str) -> None:
    with pytest.raises(Surviving) as refused:
        pseudonymise(text, KNOWN, TokenMap.empty(), "fr")
    assert refused.value.count >= 1


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        pseudonymise("rien", KNOWN, TokenMap.empty(), "es")
    assert refused.value.field == "language"


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\x85", "\r", "\ud800", "\u202e", "\u2066", "\u2069"])
def test_characters_that_hide_or_reorder_are_refused(char: str) -> None:
    with pytest.raises(InvalidInput, match="at 2") as refused:
        pseudonymise(f"ab{char}c", KNOWN, TokenMap.empty(), "fr")
    assert refused.value.field == "text"


def test_offsets_lead_back_to_what_was_sent() -> None:
    found = normalise("a\r\nZoe\u0308 \u1112\u1161\u11ab!")
    assert found.text == "a\nZoë 한!"
    places = [found.source_span(place, place + 1) for place in range(len(found.text))]
    assert places == [(0, 1), (1, 3), (3, 4), (4, 5), (5, 7), (7, 8), (8, 11), (11, 12)]


def test_spans_cover_the_names_in_the_text_that_was_sent() -> None:
    done = pseudonymise("ﬁn ß İ e\u0301: AMINATA\u0301!", KNOWN, TokenMap.empty(), "fr")
    assert [done.source[span.start : span.end] for span in done.spans] == ["AMINATA\u0301"]


def test_a_map_opens_as_it_was_closed() -> None:
    assert TokenMap.decode(_map().encode()) == _map()
    assert TokenMap.decode(TokenMap.empty().encode()) == TokenMap.empty()
    assert len(_map().entries) == 3


@pytest.mark.parametrize(
    "entries",
    [
        None, {}, [1], [[]], [["person", 1, "x"]], [["person", "1", "x", None]], [["person", True, "x", None]],
        [["person", 0, "x", None]], [["person", 10000, "x", None]], [["person", 1, "", None]], [["who", 1, "x", None]],
        [["person", 1, "x", 1]], [["person", 1, "\ud800", None]], [["person", 1, "x", None]] * 2,
        [[["person"], 1, "x", None]],
    ],
)  # fmt: skip
def test_a_map_with_other_entries_is_refused(entries: object) -> None:
    with pytest.raises(RecordTampered):
        TokenMap.decode(json.dumps({"version": 1, "entries": entries}).encode())


@pytest.mark.parametrize(
    "plaintext",
    [
        b"", b"\xff", b"[]", b"{}", b"null", b'{"version":2,"entries":[]}', b'{"version":true,"entries":[]}',
        b'{"version":1,"entries":[],"more":1}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_another_shape_is_no_map(plaintext: bytes) -> None:
    with pytest.raises(RecordTampered):
        TokenMap.decode(plaintext)


def test_a_full_map_refuses_rather_than_reuse_a_number() -> None:
    token_map = TokenMap.decode(b'{"version":1,"entries":[["person",9999,"x",null]]}')
    with pytest.raises(InvalidInput):
        token_map.with_entry(TokenType.PERSON, "y", None)


def _review(done: Pseudonymised, *decisions: Accept | Reject | Retype | Merge | Add) -> str:
    return review(done, decisions, language="fr", by="coach", at=AT).text


def test_a_rejected_name_needs_a_reason_and_then_stays() -> None:
    done = pseudonymise("Aminata et le centre Sow", KNOWN, TokenMap.empty(), "fr")
    with pytest.raises(InvalidInput) as refused:
        _review(done, Reject("s2", " "))
    assert refused.value.field == "reason"
    reviewed = review(done, [Reject("s2", "le centre, pas la personne")], language="fr", by="coach", at=AT)
    assert reviewed.text == "[PERSONNE-1] et le centre Sow"
    assert [span.decision for span in reviewed.spans] == [Decision.PENDING, Decision.REJECT]
    assert [one.reason for one in reviewed.rejections] == ["le centre, pas la personne"]
    assert _review(done, Reject("s2", "par erreur"), Accept("s2")) == "[PERSONNE-1] et le centre [PERSONNE-2]"


def test_what_was_missed_is_added_or_merged() -> None:
    done = pseudonymise("Aminata et sa sœur Kadi, ou Kadia", KNOWN, TokenMap.empty(), "fr")
    added = Add(19, 23, TokenType.PERSON)
    assert _review(done, added, Add(28, 33, TokenType.PERSON, "[PERSON-2]")) == (
        "[PERSONNE-1] et sa sœur [PERSONNE-2], ou [PERSONNE-2]"
    )
    assert _review(done, added, Merge("m1", "[PERSOON-1]")).startswith("[PERSONNE-1] et sa sœur [PERSONNE-1],")
    assert _review(done, added, Retype("m1", TokenType.ADDRESS)).startswith("[PERSONNE-1] et sa sœur [ADRESSE-1],")


@pytest.mark.parametrize(
    "decision",
    [
        Accept("s9"), Add(0, 3, TokenType.PERSON), Add(5, 5, TokenType.PERSON), Add(0, 999, TokenType.PERSON),
        Add(7, 8, TokenType.PERSON), Merge("s1", "[PERSONNE-5]"), Merge("s1", "Aminata"), Reject("s1", "x" * 501),
    ],
)  # fmt: skip
def test_a_decision_that_cannot_be_meant_is_refused(decision: Accept | Add | Merge | Reject) -> None:
    with pytest.raises(InvalidInput):
        _review(pseudonymise("Aminata et Kadi", KNOWN, TokenMap.empty(), "fr"), decision)


def test_nothing_is_finished_while_a_suggestion_is_undecided() -> None:
    done = pseudonymise("Kadi dort", KNOWN, _map(), "fr")
    hint = Span("c1", 0, 4, TokenType.PERSON, Tier.SUGGEST, 0.4, (Reason(Source.CAPITAL, "capital"),), "[PERSONNE-2]")
    suggested = Pseudonymised(done.text, (hint,), done.token_map, done.source)
    with pytest.raises(ReviewNeeded) as refused:
        _review(suggested)
    assert refused.value.pending == 1
    assert _review(suggested, Accept("c1")) == "[PERSONNE-2] dort"
    assert _review(suggested, Reject("c1")) == "Kadi dort"


def test_a_word_that_was_missed_everywhere_takes_time_for_the_length_alone() -> None:
    """Four times the text takes about four times as long: 16 for what is quadratic. A case waits meanwhile."""

    def seconds(size: int) -> float:
        done = look_through("zz b " * size, KnownIdentities(), TokenMap.empty(), "en")
        began = time.process_time()
        reviewed = review(done, [Missed("zz", TokenType.PERSON)], language="en", by="coach", at=AT)
        assert reviewed.text.count("[PERSON-1]") == size
        return time.process_time() - began

    seconds(500)
    small, large = seconds(2_500), seconds(10_000)
    assert large < 9 * small + 0.1, (small, large)


def test_a_decision_about_those_written_alike_is_about_no_other_kind() -> None:
    done = look_through("Rose va, rose est là, Rose y est", KnownIdentities(), TokenMap.empty(), "fr")
    found = [("a", 0, TokenType.PERSON), ("b", 9, TokenType.PLACE), ("c", 22, TokenType.PERSON)]
    spans = tuple(
        Span(name, at, at + 4, kind, Tier.SUGGEST, 0.5, (Reason(Source.MODEL, ""),), f"[{word}-1]")
        for (name, at, kind), word in zip(found, ("PERSONNE", "LIEU", "PERSONNE"), strict=True)
    )
    grown = TokenMap.empty().with_entry(TokenType.PERSON, "Rose")[0].with_entry(TokenType.PLACE, "rose")[0]
    done = replace(done, spans=spans, token_map=grown)
    for choices in (
        [Accept("a", alike=True), Reject("b", alike=True)],
        [Reject("b", alike=True), Accept("c", alike=True)],
    ):
        assert _review(done, *choices) == "[PERSONNE-1] va, rose est là, [PERSONNE-1] y est"
    assert _review(done, Reject("a", alike=True), Accept("b", alike=True)) == "Rose va, [LIEU-1] est là, Rose y est"
