"""Each picture that the command writes is there and shown somewhere; none lies there that it does not write."""

from __future__ import annotations

import re
from pathlib import Path

from tests.pages.screenshots import FOLDER, PAGES

ROOT = FOLDER.parents[1]
WRITTEN = {name for pictures in PAGES.values() for name in pictures} | {"note-review", "desk-orders"}
#: In the documents, by the name of the file.
SHOWN = {
    name
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    for name in re.findall(r"!\[[^\]]+\]\([^)]*screenshots/([a-z-]+)\.png\)", path.read_text("utf-8"))
}


def test_the_pictures_are_those_that_the_command_writes() -> None:
    assert {path.stem for path in FOLDER.glob("*.png")} == WRITTEN
    assert all(Path(FOLDER / f"{name}.png").stat().st_size > 10_000 for name in WRITTEN)


def test_each_picture_is_shown_with_words_for_it_and_none_is_missing() -> None:
    assert SHOWN == WRITTEN
