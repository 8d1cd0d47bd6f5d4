"""Reads a policy folder, strictly: what is not written exactly as it must be is refused, with file and line.

    model.conf      Casbin's model, pinned by digest: its bytes are compared
    rules/          casework.csv, follow_up.csv, partner.csv, oversight.csv and nothing else
    release.csv     profile, field, treatment

Casbin's own readers let a misspelt deny line pass as no line at all. Here each file is ASCII with LF line ends,
one header, no comments, no quotes, no blanks around words, and every word is one of the vocabulary.
All faults are reported together. Each file is read once; the digest covers the bytes that were read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from policies.facts import need_of
from policies.fields import CONTRACT
from policies.lines import ANY_STATE, NO_RELEASE, Rule, Source
from policies.lint import lint
from vault.errors import PolicyRejected
from vault.vocabulary import Action, Kind, Phase, Purpose, ReleaseProfile, Role, Treatment, ZoneKind

#: SHA-256 of the only model there is. Changing the model is a change of this program, not of a data file.
MODEL_SHA256: Final = "c4bf26f0b65ad8ac91ecb25f397849c044f50b04130ce2e16ee66e35bba78d53"
DEFAULT_FOLDER: Final = Path(__file__).parent
RULES_HEADER: Final = "id,role,kind,act,purpose,state,need,release,eft,why"
RELEASE_HEADER: Final = "profile,field,treatment"
#: Bytes. The whole policy is about 15 kB; a larger file is not a policy.
LARGEST_FILE: Final = 256 * 1024
#: Begins every rule's id, so that the log shows the zone of a rule.
ID_PREFIX: Final = {
    ZoneKind.CASEWORK: "cw",
    ZoneKind.FOLLOW_UP: "fu",
    ZoneKind.PARTNER: "pa",
    ZoneKind.OVERSIGHT: "ov",
}
#: The explanation: words and harmless signs. No comma, quote, number sign or backslash.
_WHY: Final = re.compile(r"[A-Za-z][A-Za-z0-9 .:()'/-]{7,159}")
_UNPRINTABLE: Final = re.compile(rb"[^\x20-\x7e]")
_Word = TypeVar("_Word", bound=StrEnum)


def load_source(folder: Path | None = None) -> Source:
    """Read and lint the policy in `folder` (default: the one shipped with the program).

    Raises PolicyRejected with every fault found.
    """
    folder = DEFAULT_FOLDER if folder is None else folder
    faults: list[str] = []
    files: list[tuple[str, bytes]] = []
    model = _read(folder, "model.conf", faults)
    if model is not None and hashlib.sha256(model).hexdigest() != MODEL_SHA256:
        faults.append("model.conf: not the model this program was written for")
    files.append(("model.conf", model or b""))
    faults.extend(_strangers(folder / "rules"))
    rules: list[Rule] = []
    for zone in ZoneKind:
        name = f"rules/{zone}.csv"
        content = _read(folder, name, faults)
        if content is not None:
            rules.extend(parse_rules(content, zone, faults))
        files.append((name, content or b""))
    content = _read(folder, "release.csv", faults)
    profiles = {} if content is None else parse_release(content, faults)
    files.append(("release.csv", content or b""))
    faults.extend(lint(rules, profiles))
    if faults:
        raise PolicyRejected(tuple(faults))
    return Source((model or b"").decode("ascii"), tuple(rules), MappingProxyType(profiles), tuple(files))


def parse_rules(content: bytes, zone: ZoneKind, faults: list[str]) -> list[Rule]:
    """The rules of one zone's file. What cannot be read is added to `faults`, with its line."""
    name = f"{zone}.csv"
    return [
        rule
        for number, columns in table_lines(content, name, RULES_HEADER, faults)
        if (rule := _rule(columns, f"{name}:{number}", ID_PREFIX[zone], faults)) is not None
    ]


def parse_release(content: bytes, faults: list[str]) -> dict[str, ReleaseProfile]:
    """The release profiles: fields in the order of the file. Only what the contract knows."""
    name = "release.csv"
    fields: dict[str, dict[str, Treatment]] = {}
    for number, (profile, field, treatment) in table_lines(content, name, RELEASE_HEADER, faults):
        place = f"{name}:{number}"
        contract = CONTRACT.get(profile)
        if contract is None:
            faults.append(f"{place}: unknown profile")
        elif field not in contract.fields:
            faults.append(f"{place}: {profile} has no such field")
        elif field in fields.get(profile, {}):
            faults.append(f"{place}: {profile} names this field twice")
        elif (shown := _word(Treatment, treatment)) is None:
            faults.append(f"{place}: unknown treatment")
        else:
            fields.setdefault(profile, {})[field] = shown
    return {profile: ReleaseProfile(profile, tuple(shown.items())) for profile, shown in fields.items()}


def table_lines(content: bytes, name: str, header: str, faults: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Line number and columns of each line after the header. A file with a fault of form yields no line at all."""
    form = tuple(_form_faults(content, name, header))
    if form:
        faults.extend(form)
        return
    width = header.count(",") + 1
    for number, line in enumerate(content.decode("ascii").split("\n")[1:-1], start=2):
        columns = line.split(",")
        if len(columns) == width:
            yield number, columns
        else:
            faults.append(f"{name}:{number}: {len(columns)} columns instead of {width}")


def _form_faults(content: bytes, name: str, header: str) -> Iterator[str]:
    """What is wrong with the bytes of a file, before any word of it is looked at."""
    if content.startswith(b"\xef\xbb\xbf"):
        yield f"{name}:1: begins with a byte-order mark"
        return
    lines = content.split(b"\n")
    if lines[-1]:
        yield f"{name}:{len(lines)}: the last line does not end with a line feed"
    for number, line in enumerate(lines[:-1], start=1):
        if not line:
            yield f"{name}:{number}: an empty line"
        elif line.endswith(b" "):
            yield f"{name}:{number}: a blank at the end"  # after a free text it would be no fault of a word
        elif _UNPRINTABLE.search(line):
            yield f"{name}:{number}: a character that is not printable ASCII (line ends are LF)"
    if lines[0] != header.encode("ascii"):
        yield f"{name}:1: the header is not `{header}`"
    elif len(lines) < 3:
        yield f"{name}:1: no line after the header"


def _rule(columns: list[str], place: str, prefix: str, faults: list[str]) -> Rule | None:
    rule_id, role, kind, act, purpose, state, need, release, effect, why = columns
    before = len(faults)
    if not re.fullmatch(rf"{prefix}-[0-9]{{2,3}}", rule_id):
        faults.append(f"{place}: the id is not {prefix}- and two or three digits")
    words = (_word(Role, role), _word(Kind, kind), _word(Action, act), _word(Purpose, purpose))
    faults.extend(
        f"{place}: unknown {column}"
        for column, word in zip(("role", "kind", "act", "purpose"), words, strict=True)
        if word is None
    )
    if not _states_known(state):
        faults.append(f"{place}: unknown or repeated state")
    try:
        need_of(need)
    except ValueError as error:
        faults.append(f"{place}: need: {error}")
    if effect not in ("allow", "deny"):
        faults.append(f"{place}: the effect is neither allow nor deny")
    elif (release == NO_RELEASE) != (effect == "deny"):
        faults.append(f"{place}: release is none exactly on deny lines")
    if release != NO_RELEASE and release not in CONTRACT:
        faults.append(f"{place}: unknown release profile")
    if not _WHY.fullmatch(why):
        faults.append(f"{place}: the explanation is missing, too long, or has a sign that is not allowed")
    role_, kind_, act_, purpose_ = words
    if len(faults) > before or role_ is None or kind_ is None or act_ is None or purpose_ is None:
        return None
    states = tuple(state.split("/"))
    return Rule(rule_id, role_, kind_, act_, purpose_, states, need, release, effect == "allow", why, place)


def _states_known(text: str) -> bool:
    if text == ANY_STATE:
        return True
    states = text.split("/")
    return len(set(states)) == len(states) and all(_word(Phase, state) is not None for state in states)


def _word(vocabulary: type[_Word], text: str) -> _Word | None:
    try:
        return vocabulary(text)
    except ValueError:
        return None


def _read(folder: Path, name: str, faults: list[str]) -> bytes | None:
    try:
        with (folder / name).open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        faults.append(f"{name}: cannot be read ({type(error).__name__})")
        return None
    if not content:
        faults.append(f"{name}: is empty")
        return None
    if len(content) > LARGEST_FILE:
        faults.append(f"{name}: is larger than {LARGEST_FILE} bytes")
        return None
    return content


def _strangers(folder: Path) -> Iterable[str]:
    """A file that nobody reads may be one that somebody believes to be in force."""
    known = {f"{zone}.csv" for zone in ZoneKind}
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return ()  # each missing file is reported by its own name
    return tuple(f"rules/{ascii(name)[1:-1]}: not one of the zones' files" for name in names if name not in known)
