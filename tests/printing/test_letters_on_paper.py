"""A letter as PDF: whole, tagged, the same every time, and drawn by a process that can do nothing else."""

from __future__ import annotations

import asyncio
import io
import json
import re
import subprocess
import sys
import unicodedata
from datetime import date
from typing import Any, Final

import pytest
from pypdf import PdfReader

from gateway.pages import assets, catalogs
from gateway.printing import press, printer
from gateway.printing.faces import FACES, choose
from gateway.printing.printer import LIBRARIES, Printer
from gateway.printing.sheet import html_of
from tests.unit.cases.test_letters import GIVEN, TEXTS, values
from vault.cases.letters import ADDED, CODES
from vault.cases.model import LANGUAGES
from vault.errors import LetterNotPrintable, PrinterUnavailable

#: Invented people, as their own scripts and the transcriptions of a file write them.
NAMES: Final = (
    "Aminata Diallo", "محمد الأحمد", "نرگس ‌کریمی", "שרה לוי", "ქეთევან ქართველი", "Արամ Պետրոսյան", "ሰላም ተስፋዬ",
    "Юлія Шевченко", "Νίκη Παπαδοπούλου", "Nguyễn Thị Hương", "李小龍", "சுந்தரி", "ਗੁਰਪ੍ਰੀਤ", "রহিমা", "सुनीता", "සමන්තා",
    "Şükrü Ğ", "Zoë O’Brien-Ángström", "Ŋalọ Ɓah", "Jose\N{COMBINING ACUTE ACCENT}", "N'Golo <b>&amp; \"/* faces */",
)  # fmt: skip


def letter(name: str, languages: tuple[str, ...] = LANGUAGES, **changed: Any) -> dict[str, Any]:
    composed = TEXTS.letters.compose(name, languages, values(name) | changed)
    return composed.to_json() | {"written_at": "2026-11-03T09:00:00+00:00", "reference": "C-1", "record": "00"}


def printed(one: dict[str, Any]) -> bytes:
    return asyncio.run(Printer().print_letter(one))


def said(pdf: bytes) -> list[str]:
    """The text of each page, its spaces alike."""
    return [re.sub(r"\s+", " ", page.extract_text()) for page in PdfReader(io.BytesIO(pdf)).pages]


@pytest.fixture(scope="module")
def invitation() -> bytes:
    return printed(letter("invitation"))


@pytest.mark.parametrize("name", ADDED)
def test_every_field_of_a_letter_is_on_its_paper_in_each_language(name: str) -> None:
    pages = said(printed(letter(name)))
    assert len(pages) == len(LANGUAGES), "each language begins on a sheet of its own"
    for language, text in zip(LANGUAGES, pages, strict=True):
        assert catalogs.day(date(2026, 11, 3), language) in text
        for field in ("address", "ov_number", "coach", *(set(ADDED[name]) - set(CODES))):
            value = GIVEN[field]
            written = (
                value.strftime("%d.%m.%Y" if language == "de" else "%d/%m/%Y") if isinstance(value, date) else value
            )
            assert str(written) in text, (language, field)
        for recipient in ("Aminata Diallo", "Ibrahima Diallo"):
            assert recipient in text
        for part in letter(name)["texts"][language]["paragraphs"]:
            assert re.sub(r"\s+", " ", part) in text, language


def test_the_same_letter_has_the_same_bytes_wherever_and_whenever_it_is_drawn(
    invitation: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    assert printed(letter("invitation")) == invitation
    assert printed(letter("invitation", leaflet="2026-2")) != invitation


def test_a_letter_is_tagged_and_says_its_language_and_title_and_names_nobody_outside(invitation: bytes) -> None:
    reader = PdfReader(io.BytesIO(invitation))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is not None
    assert root["/Lang"] == "fr"
    assert "/StructTreeRoot" in root
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    assert reader.metadata is not None
    assert reader.metadata.title == TEXTS.letters.templates["invitation"].texts["fr"].subject
    assert not any("Diallo" in str(value) for value in reader.metadata.values())
    assert "/Names" not in root
    assert "/OpenAction" not in root


def test_its_fonts_are_inside_and_come_from_no_machine(invitation: bytes) -> None:
    known = {re.sub(r"[^a-z]", "", family.lower()) for family in FACES}
    for page in PdfReader(io.BytesIO(invitation)).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)
            name = re.sub(r"[^a-z]", "", font["/BaseFont"].partition("+")[2].lower()).removesuffix("bold")
            assert name in known, name


def test_the_spaces_of_french_are_drawn_though_no_font_has_the_narrow_one() -> None:
    """A missing character would be drawn as the font's first glyph: a box."""
    text = letter("invitation", ("fr",))
    pdf = printed(text)
    assert "\u202f?" in json.dumps(text, ensure_ascii=False), "the text has one"
    assert "venir ?" in " ".join(said(pdf))
    [page] = PdfReader(io.BytesIO(pdf)).pages
    drawn = page.get_contents().get_data().decode("latin-1")  # type: ignore[union-attr]
    assert re.search(r"<(?:[0-9a-f]{4})*0000", drawn) is None


def test_names_in_any_script_and_from_right_to_left_are_written_whole() -> None:
    text = " ".join(said(printed(letter("closing", ("fr",), recipients=NAMES))))
    plain = re.sub(r"[\s\u200c]", "", unicodedata.normalize("NFKC", text))
    for name in NAMES:
        wanted = re.sub(r"[\s\u200c]", "", unicodedata.normalize("NFKC", name))
        # Persian letters are drawn from parts that Arabic ones share: all are there, one may be read out twice.
        assert set(wanted) <= set(plain) if "گ" in wanted else wanted in plain, name
    assert "\N{REPLACEMENT CHARACTER}" not in text


def test_a_character_that_no_font_has_is_refused_and_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    strange = "\N{CUNEIFORM SIGN A}"
    _, missing = choose(f"Aminata {strange}")
    assert missing == {strange}
    with pytest.raises(LetterNotPrintable) as refused:
        printed(letter("closing", ("fr",), recipients=(f"Aminata {strange}",)))
    assert strange not in str(refused.value)
    assert "Aminata" not in str(refused.value)
    with pytest.raises(LetterNotPrintable):
        printed(letter("closing", ("fr",), address="x" * 1024 * 1024))


@pytest.mark.parametrize(
    "hostile",
    [
        '<img src="http://127.0.0.1:9/x">', '<img src="file:///etc/hostname">', '<link rel="stylesheet" href="http://a/">',
        '<style>@import "https://a/b.css";</style>', '<style>p { background: url("data:image/png,A") }</style>',
        '<link rel="attachment" href="file:///etc/hostname">',
        '<style>@font-face {font-family: x; src: url(face:axe.js)}</style>',
    ],
)  # fmt: skip
def test_nothing_is_fetched_from_anywhere(hostile: str) -> None:
    """Whatever a wording holds: it is escaped, and if it were not, the press gives nothing but its fonts."""
    html = html_of(letter("closing", ("fr",)))
    assert hostile not in html_of(letter("closing", ("fr",), contact=hostile))
    with pytest.raises(PrinterUnavailable):
        printer._draw(html.replace("</head>", "</head>" + hostile + '<p style="color: red">x').encode())


def test_the_press_opens_no_connection_and_starts_no_program_and_its_memory_is_bounded() -> None:
    begin = "from gateway.printing import press; press._confine();"
    for code in (
        "import socket; socket.create_connection(('127.0.0.1', 9), 1)", "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')", "import os; os.fork()", "bytearray(2 << 30)",
    ):  # fmt: skip
        assert run(f"{begin}\ntry:\n    {code}\nexcept (PermissionError, MemoryError):\n    sys.exit(77)") == 77, code
    assert run(f"{begin} sys.exit(78)") == 78


def run(code: str) -> int:
    return subprocess.run([sys.executable, "-I", "-c", "import sys\n" + code], check=False).returncode


def test_without_its_libraries_it_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = "import sys; sys.modules['weasyprint'] = None; from gateway.printing import press; sys.exit(press.main())"
    monkeypatch.setattr(printer, "_COMMAND", (sys.executable, "-I", "-c", absent))
    with pytest.raises(PrinterUnavailable) as told:
        printed(letter("closing", ("fr",)))
    assert all(name in str(told.value) for name in LIBRARIES)
    monkeypatch.setattr(assets, "whole", lambda: False)
    with pytest.raises(PrinterUnavailable, match="fonts"):
        printed(letter("closing", ("fr",)))


@pytest.mark.parametrize(
    "code", ["sys.exit(1)", "print('Diallo')", "import time; time.sleep(60)", "import os; os.abort()"]
)
def test_a_press_that_fails_or_hangs_is_stopped_and_says_nothing_of_the_letter(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printer, "_COMMAND", (sys.executable, "-I", "-c", f"import sys; {code}"))
    monkeypatch.setattr(printer, "PATIENCE", 0.5)
    with pytest.raises(PrinterUnavailable) as told:
        printed(letter("closing", ("fr",)))
    assert "Diallo" not in str(told.value)


def test_more_letters_than_wait_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write(b'%PDF-')"
    monkeypatch.setattr(printer, "_COMMAND", (sys.executable, "-I", "-c", code))

    async def many() -> list[bytes | BaseException]:
        own = Printer()
        return await asyncio.gather(
            *(own.print_letter(letter("closing", ("fr",))) for _ in range(12)), return_exceptions=True
        )

    outcomes = asyncio.run(many())
    assert sum(outcome == b"%PDF-" for outcome in outcomes) == printer._WAITING
    assert sum(isinstance(outcome, PrinterUnavailable) for outcome in outcomes) == 12 - printer._WAITING


def test_exit_codes_mean_one_thing_each() -> None:
    assert len({0, 1, press.NO_LIBRARY, press.NO_FONT, press.FAILED}) == 5
