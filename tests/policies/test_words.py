"""What people read: explanations, the matrix, and what a change means."""

from __future__ import annotations

from dataclasses import replace
from string import Formatter
from types import MappingProxyType

import pytest

from policies import explain
from policies.compiler import Table
from policies.explainer import CATALOGUE, what_rules_say
from policies.firewall import TableFirewall
from policies.impact import compare
from policies.lines import Rule, Source
from policies.matrix import accesses, render
from tests.policies.support import rule, table_of
from vault.vocabulary import Action, Fact, Facts, Kind, Phase, Purpose, Question, ReleaseProfile, Role, Treatment

#: Words that may be waiting for their translation.
MOST_UNTOLD = 20
READ_NOTE = Question(Role.COACH, Action.READ, Kind.NOTE, Purpose.COACHING, Phase.ACTIVE)
NOTE = rule("cw-90,coach,note,read,coaching,active,own,note_full,allow")


def test_a_denial_says_what_was_missing(firewall: TableFirewall) -> None:
    said = explain(firewall, READ_NOTE, Facts.of(own=False))
    assert said.sentences == (
        "Denied: a coach may not read notes for coaching while the case is active.",
        "It would be allowed if the case is assigned to the person who asks.",
    )
    assert said.rules == ("cw-11",)
    assert not said.allowed


def test_an_unknown_fact_is_named_as_unknown(firewall: TableFirewall) -> None:
    said = explain(firewall, READ_NOTE, Facts.of(own=None, region=None)).text()
    assert "Not known, so not counted in favour: the case is assigned to the person who asks." in said


def test_an_allowance_says_what_it_rests_on_and_shows(firewall: TableFirewall) -> None:
    said = explain(firewall, READ_NOTE, Facts.of(own=True))
    assert said.allowed
    assert "text (clear)" in said.text()
    assert "It rests on this: the case is assigned to the person who asks." in said.sentences


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (READ_NOTE._replace(phase=Phase.ERASED), "A rule forbids it: an erased case gives no content."),
        (READ_NOTE._replace(phase=Phase.NONE), "It can be allowed before the intake or while the case is active or"),
        (READ_NOTE._replace(purpose=Purpose.REFERRAL), "It can be allowed for coaching."),
        (READ_NOTE._replace(role=Role.AUDITOR), "No rule allows it, whatever the circumstances."),
    ],
)
def test_a_denial_says_where_it_would_be_otherwise(firewall: TableFirewall, question: Question, says: str) -> None:
    assert says in explain(firewall, question, Facts.of(own=True)).text()


def test_the_catalogue_has_a_word_for_everything_and_no_rule_id_reaches_a_sentence(firewall: TableFirewall) -> None:
    english = CATALOGUE["en"]
    for prefix, vocabulary in (
        ("role", Role), ("action", Action), ("kind", Kind), ("purpose", Purpose), ("phase", Phase), ("fact", Fact),
    ):  # fmt: skip
        assert all(f"{prefix}.{word}" in english for word in vocabulary)
    for key, phase, held, _ in firewall.table.allowed():
        question = Question(key[0], key[2], key[1], key[3], phase)
        for facts in (Facts(held), Facts(0)):
            said = explain(firewall, question, facts, language="nl")
            assert not any(rule_id in said.text() for rule_id in said.rules)


@pytest.mark.parametrize("language", ["fr", "nl", "de"])
def test_every_language_has_every_text_with_the_same_places(language: str) -> None:
    english, other = CATALOGUE["en"], CATALOGUE[language]
    untold = english.keys() - other.keys()
    # A thing or an act that was added since appears in English until somebody translates it; nothing else does.
    assert {key for key in untold if not key.startswith(("kind.", "action."))} == set()
    assert len(untold) <= MOST_UNTOLD, sorted(untold)
    for key, text in english.items():
        if key in untold:
            continue
        places = {name for _, name, _, _ in Formatter().parse(text) if name}
        assert {name for _, name, _, _ in Formatter().parse(other[key]) if name} == places, key
        assert other[key].strip(" .,") != "", key


@pytest.mark.parametrize("language", ["en", "fr", "nl", "de"])
def test_the_rules_are_told_to_each_role_without_their_names(firewall: TableFirewall, language: str) -> None:
    for role in Role:
        said = what_rules_say(firewall, role, language=language)
        assert said.allowed
        assert len(said.sentences) >= len(said.rules)
        assert not any(rule_id in said.text() for rule_id in said.rules)
        assert not any("{" in sentence for sentence in said.sentences)
        own = what_rules_say(firewall, role, kind=Kind.TOKEN_MAP, language=language)
        assert own.allowed is (role is Role.COACH)


def test_the_matrix_shows_each_access_once_and_nothing_else(table: Table) -> None:
    found = accesses(table)
    assert sorted(access.rules for access in found) == sorted(line.id for line in table.source.rules if line.allows)
    by_rule = {line.id: line for line in table.source.rules}
    for access in found:
        line = by_rule[access.rules]
        assert (access.key, frozenset(access.phases), access.profile) == (line.key, line.phases, line.release)
        assert set(access.needs.split("+")) == set(line.need.split("+"))


def test_the_matrix_prints_as_text_and_as_markdown(table: Table) -> None:
    text, markdown = render(table), render(table, markdown=True)
    for rendered in (text, markdown):
        assert table.digest.hex() in rendered
        assert "RLSWVT" in rendered
    row = next(line for line in markdown.splitlines() if line.startswith("| note |"))
    assert row == "| note | narrative | RLSWVT | - | RL | - | - | - | - | - |"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (NOTE, replace(NOTE, id="cw-99", why="otherwise said"), None),
        (replace(NOTE, need="own+consent"), NOTE,
         "wider: coach, note, read, coaching, active: no longer needs consent (64 of 256 condition sets)"),
        (NOTE, replace(NOTE, need="own+consent"),
         "narrower: coach, note, read, coaching, active: now also needs consent (64 of 256 condition sets)"),
        (NOTE, replace(NOTE, need="region"),
         "wider in part: coach, note, read, coaching, active: no longer needs own and now also needs region "
         "(128 of 256 condition sets)"),
        (NOTE, replace(NOTE, states=("active", "closing", "closed")),
         "wider: coach, note, read, coaching, closing/closed: gains access, needing own (128 of 256 condition sets)"),
        (NOTE, replace(NOTE, states=("closed",)),
         "narrower: coach, note, read, coaching, active: loses access, which needed own (128 of 256 condition sets)"),
        (NOTE, replace(NOTE, release="note_list"),
         "narrower: coach, note, read, coaching, active: is answered with note_list instead of note_full "
         "(128 of 256 condition sets)"),
    ],
)  # fmt: skip
def test_a_change_of_rules_is_said_in_words(source: Source, old: Rule, new: Rule, sentence: str | None) -> None:
    impact = compare(table_of(source, [old]), table_of(source, [new]))
    assert (sentence in impact.sentences) is (sentence is not None)
    assert impact.widens is any(line.startswith("wider") for line in impact.sentences)
    if sentence is None:
        assert impact.changes == ()


def test_a_new_deny_line_is_a_narrowing(source: Source) -> None:
    deny = rule("cw-91,coach,note,read,coaching,active,second,none,deny")
    impact = compare(table_of(source, [NOTE]), table_of(source, [NOTE, deny]))
    assert impact.sentences == (
        "narrower: coach, note, read, coaching, active: a deny line changes, needing own (64 of 256 condition sets)",
    )


def test_a_changed_profile_is_said_in_words(source: Source) -> None:
    shown = {
        "note_full": ReleaseProfile("note_full", (("text", Treatment.MASK), ("author", Treatment.CLEAR))),
        "note_hit": ReleaseProfile("note_hit", (("reference", Treatment.CLEAR),)),
    }
    hidden = {"note_full": ReleaseProfile("note_full", (("text", Treatment.CLEAR),)), "note_hit": shown["note_hit"]}
    before = table_of(replace(source, profiles=MappingProxyType(hidden)), [NOTE])
    after = table_of(replace(source, profiles=MappingProxyType(shown)), [NOTE])
    assert compare(before, after).sentences == (
        "wider: profile note_full: now shows author (clear)",
        "narrower: profile note_full: shows text as mask instead of clear",
    )
    assert compare(after, before).sentences == (
        "wider: profile note_full: shows text as clear instead of mask",
        "narrower: profile note_full: no longer shows author",
    )
