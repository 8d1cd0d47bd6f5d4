"""The bench's own arithmetic: how slices become figures and how answers are counted. No time is asserted here."""

from __future__ import annotations

import json
import random

import pytest

from bench import catalogue, micro
from bench.__main__ import main
from bench.contestant import BenchFailed
from bench.interleave import Summary, quantile, ratio, run_rounds, summarise
from bench.load import parse_head, request_bytes
from bench.notes import NOTES_PER_CASE, sample_notes
from bench.report import Bar, Figure, Report, as_json, conclusion, markdown, number, table

PROMISED = (
    "read_note.sqlite_full.over_plain",
    "read_note.sqlite_full.alone_over_plain",
    "read_note.sqlite_full.p99_over_plain",
    "read_note.sqlite_full.usual_over_ours",
    "read_note.postgres.over_plain",
    "read_note.postgres.alone_over_plain",
    "read_note.postgres.p99_over_plain",
    "read_note.postgres.usual_over_ours",
    "read_note.postgres.rls_over_ours",
    "audit.cost",
    "decision.micros",
    "decision.growth_1e2_1e6",
    "seal_4k.over_aesgcm",
    "start.seconds",
)


def report() -> Report:
    met = Figure.of("seal_4k.over_aesgcm", Summary(6.0, 5.5, 6.5, 9), unit="×", bar=Bar(8.0))
    missed = Figure.of(
        "read_note.postgres.rls_over_ours", Summary(0.9, 0.8, 1.1, 9), unit="×", bar=Bar(1.0, at_most=False)
    )
    plain = Figure.of("plain.requests_per_second", Summary(5210.0, 5100.0, 5300.0, 9), unit="/s", bar=None, note="a|b")
    return Report({"machine": "2 cores"}, [met, missed, plain], {"start.seconds": "no server yet"})


def test_every_promised_figure_has_its_name_and_a_bar() -> None:
    bars = {one.name: one.bar for one in catalogue.ALL}
    assert [name for name in PROMISED if bars.get(name) is None] == []


def test_no_two_figures_share_a_name() -> None:
    assert len(set(catalogue.NAMES)) == len(catalogue.NAMES)


def test_figures_are_chosen_by_pattern_or_by_beginning() -> None:
    assert catalogue.chosen(["decision"]) == ["decision.micros", "decision.growth_1e2_1e6"]
    assert catalogue.chosen(["*.rls_over_ours"]) == ["read_note.postgres.rls_over_ours"]
    assert catalogue.chosen([]) == list(catalogue.NAMES)


def test_several_patterns_choose_what_any_of_them_names_once_and_in_order() -> None:
    both = ["decision.micros", "decision.growth_1e2_1e6", "seal_4k.over_aesgcm"]
    assert catalogue.chosen(["seal_4k", "decision", "decision.*"]) == both
    for wrong in (["decision", "nothing"], ["decision", ""]):
        with pytest.raises(ValueError, match=f"^{wrong[1]}$"):
            catalogue.chosen(wrong)


@pytest.mark.parametrize(
    "given",
    [["--only", "decision", "--only", "seal_4k"], ["--only", "decision,seal_4k"]],
    ids=["twice", "with a comma"],
)
def test_the_bench_measures_every_pattern_it_was_given(given: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def measure(names: list[str], *_: object) -> None:
        asked.append(names)
        raise BenchFailed("nothing is measured here")

    monkeypatch.setattr(micro, "measure", measure)
    assert main(given) == 1
    assert asked == [["decision.micros", "decision.growth_1e2_1e6", "seal_4k.over_aesgcm"]]


def test_an_unknown_figure_is_misuse_and_a_list_measures_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "nothing"]) == 2
    assert main(["--only", "decision", "--only", "nothing"]) == 2
    assert main(["--only", "decision,"]) == 2
    assert main(["--list"]) == 0
    assert "read_note.sqlite_full.over_plain" in capsys.readouterr().out


def test_a_quantile_lies_between_its_neighbours() -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert quantile([7.0], 0.25) == 7.0
    assert quantile([1.0, 2.0, 3.0, 4.0, 5.0], 0.25) == 2.0
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_ratios_are_taken_inside_a_round() -> None:
    rounds = [{"ours": {"s": 2.0}, "base": {"s": 1.0}}, {"ours": {"s": 60.0}, "base": {"s": 20.0}}]
    assert ratio(rounds, over=("ours", "s"), under=("base", "s")) == summarise([2.0, 3.0])


def test_every_case_runs_its_slices_in_every_round_and_counts_by_its_lower_quartile() -> None:
    calls: list[str] = []
    times = iter(range(1, 100))

    def case(name: str) -> dict[str, float]:
        calls.append(name)
        return {"s": float(next(times))}

    cases = {"a": lambda: case("a"), "b": lambda: case("b")}
    rounds = run_rounds(cases, rounds=2, slices=5, chance=random.Random(1))
    assert sorted(calls) == ["a"] * 10 + ["b"] * 10
    assert calls[:10] != ["a"] * 5 + ["b"] * 5
    first_of_a = [place + 1.0 for place, name in enumerate(calls[:10]) if name == "a"]
    assert rounds[0]["a"]["s"] == quantile(first_of_a, 0.25)


@pytest.mark.parametrize(("figure", "at_most", "met"), [(8.0, True, True), (8.1, True, False), (8.0, False, True)])
def test_a_bar_includes_its_limit(figure: float, at_most: bool, met: bool) -> None:
    assert Bar(8.0, at_most=at_most).met(figure) is met


def test_a_missed_bar_and_a_figure_not_run_are_said() -> None:
    assert conclusion(report()) == ("1 of 2 bars met; missed: read_note.postgres.rls_over_ours; 1 figures not run.")
    assert "no server yet" in table(report())
    assert "| `start.seconds` | — |" in markdown(report())
    assert "a\\|b" in markdown(report())


def test_the_json_has_every_figure_with_spread_and_verdict() -> None:
    read = json.loads(as_json(report()))
    figure = read["figures"]["read_note.postgres.rls_over_ours"]
    assert (figure["median"], figure["spread"], figure["repetitions"]) == (0.9, [0.8, 1.1], 9)
    assert (figure["bar"], figure["verdict"]) == ("≥ 1", "missed")
    assert read["missing"] == {"start.seconds": "no server yet"}


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0123, "0.0123"), (0.25, "0.250"), (1.4, "1.40"), (179.04, "179.0"), (5210.4, "5,210")]
)
def test_numbers_keep_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown


def test_an_answer_is_measured_by_its_head() -> None:
    head = b"HTTP/1.1 200 OK\r\nserver: x\r\nContent-Length: 5\r\n\r\n"
    assert parse_head(head[:-2]) is None
    assert parse_head(head + b"hel") == (200, len(head) + 5)
    with pytest.raises(ValueError, match="Content-Length"):
        parse_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")


def test_a_request_is_one_get_with_its_headers() -> None:
    assert request_bytes("/a", {"Authorization": "Bearer x"}) == (
        b"GET /a HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x\r\n\r\n"
    )


def test_the_sample_notes_are_the_same_everywhere() -> None:
    notes = sample_notes(2 * NOTES_PER_CASE)
    assert notes[:3] == sample_notes(3)
    assert len({note.note for note in notes}) == len(notes)
    assert len({note.case for note in notes}) == 2
    assert all("[[" in note.text for note in notes)
