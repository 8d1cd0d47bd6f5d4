"""The files of an import: what each one says, what is wrong with it, and what was imported before."""

from __future__ import annotations

import fcntl
import os
import stat
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from enum import StrEnum, unique
from hashlib import sha256
from pathlib import Path
from typing import Final

import typer

from gateway.cli.output import as_called
from vault.cases.model import LANGUAGES
from vault.errors import ConfigurationError, Conflict, InvalidIdentifier
from vault.pseudonyms import domain_of, parse_pseudonym
from vault.vocabulary import CASEWORK

SUFFIXES: Final = frozenset({".txt", ".md", ".markdown"})
REPORT: Final = ".parefeu-import.tsv"
_FIELDS: Final = ("case", "language", "template")
_FENCE: Final = "---"


@unique
class Status(StrEnum):
    READY = "ready"
    WAITING = "waiting"  # nobody reviewed it yet
    WRITTEN = "written"
    SKIPPED = "skipped"  # imported before, a duplicate, or not a note at all
    FAILED = "failed"


@dataclass(slots=True, repr=False)
class Candidate:
    """One file. text never prints itself. found, suggested, least: of a look through it; least: the smallest score."""

    name: str
    report: Report
    status: Status = Status.READY
    why: str = ""
    case: str = ""
    language: str = ""
    template: str = ""
    text: str = ""
    note: str = ""
    found: int = 0
    suggested: int = 0
    least: float = 1.0

    @property
    def digest(self) -> str:
        """Of case and text: the same note in the same case is one note, whatever its file is called."""
        return sha256(f"{self.case}\0{self.text.strip()}".encode()).hexdigest()

    def fail(self, why: str) -> None:
        self.status, self.why = Status.FAILED, why

    def wait(self, why: str) -> None:
        self.status, self.why = Status.WAITING, why

    def skip(self, why: str) -> None:
        self.status, self.why = Status.SKIPPED, why


@dataclass(slots=True)
class Report:
    """What earlier runs imported: a line when a file is begun, one when it is done."""

    path: Path
    imported: dict[str, str] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Report:
        """Raises ConfigurationError for a report that cannot be read."""
        report = cls(folder / REPORT)
        try:
            if not stat.S_ISREG(report.path.lstat().st_mode):  # a link leads elsewhere, a pipe never ends
                raise ConfigurationError(f"the report {report.path} is no file")
            lines = report.path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return report
        except (OSError, UnicodeDecodeError):
            raise ConfigurationError(f"the report {report.path} cannot be read") from None
        for line in lines:
            word, digest, *rest = [*line.split("\t"), "", ""]
            if word == "begun":
                report.begun[digest] = rest[0]
            elif word == "undone":
                report.begun.pop(digest, None)
            elif word == "done":
                report.begun.pop(digest, None)
                report.imported[digest] = rest[1]
        return report

    def begin(self, one: Candidate) -> None:
        self._add("begun", one.digest, one.name)

    def undo(self, one: Candidate) -> None:
        """The gateway refused it: nothing was written."""
        self._add("undone", one.digest, one.name)

    def done(self, one: Candidate, note: str) -> None:
        self._add("done", one.digest, one.name, note)

    def _add(self, *parts: str) -> None:
        """Raises OSError unless the whole line is on the disk."""
        line = "\t".join(" ".join(part.split()) for part in parts) + "\n"  # a name may hold any of the line ends
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        with os.fdopen(os.open(self.path, flags, 0o600), "r+b", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            cut = size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"  # by a full disk, or a crash
            rest = (b"\n" if cut else b"") + line.encode()
            while rest:
                rest = rest[os.write(file.fileno(), rest) :]
            os.fsync(file.fileno())


class Reports:
    """Those of one run: one beside the files of each folder, so that whoever names a folder, one in it or a file of it
    finds the same one.

    writing: until `close`, no other run stores from these folders; each would store what the other one is about to.
    """

    def __init__(self, *, writing: bool = False) -> None:
        self._of: dict[Path, Report] = {}
        self._writing = writing
        self._held = ExitStack()

    def close(self) -> None:
        self._held.close()

    def beside(self, folder: Path) -> Report:
        """Raises ConfigurationError for a report that cannot be read, Conflict."""
        place = folder.resolve()
        if place not in self._of:
            if self._writing:
                self._claim(place)
            self._of[place] = Report.load(place)
        return self._of[place]

    def _claim(self, place: Path) -> None:
        with suppress(OSError):  # a folder of the network may know no locks: then whoever imports minds it
            descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._held.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(f"another import from {place} is running: wait for its end") from None

    def note_of(self, digest: str) -> str | None:
        """The note that it became, whichever folder it lay in."""
        return next((each.imported[digest] for each in self._of.values() if digest in each.imported), None)

    def begun(self, digest: str) -> Report | None:
        """The report that says that it was begun and not that it was done."""
        return next((each for each in self._of.values() if digest in each.begun), None)


def gathered(paths: Iterable[Path], reports: Reports | None = None) -> list[Candidate]:
    """Every file named, and every file in the folders named.

    Raises BadParameter for what is not there, ConfigurationError for a report that cannot be read, Conflict.
    """
    found: list[Candidate] = []
    reports = reports or Reports()
    for path in paths:
        if not path.exists():
            raise typer.BadParameter(f"{path} is no file and no folder")
        reports.beside(path if path.is_dir() else path.parent)
        found += candidates(path, reports)
    _mark_known(found, reports)
    return found


def candidates(place: Path, reports: Reports) -> list[Candidate]:
    """The file, or every file of the folder and of the folders in it, each with its verdict so far."""
    if not place.is_dir():
        return [_read(place, place.name, reports.beside(place.parent))]
    paths = sorted(path for path in place.rglob("*") if not path.is_dir() or path.is_symlink())
    shown = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(place).parts)]
    return [_read(path, str(path.relative_to(place)), reports.beside(path.parent)) for path in shown]


def _mark_known(found: Iterable[Candidate], reports: Reports) -> None:
    first: dict[str, str] = {}
    for one in found:
        if one.status is not Status.READY:
            continue
        digest = one.digest
        note, begun = reports.note_of(digest), reports.begun(digest)
        if note is not None:
            one.note = note
            one.skip("imported before")
        elif begun is not None:
            one.fail(
                as_called("an earlier run stopped while writing it: see `parefeu note list` whether it is there; ")
                + f"if it is not, delete its line in {begun.path}"
            )
        elif digest in first:
            one.skip(f"the same note as {first[digest]}")
        else:
            first[digest] = one.name


def _read(path: Path, name: str, report: Report) -> Candidate:
    from vault.cases.notes import NOTE_LIMIT

    longest = NOTE_LIMIT + 4096  # with its opening part
    # A name from an older disk may be no UTF-8. It is only shown, and must not stop an import half-way.
    one = Candidate(os.fsencode(name).decode("utf-8", "replace"), report)
    if path.suffix.lower() not in SUFFIXES or not path.is_file() or path.is_symlink():
        one.skip("not a text or Markdown file")
        return one
    try:
        with path.open("rb") as file:
            raw = file.read(longest + 1)  # no more, however much it grows meanwhile
    except OSError as error:
        one.fail(f"cannot be read: {error.strerror}")
        return one
    if len(raw) > longest:
        one.fail(f"larger than {NOTE_LIMIT} bytes")
        return one
    try:
        _parse(one, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        kind = "UTF-16, not UTF-8" if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "not UTF-8"
        one.fail(f"{kind} (byte {fault.start}): save it as UTF-8")
    except ValueError as fault:
        one.fail(str(fault))
    return one


def _parse(one: Candidate, content: str) -> None:
    """Fill in what the file says. Raises ValueError with a text that quotes no content."""
    from vault.cases.notes import NOTE_LIMIT
    from vault.cases.templates import TEMPLATES

    lines = content.replace("\r\n", "\n").split("\n")
    if lines[0].strip() != _FENCE:
        raise ValueError("does not open with --- and its case, language and template")
    try:
        end = next(place for place, line in enumerate(lines[1:40], start=1) if line.strip() == _FENCE)
    except StopIteration:
        raise ValueError("its opening part is not closed by ---") from None
    values = _head(lines[1:end])
    one.language, one.template = values["language"], values["template"]
    try:
        one.case = parse_pseudonym(values["case"], domain_of(CASEWORK)).text
    except InvalidIdentifier as fault:
        raise ValueError(as_called(f"case: not a reference as `parefeu case list` shows them ({fault})")) from None
    if one.language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}")
    if one.template not in TEMPLATES:
        raise ValueError(f"template must be one of {', '.join(TEMPLATES)}")
    one.text = "\n".join(lines[end + 1 :]).strip("\n")
    if not one.text.strip():
        raise ValueError("the note is empty")
    if any((char < " " and char not in "\n\t") or char == "\x7f" for char in one.text):
        raise ValueError("holds control characters: not plain text")
    if len(one.text.encode()) > NOTE_LIMIT:
        raise ValueError(f"larger than {NOTE_LIMIT} bytes")


def _head(lines: list[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for number, line in enumerate(lines, start=2):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or name not in _FIELDS:
            raise ValueError(f"line {number}: only {', '.join(_FIELDS)} can stand in the opening part")
        if name in values:
            raise ValueError(f"line {number}: {name} stands there twice")
        values[name] = value.strip().strip("\"'")
    missing = [name for name in _FIELDS if not values.get(name)]
    if missing:
        raise ValueError(f"its opening part lacks {', '.join(missing)}")
    return values
