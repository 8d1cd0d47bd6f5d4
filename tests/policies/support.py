"""What the policy tests share: rules made by hand, and folders with one thing changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from policies.compiler import Table, compile_table
from policies.lines import Rule, Source
from policies.loader import DEFAULT_FOLDER
from vault.vocabulary import ROLE_ZONE, Action, Kind, Purpose, Role

FILES = (
    "model.conf",
    "rules/casework.csv",
    "rules/follow_up.csv",
    "rules/partner.csv",
    "rules/oversight.csv",
    "release.csv",
    "expected.csv",
)


def rule(text: str, *, line: int = 2) -> Rule:
    """A rule from its columns without the explanation: `cw-90,coach,note,read,coaching,active,own,note_full,allow`."""
    rule_id, role, kind, act, purpose, state, need, release, effect = text.split(",")
    return Rule(
        rule_id,
        Role(role),
        Kind(kind),
        Action(act),
        Purpose(purpose),
        tuple(state.split("/")),
        need,
        release,
        effect == "allow",
        "made by a test",
        f"{ROLE_ZONE[Role(role)]}.csv:{line}",
    )


def table_of(source: Source, rules: Iterable[Rule | str]) -> Table:
    """These rules alone, compiled with the shipped profiles; the loader's checks are not asked."""
    made = tuple(rule(entry) if isinstance(entry, str) else entry for entry in rules)
    return compile_table(replace(source, rules=made))


def policy_copy(folder: Path, changes: dict[str, Callable[[bytes], bytes]] | None = None) -> Path:
    """The shipped policy in `folder`, with some files changed."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(DEFAULT_FOLDER / name, folder / name)
    for name, change in (changes or {}).items():
        before = (folder / name).read_bytes()
        after = change(before)
        assert after != before, f"the change of {name} changed nothing"
        (folder / name).write_bytes(after)
    return folder


def swap(old: str, new: str) -> Callable[[bytes], bytes]:
    """Replace text that stands exactly once."""

    def change(content: bytes) -> bytes:
        assert content.count(old.encode()) == 1, f"{old!r} does not stand exactly once"
        return content.replace(old.encode(), new.encode())

    return change


def line_of(file: str, beginning: str) -> int:
    """The number of the line of a shipped policy file that begins so."""
    lines = (DEFAULT_FOLDER / file).read_text().split("\n")
    return next(number for number, line in enumerate(lines, 1) if line.startswith(beginning))
