"""Days, moments, numbers and sizes as each language writes them."""

from __future__ import annotations

import pytest

from gateway.pages import catalogs

#: Each language: a moment, a day with its weekday, a short day, a quarter, a number, a small and a large file.
WRITTEN = {
    "fr": ("3 décembre 2026, 08:08", "jeudi 3 décembre 2026", "3 déc. 2026", "T4 2026", "0,67", "1 Kio", "1,3 Mio"),
    "nl": ("3 december 2026, 08:08", "donderdag 3 december 2026", "3 dec 2026", "K4 2026", "0,67", "1 KiB", "1,3 MiB"),
    "de": (
        "3. Dezember 2026, 08:08",
        "Donnerstag, 3. Dezember 2026",
        "03.12.2026",
        "Q4 2026",
        "0,67",
        "1 KiB",
        "1,3 MiB",
    ),
    "en": ("3 December 2026, 08:08", "Thursday 3 December 2026", "3 Dec 2026", "Q4 2026", "0.67", "1 KiB", "1.3 MiB"),
}


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_each_language_has_its_way(language: str) -> None:
    assert WRITTEN[language] == (
        catalogs.moment("2026-12-03T07:08:00+00:00", language),
        catalogs.day("2026-12-03", language, "full"),
        catalogs.day("2026-12-03", language, "medium"),
        catalogs.quarter("2026-Q4", language),
        catalogs.number(2 / 3, language),
        catalogs.size(68, language).replace("\u00a0", " "),
        catalogs.size(1_300_000, language).replace("\u00a0", " "),
    )


@pytest.mark.parametrize(
    ("count", "told"), [(0, "1"), (1024, "1"), (1025, "2"), (1 << 20, "1"), ((1 << 20) + 1, "1.1")]
)
def test_a_size_is_rounded_up(count: int, told: str) -> None:
    assert catalogs.size(count, "en").split("\u00a0")[0] == told


def test_a_whole_number_has_no_places_and_none_is_nothing() -> None:
    assert (catalogs.number(1200, "nl"), catalogs.number(None, "nl")) == ("1200", "")
