"""Properties of replacement that hold for every text and every set of names."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from vault.errors import InvalidInput, Surviving
from vault.freetext import (
    KnownIdentities,
    KnownPerson,
    TokenMap,
    exact_stand_ins,
    look_through,
    make_pipeline,
    normalise,
    pseudonymise,
    restore,
)
from vault.freetext.folding import fold
from vault.freetext.stand_ins import masked

LANGUAGES = st.sampled_from(["fr", "nl", "de", "en"])
FAMILIES = [
    "Diallo",
    "El Mansouri",
    "Benali",
    "van den Broeck",
    "Groß",
    "Yıldız",
    "N'Diaye",
    "Šimić",
    "Li",
    "Öztürk-Kaya",
]
GIVEN = ["Aminata", "Jean-Pierre", "Zoé", "İlkay", "Bo", "Mamadou Alpha", "Ngọc Ánh", "D'Arcy", "Fatoumata"]
PEOPLE = st.lists(
    st.tuples(st.sampled_from(FAMILIES), st.sampled_from(GIVEN)), min_size=1, max_size=6, unique=True
).map(lambda names: tuple(KnownPerson(str(at), family, given) for at, (family, given) in enumerate(names, 1)))
#: Text that names nobody: every word is too short, or of a script no name here is written in.
FILLING = st.text(alphabet="xyz ,.;!?\n\t()[]{}0123«»éß한字🙂", max_size=20)
DRESSES: list[Callable[[str], str]] = [str, str.upper, str.lower, str.title, str.swapcase]
FORMS: list[Callable[[str], str]] = [
    lambda text: unicodedata.normalize("NFC", text),
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: unicodedata.normalize("NFKD", text),
]
PIPELINE = make_pipeline(french=False)
#: What stages find, and what makes their offsets slip: marks, joiners, other scripts, stand-ins that nobody gave.
PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "Mme Zoe\u0308 Dia\u200dllo",
                "son frère Ousmane",
                "rue Haute 12, 1000 Bruxelles",
                "BE68 5390 0754 7034",
                "\uff10\uff14\uff199 12 34 56",
                "Аlphа Barry",
                "né le 3 mai 1990",
                "\u0301\u0301",
                "NISS 93.05.18-223.61",
                "(PERSONNE-1)",
                "PERSONNE-1]",
                "\r\n",
                "\u200f",
                "ﬁn",
                "a.b@c.be",
                "@dz_k",
                "7" * 40,
                "السيد أحمد",
                "👩‍👩‍👧",
                "Xhelal",
            ]
        ),
        st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8),
    ),
    max_size=8,
).map(" ".join)
ODD = st.text(alphabet=st.characters(codec="utf-8"), max_size=60)


def _full(person: KnownPerson) -> str:
    return f"{person.given_names} {person.family_name}"


@given(st.data(), PEOPLE, LANGUAGES)
def test_canonical_names_come_back_exactly(data: st.DataObject, people: tuple[KnownPerson, ...], language: str) -> None:
    pieces = [data.draw(FILLING)]
    for person in data.draw(st.lists(st.sampled_from(people), max_size=5)):
        pieces += [" |", _full(person), "| ", data.draw(FILLING)]
    text = "".join(pieces)
    done = pseudonymise(text, KnownIdentities(people=people), TokenMap.empty(), language)
    assert restore(done.text, done.token_map, done.marks).text == text
    again = pseudonymise(done.text, KnownIdentities(people=people), done.token_map, language)
    assert (again.text, again.token_map) == (done.text, done.token_map)


@given(st.data(), PEOPLE, LANGUAGES)
def test_no_known_full_name_survives_in_any_dress(
    data: st.DataObject, people: tuple[KnownPerson, ...], language: str
) -> None:
    person = data.draw(st.sampled_from(people))
    dress, in_form = data.draw(st.sampled_from(DRESSES)), data.draw(st.sampled_from(FORMS))
    given_names, family = person.given_names, person.family_name
    orders = [
        f"{given_names} {family}",
        f"{family} {given_names}",
        f"{family}, {given_names}",
        f"{given_names}\n{family}",
    ]
    name = data.draw(st.sampled_from(orders))
    name = name.replace("-", data.draw(st.sampled_from("-‐ "))).replace("'", data.draw(st.sampled_from("'’")))
    text = f"{data.draw(FILLING)} {in_form(dress(name))} {data.draw(FILLING)}"
    done = pseudonymise(text, KnownIdentities(people=people), TokenMap.empty(), language)
    left = fold(masked(done.text)).text
    for part in (*given_names.split(), *family.split()):
        if len(part) > 3:
            assert fold(part).text not in left
    assert len(done.spans) >= 1


@given(PEOPLE, st.lists(LANGUAGES, min_size=1, max_size=3))
def test_a_person_keeps_the_number_across_notes_and_languages(
    people: tuple[KnownPerson, ...], languages: list[str]
) -> None:
    known = KnownIdentities(people=people)
    token_map = TokenMap.empty()
    numbers: dict[str, str] = {}
    for language in languages:
        for person in people:
            done = pseudonymise(_full(person), known, token_map, language)
            token_map = done.token_map
            number = done.text.rpartition("-")[2]
            assert numbers.setdefault(person.key, number) == number
    assert len(set(numbers.values())) == len(people)
    assert TokenMap.decode(token_map.encode()) == token_map


@given(ODD, PEOPLE)
@example("İﬁß\u0301\u200d\u0345", (KnownPerson("1", "Diallo", "Aminata"),))
@example("[PERSON-1][PERSONNE-1]", (KnownPerson("1", "Diallo", "Aminata"),))
def test_any_text_is_replaced_or_refused_by_our_own_errors(text: str, people: tuple[KnownPerson, ...]) -> None:
    try:
        done = pseudonymise(text, KnownIdentities(people=people), TokenMap.empty(), "fr")
    except (InvalidInput, Surviving):
        return
    assert restore(done.text, done.token_map, done.marks).text == done.source
    places = [place for span in done.spans for place in (span.start, span.end)]
    assert places == sorted(places)


@given(PIECES, LANGUAGES)
@settings(max_examples=60)
def test_what_all_stages_replace_comes_back_exactly(text: str, language: str) -> None:
    try:
        known = KnownIdentities(people=(KnownPerson("1", "Diallo", "Zoë"),))
        looked = PIPELINE.read(exact_stand_ins(text), language)
        done = look_through(text, known, TokenMap.empty(), language, looked)
    except InvalidInput:
        return
    assert restore(done.text, done.token_map, done.marks).text == done.source
    places = [place for span in done.spans for place in (span.start, span.end)]
    assert places == sorted(places)
    assert all(done.source[span.start : span.end].strip() for span in done.spans)


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=200)
def test_any_names_can_be_looked_for(family: str, given_names: str) -> None:
    known = KnownIdentities(
        people=(KnownPerson("1", family, given_names, (family,), given_names),),
        addresses=(family,), phones=(given_names,), emails=(family,), ov_numbers=(given_names,),
        oqt_references=(family,),
    )  # fmt: skip
    try:
        pseudonymise(f"{given_names} {family}", known, TokenMap.empty(), "nl")
    except (InvalidInput, Surviving):
        return


@given(ODD)
def test_offsets_of_the_normal_form_are_in_order_and_cover_what_is_shown(text: str) -> None:
    found = normalise(text)
    places = [found.source_span(place, place + 1) for place in range(len(found.text))]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)
    assert normalise(found.text).text == found.text


@given(ODD)
def test_folding_twice_is_folding_once_and_its_offsets_are_in_the_text(text: str) -> None:
    folded = fold(text)
    assert fold(folded.text).text == folded.text
    for place in range(len(folded.text)):
        start, end = folded.source_span(place, place + 1)
        assert 0 <= start < end <= len(text)
        assert folded.text[place] in fold(text[start:end]).text


@given(ODD, PEOPLE)
def test_restoring_changes_nothing_but_stand_ins_of_the_case(text: str, people: tuple[KnownPerson, ...]) -> None:
    assert restore(text, TokenMap.empty()).text == text
