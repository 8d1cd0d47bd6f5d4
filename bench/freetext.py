"""`./run bench freetext`: how well, how fast and how small detection in free text is; beside Presidio and deduce.

    ./run bench freetext                 all figures; development data where it lies beside the checkout, else own notes
    ./run bench freetext --only names    figures whose names begin so
    ./run bench freetext --rivals        also Presidio and deduce, in an environment of their own, interleaved

The swap figures put names of many origins into real sentences: a stress test, and its names overlap with lists that
the tagger was trained with. Figures on development texts are optimistic where rules were tuned on them.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench import freetext_forms as forms
from bench import freetext_rivals as rivals
from bench import freetext_speed as speed
from bench import freetext_texts as texts
from bench.freetext_score import Found, hidden_share, masks, names
from bench.freetext_texts import Text
from bench.interleave import Summary
from bench.report import Bar, Figure, Report, as_json, markdown, table
from vault.freetext import Pipeline, Tier, make_pipeline
from vault.freetext.pipeline import as_known, settled

_SEED: Final = 5
_NUMBERS_EACH: Final = 300
_ALL: Final = frozenset(
    {"PERSON", "ADDRESS", "PHONE", "EMAIL", "NISS", "OV_NUMBER", "IBAN", "BIRTH_DATE", "PROFILE", "PLATE"}
)
_PEOPLE: Final = frozenset({"PERSON"})
#: Data set, language, bars of recall, precision, hidden and recall of both tiers; None where there is none.
_NAMES: Final = (
    ("echr_fr", 0.98, 0.78, 0.99, None),
    ("wikineural_fr", 0.98, 0.78, 0.99, None),
    ("wikineural_nl", 0.96, 0.75, 0.99, 0.99),
    ("germeval_de", 0.90, 0.62, None, None),
    ("wikineural_de", None, None, None, None),
    ("wikineural_en", 0.93, 0.65, None, None),
    ("presidio_en", None, None, None, None),
    ("europeana_fr", None, None, None, None),
    ("europeana_nl", None, None, None, None),
)
_KNOWN_BARS: Final = {"slip": 0.95, "transliteration": 0.95}
_KNOWN_BAR: Final = 0.995


@dataclass(frozen=True, slots=True)
class _Bench:
    data: Path | None
    pipeline: Pipeline
    only: str
    rounds: int

    def wanted(self, name: str) -> bool:
        return name.startswith(self.only)

    def find(self, one: Text) -> list[Found]:
        """What is found in a text; automatic or suggested."""
        looked = self.pipeline.read(one.text, one.language)
        matcher = as_known(one.known).matcher() if one.known else None
        where = looked.reading.normalised.source_span
        return [
            (*where(each.start, each.end), each.type.value.upper(), each.tier is Tier.AUTO)
            for each in settled(looked, matcher)
        ]


def main(arguments: Sequence[str]) -> int:
    """Run. Returns the exit status: 0 whatever the figures say, 2 for misuse."""
    options = _options(arguments)
    data = texts.data_folder(options.data)
    if options.data is not None and data != options.data:
        print(f"bench: no folder {options.data}", file=sys.stderr)
        return 2
    began = time.monotonic()
    bench = _Bench(data, make_pipeline(french=not options.without_french), options.only, 2 if options.quick else 5)
    figures: list[Figure] = []
    for measure in (_names, _swapped, _notes, _known, _numbers, _judgments):
        for figure in measure(bench):
            figures.append(figure)
            print(f"{figure.name:<42}{figure.median:8.3f} {figure.bar or ''}", file=sys.stderr, flush=True)
    if bench.wanted("speed"):
        figures += speed.measure(bench.rounds)
    missing: dict[str, str] = {}
    if options.rivals:
        figures += rivals.measure(bench.find, _rival_texts(bench), bench.rounds, missing)
    machine = {
        "data": "development data" if data else "own notes only: no development data beside this checkout",
        "pipeline": bench.pipeline.version,
        "took": f"{time.monotonic() - began:.0f} s",
    }
    report = Report(machine, figures, missing)
    print(table(report))
    if options.json:
        options.json.write_text(as_json(report), "utf-8")
    if options.markdown:
        options.markdown.write_text(markdown(report), "utf-8")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench freetext", description="Detection in free text: measured, with its bars.")
    parser.add_argument("--data", type=Path, help="the folder of development data")
    parser.add_argument("--only", default="", metavar="PREFIX", help="figures whose names begin so")
    parser.add_argument("--without-french", action="store_true", help="our tagger alone, as without the extra")
    parser.add_argument("--rivals", action="store_true", help="also Presidio and deduce where they install")
    parser.add_argument("--quick", action="store_true", help="fewer rounds of what is timed")
    parser.add_argument("--json", metavar="FILE", type=Path)
    parser.add_argument("--markdown", metavar="FILE", type=Path)
    return parser.parse_args(arguments)


def _figure(name: str, value: float, bar: float | None, note: str, *, at_most: bool = False, unit: str = "") -> Figure:
    limit = Bar(bar, at_most=at_most) if bar is not None else None
    return Figure.of(name, Summary(value, value, value, 1), unit=unit, bar=limit, note=note)


def _load(bench: _Bench, name: str) -> list[Text]:
    return texts.load(bench.data, name) if bench.data is not None else []


def _names(bench: _Bench) -> Iterator[Figure]:
    for name, recall, precision, hidden, both in _NAMES:
        if not bench.wanted(f"names.{name}"):
            continue
        loaded = _load(bench, name)
        if not loaded:
            continue
        found = {one.id: bench.find(one) for one in loaded}
        score = names(loaded, _of(found))
        note = f"{score.mentions} people"
        yield _figure(f"names.{name}.recall", score.recall, recall, f"{note}; words of names, automatic tier")
        yield _figure(f"names.{name}.precision", score.precision, precision, "of the words taken for names")
        yield _figure(f"names.{name}.hidden", score.hidden, hidden, "mentions wholly hidden, by whatever type")
        wide = names(loaded, _of(found), suggestions=True)
        yield _figure(f"names.{name}.both_tiers", wide.recall, both, "recall with suggestions")


def _of(found: dict[str, Any]) -> Callable[[Any], Any]:
    """What was found in a text, looked up by the text's id."""
    return lambda one: found[one.id]


def _swapped(bench: _Bench) -> Iterator[Figure]:
    for name in ("wikineural_fr", "wikineural_nl"):
        if not bench.wanted(f"swap.{name}"):
            continue
        loaded = list(texts.swapped(_load(bench, name), random.Random(_SEED))) or _own(bench, name[-2:])
        for form, bar, chosen in (
            ("proper", 0.96, loaded),
            ("lower", 0.88, list(texts.in_case(loaded, "lower"))),
            ("capitals", 0.90, list(texts.in_case(loaded, "upper"))),
        ):
            score = names(chosen, bench.find)
            yield _figure(f"swap.{name}.{form}", score.recall, bar, "names of many origins in real sentences")


def _own(bench: _Bench, language: str) -> list[Text]:
    return [Text(one.id, one.language, one.text, one.spans) for one in texts.own_notes() if one.language == language]


def _notes(bench: _Bench) -> Iterator[Figure]:
    if not bench.wanted("notes"):
        return
    notes = texts.own_notes()
    score = names(notes, bench.find)
    yield _figure("notes.known.recall", score.recall, 0.97, f"{score.mentions} people, the family known")
    yield _figure("notes.known.hidden", score.hidden, 0.995, "mentions wholly hidden")
    yield _figure("notes.precision", score.precision, None, "of the words taken for names")
    everything = hidden_share(notes, bench.find, _ALL)
    yield _figure("notes.everything.hidden", everything, None, "people, numbers, addresses, dates of birth")
    hurried = texts.own_notes("hurried")
    for name, kinds in (
        ("people", _PEOPLE),
        ("everything", frozenset(one.type for each in hurried for one in each.spans)),
    ):
        hidden = hidden_share(hurried, bench.find, kinds)
        yield _figure(f"notes.hurried.{name}.hidden", hidden, None, f"{len(hurried)} hurried lines, nobody known")


def _known(bench: _Bench) -> Iterator[Figure]:
    for form in forms.NAME_FORMS:
        if bench.wanted(f"known.{form}"):
            made = list(forms.known_texts(form))
            score = names(made, _known_alone)
            bar = _KNOWN_BARS.get(form, _KNOWN_BAR)
            yield _figure(f"known.{form}", score.recall, bar, f"{len(made)} names of the case in this form")
    if bench.wanted("known.false"):
        yield _false_hits(bench)


def _known_alone(one: Text) -> list[Found]:
    """What the case's names alone find."""
    from vault.freetext.reading import Reading

    reading = Reading(one.text, one.language)
    found = as_known(one.known).matcher().find(reading)
    where = reading.normalised.source_span
    return [(*where(each.start, each.end), "PERSON", each.tier is Tier.AUTO) for each in found]


def _false_hits(bench: _Bench) -> Figure:
    """A case of five people in texts that name none of them."""
    chance = random.Random(_SEED)
    people = [f"{given} {family}" for given, family in forms.invented_names()]
    loaded = _load(bench, "wikineural_fr") + _load(bench, "wikineural_nl") or texts.own_notes()
    hits = size = 0
    for one in loaded:
        known = tuple(chance.sample(people, 5))
        hits += len(_known_alone(Text(one.id, one.language, one.text, (), known)))
        size += len(one.text)
    note = "per 1,000 characters, five people of another case"
    return _figure("known.false_hits", hits / size * 1000, 0.05, note, at_most=True)


def _numbers(bench: _Bench) -> Iterator[Figure]:
    for kind in forms.NUMBERS:
        if bench.wanted(f"numbers.{kind}"):
            made = list(forms.number_texts(kind, _NUMBERS_EACH))
            hidden = hidden_share(made, bench.find, frozenset({"NUMBER"}))
            yield _figure(f"numbers.{kind}", hidden, 1.0, f"{len(made)} valid numbers in many written forms")


def _judgments(bench: _Bench) -> Iterator[Figure]:
    if not bench.wanted("judgments"):
        return
    loaded = _load(bench, "tab_en")
    if not loaded:
        return
    score = masks(loaded, bench.find)
    yield _figure("judgments.direct", score.direct, 1.0, f"{len(loaded)} judgments; whole entities")
    yield _figure("judgments.quasi", score.quasi, 0.90, "whole entities")
    yield _figure("judgments.precision", score.precision, 0.60, "of masked words, unweighted")
    yield _figure("judgments.person_hidden", score.person_hidden, None, "mentions of people")


def _rival_texts(bench: _Bench) -> dict[str, list[Text]]:
    """What the rivals are measured with: French and Dutch sentences."""
    return {
        language: (_load(bench, f"wikineural_{language}")[:300] or _own(bench, language)) for language in ("fr", "nl")
    }


Measure = Callable[[_Bench], Iterator[Figure]]
