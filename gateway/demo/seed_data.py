"""The invented cases of the demo, read from `gateway/demo/seed/` and checked once, here.

A folder per case, `NN_slug/`: `case.json` and the notes `noteN.LANGUAGE.TEMPLATE.md`. The seed knows nothing of keys,
policy or storage; whoever plays it sends `body` to "open a case" and the notes after the privacy notice.

    for case in load_seed():
        print(case.slug, case.coach, len(case.notes))
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from vault.cases.flow import NONCOLLABORATION, Outcome, Step
from vault.cases.model import LANGUAGES
from vault.cases.templates import TEMPLATES
from vault.errors import ConfigurationError

COACHES: Final = ("amina", "bert", "claire", "dirk")
#: Each path includes giving the privacy notice. The last three end in an outcome.
PATHS: Final = ("open", "follow_up", "referred", "closing", "handed_over", "closed")
ENDING: Final = frozenset({"closing", "handed_over", "closed"})

_OWN: Final = ("slug", "story", "path", "outcome", "coach", "notified_days_ago", "term_ends_in_days", "flow")
_ACTORS: Final = ("coach", "desk", "head")
_FOLDER: Final = re.compile(r"[0-9]{2}_([a-z][a-z0-9_]*)")
_NOTE: Final = re.compile(r"note([1-9])\.([a-z]{2})\.([a-z_]+)\.md")


@dataclass(frozen=True, slots=True)
class SeedNote:
    """One interview note as the coach typed it: names and numbers still in it."""

    language: str
    template: str
    text: str


@dataclass(frozen=True, slots=True)
class SeedStep:
    """One step. told: what is sent with it; the day "today" is that of the playing."""

    by: str
    step: Step
    told: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SeedCase:
    """One case. body: the fields of `OpenCaseBody`, as JSON gives them. outcome: for the paths of ENDING only.

    notified_days_ago, term_ends_in_days: counted from the day on which the case is played; the latter may be negative.
    flow: the steps in order, each who takes it (`coach`, `desk` or `head` of the region), the step, and what is told
    with it; None stands for the next note.
    """

    slug: str
    story: str
    path: str
    outcome: str | None
    coach: str
    body: dict[str, Any]
    notes: tuple[SeedNote, ...]
    notified_days_ago: int
    term_ends_in_days: int
    flow: tuple[SeedStep | None, ...]

    def body_on(self, today: date) -> dict[str, Any]:
        """What opens the case on the day on which it is played."""
        notified = today - timedelta(days=self.notified_days_ago)
        ends = today + timedelta(days=self.term_ends_in_days)
        dated = {"notified_on": notified.isoformat(), "term_end": ends.isoformat()}
        return self.body | {"facts": self.body["facts"] | dated}


def load_seed(root: Traversable | None = None) -> tuple[SeedCase, ...]:
    """All cases, in the order of their folders. Raises ConfigurationError, naming file and field."""
    root = root if root is not None else _packaged()
    folders = sorted((entry for entry in root.iterdir() if _FOLDER.fullmatch(entry.name)), key=lambda entry: entry.name)
    if not folders:
        raise ConfigurationError("the seed of the demo holds no case folder such as 01_slug")
    return tuple(_case(folder) for folder in folders)


def import_example(root: Traversable | None = None) -> tuple[tuple[str, str], ...]:
    """The example of an import: (file name, text), sorted. `{{n}}` stands for the reference of the n-th case."""
    folder = (root if root is not None else _packaged()) / "import_example"
    entries = (entry for entry in folder.iterdir() if entry.name.endswith((".md", ".txt")))
    return tuple((entry.name, entry.read_text("utf-8")) for entry in sorted(entries, key=lambda entry: entry.name))


def _packaged() -> Traversable:
    return files("gateway.demo") / "seed"


def _case(folder: Traversable) -> SeedCase:
    where = f"{folder.name}/case.json"
    try:
        data = json.loads((folder / "case.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{where}: cannot be read as JSON ({type(error).__name__})") from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"{where}: an object is expected")
    slug, path, coach = (_text(data, key, where) for key in ("slug", "path", "coach"))
    if folder.name[3:] != slug:
        raise ConfigurationError(f"{where}: the slug is {slug!r}, the folder says {folder.name[3:]!r}")
    _one_of(path, PATHS, where, "path")
    _one_of(coach, COACHES, where, "coach")
    return SeedCase(
        slug, _text(data, "story", where), path, _outcome(data, path, where), coach,
        {key: value for key, value in data.items() if key not in _OWN}, *_played(folder, data, where),
    )  # fmt: skip


def _played(
    folder: Traversable, data: Mapping[str, Any], where: str
) -> tuple[tuple[SeedNote, ...], int, int, tuple[SeedStep | None, ...]]:
    """The notes, the age of the order, the end of its term, and the flow; every note has its place in the flow."""
    notes, listed = _notes(folder), data.get("flow")
    days, ends = data.get("notified_days_ago"), data.get("term_ends_in_days")
    if not isinstance(days, int) or not 0 <= days <= 3660:
        raise ConfigurationError(f"{where}: notified_days_ago must be a number of days")
    if not isinstance(ends, int) or not -days <= ends <= 3660:
        raise ConfigurationError(f"{where}: term_ends_in_days must be a number of days, not before the notification")
    if not isinstance(listed, list):
        raise ConfigurationError(f"{where}: flow must be a list of steps")
    flow = tuple(_step(entry, where) for entry in listed)
    if flow.count(None) != len(notes):
        raise ConfigurationError(f"{where}: the flow has {flow.count(None)} notes, the folder {len(notes)}")
    return notes, days, ends, flow


def _step(entry: Any, where: str) -> SeedStep | None:
    if entry == "note":
        return None
    if not isinstance(entry, dict):
        raise ConfigurationError(f'{where}: flow: a step is an object, or "note"')
    by = _one_of(entry.get("by", "coach"), _ACTORS, where, "by")
    step = Step(_one_of(_text(entry, "step", where), tuple(Step), where, "step"))
    return SeedStep(by, step, {name: value for name, value in entry.items() if name not in {"by", "step"}})


def _outcome(data: Mapping[str, Any], path: str, where: str) -> str | None:
    """The outcome code when the path needs one, and one that the path can reach."""
    if path not in ENDING:
        if data.get("outcome") is not None:
            raise ConfigurationError(f"{where}: the path {path} has no outcome")
        return None
    allowed = tuple(Outcome) if path == "closed" else tuple(sorted(NONCOLLABORATION))
    return _one_of(_text(data, "outcome", where), allowed, where, "outcome")


def _notes(folder: Traversable) -> tuple[SeedNote, ...]:
    """The notes in the order of their numbers, which run from 1 without a gap."""
    notes: list[SeedNote] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name == "case.json":
            continue
        where = f"{folder.name}/{entry.name}"
        match = _NOTE.fullmatch(entry.name)
        if match is None:
            raise ConfigurationError(f"{where}: a note is called noteN.LANGUAGE.TEMPLATE.md")
        number, language, template = match.groups()
        if int(number) != len(notes) + 1:
            raise ConfigurationError(f"{where}: note {len(notes) + 1} is expected here")
        _one_of(language, LANGUAGES, where, "language")
        _one_of(template, TEMPLATES, where, "template")
        text = entry.read_text("utf-8").strip()
        if not text:
            raise ConfigurationError(f"{where}: the note is empty")
        notes.append(SeedNote(language, template, text))
    if not notes:
        raise ConfigurationError(f"{folder.name}: a case of the seed has at least one note")
    return tuple(notes)


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{where}: {key} must be a text that is not empty")
    return value


def _one_of(value: str, allowed: tuple[str, ...], where: str, what: str) -> str:
    if value not in allowed:
        raise ConfigurationError(f"{where}: {what} must be one of {', '.join(allowed)}")
    return value
