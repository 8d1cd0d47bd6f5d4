"""A policy of somebody else's, decided beside the vault's and never mixed with it: a folder of four files.

    model.conf        Casbin's model, held to a form (below)
    policy.csv        its lines: a header with the names of `policy_definition`, then one line each
    attributes.json   what is known: {"actions": [...], "subjects": {TYPE: {ID: {...}}}, "resources": {...}}
    namespace.json    {"claims": true|false}: whether a caller may add attributes to what is known

The vault's rules are compiled from a closed vocabulary; here subjects, actions and resources are whatever the folder
says, and a request is decided by Casbin itself. What Casbin's readers let pass and then misread is refused at load:
the sections and their order, one line each, one of two effects, and a matcher of comparisons alone. No function may
be called in it, so there is no `eval`, no pattern, and no method of a request's object.

What is known wins over what a caller claims; a claim only adds. An attribute that is neither known nor claimed equals
nothing, not even another one that is missing. Whatever goes wrong is a denial.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from policies.engine import engine_versions, open_enforcer
from policies.loader import LARGEST_FILE
from vault.errors import PolicyRejected

_LOG: Final = logging.getLogger("parefeu.policies")
FILES: Final = ("model.conf", "policy.csv", "attributes.json", "namespace.json")
NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
#: Lines of a policy and things that are known: each decision walks all lines, each search all things.
MOST_LINES: Final = 500
MOST_THINGS: Final = 2000
_LONGEST_LIST: Final = 100
_LONGEST_TEXT: Final = 500
_COLUMN: Final = re.compile(r"[a-z][a-z_]{0,31}")
_ATTRIBUTE: Final = re.compile(r"[a-z][A-Za-z_]{0,31}")
_VALUE: Final = re.compile(r"[A-Za-z0-9_@.:/*-]{1,200}")
#: How effects may be combined: an allow line decides, or a deny line overrides it.
_EFFECTS: Final = frozenset(
    {"some(where (p.eft == allow))", "some(where (p.eft == allow)) && !some(where (p.eft == deny))"}
)
_SECTIONS: Final = ("request_definition", "policy_definition", "policy_effect", "matchers")
#: What a matcher is made of: attributes, texts, truths, comparisons, and, or, brackets. No name stands before a
#: bracket, which is what a call would look like; and no "not", which would make a missing attribute a reason.
_TOKEN: Final = re.compile(
    r'\s*(?:(?P<name>[rp](?:\.[a-z][A-Za-z_]*)+)|"[A-Za-z0-9_@.:/*-]*"|==|!=|&&|\|\||\(|\)|\bin\b|\bTrue\b|\bFalse\b)'
)


class _Missing:
    """Equals nothing, differs from nothing, holds nothing: two missing attributes do not match each other."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return False

    def __contains__(self, item: object) -> bool:
        return False

    def __bool__(self) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


_MISSING: Final = _Missing()


class _Thing:
    """A subject, an action or a resource as the matcher sees it: attributes, and nothing that can be called.

    missed: notes that something was looked at which is not there. A matcher reaches no name that begins with `_`.
    """

    def __init__(self, values: Mapping[str, Any], missed: list[str]) -> None:
        self.__dict__.update(values)
        self._missed = missed

    def __getattr__(self, name: str) -> Any:
        self._missed.append(name)
        return _MISSING


@dataclass(frozen=True, slots=True)
class Entity:
    """type, id: `action` and the action's name for an action. claims: what the caller says about it."""

    type: str
    id: str
    claims: Mapping[str, Any] = field(default_factory=dict)


class Namespace:
    """One loaded policy. Its engine belongs to one thread at a time: the caller sees to that."""

    def __init__(self, name: str, files: Mapping[str, bytes]) -> None:
        faults: list[str] = []
        model, columns = _model(files["model.conf"], faults)
        lines = _lines(files["policy.csv"], columns, faults)
        known = _json(files["attributes.json"], "attributes.json", faults)
        options = _json(files["namespace.json"], "namespace.json", faults)
        self.name: Final = name
        self.actions: Final = _actions(known, faults)
        self._subjects: Final = _things(known, "subjects", faults)
        self._resources: Final = _things(known, "resources", faults)
        if set(options) != {"claims"} or not isinstance(options.get("claims"), bool):
            faults.append("namespace.json: says whether `claims` are taken, true or false, and nothing else")
        if faults:
            raise PolicyRejected(tuple(f"{name}/{fault}" for fault in faults))
        self._claims: Final = options["claims"]
        self._denies: Final = any(line[-1] == "deny" for line in lines)
        self._enforcer: Final = open_enforcer(model, lines)
        self.digest: Final = _digest(files)

    def decide(self, subject: Entity, action: Entity, resource: Entity) -> tuple[bool, int]:
        """Casbin's answer and the number of the line that gave it (0: none). Never raises; a fault is a denial."""
        missed: list[str] = []
        try:
            allowed, line = self._enforcer.enforce_ex(
                self._seen(subject, self._subjects, missed),
                self._seen(action, {}, missed),
                self._seen(resource, self._resources, missed),
            )
            number = self._enforcer.get_policy().index(line) + 1 if line else 0
        except Exception as error:  # noqa: BLE001 - a fault of any kind must deny
            _LOG.error("a namespace's question was denied: %s", type(error).__name__, extra={"namespace": self.name})
            return False, 0
        if allowed is not True or (self._denies and missed):
            return False, number if allowed is not True else 0
        return True, number

    def subjects(self, kind: str) -> tuple[str, ...]:
        return tuple(self._subjects.get(kind, ()))

    def resources(self, kind: str) -> tuple[str, ...]:
        return tuple(self._resources.get(kind, ()))

    def _seen(
        self, entity: Entity, known: Mapping[str, Mapping[str, Mapping[str, Any]]], missed: list[str]
    ) -> _Thing:  # fmt: skip
        claims = {
            name: value
            for name, raw in entity.claims.items()
            if _ATTRIBUTE.fullmatch(name) and (value := _plain(raw)) is not None
        }
        stored = known.get(entity.type, {}).get(entity.id)
        return _Thing(
            {
                **(claims if self._claims else {}), **(stored or {}),
                "type": entity.type, "id": entity.id, "name": entity.id, "known": stored is not None,
            },
            missed,
        )  # fmt: skip


def load_namespace(folder: Path) -> Namespace:
    """Read the namespace in `folder`; its name is the folder's. Raises PolicyRejected with every fault found."""
    name = folder.name
    if not NAME.fullmatch(name):
        raise PolicyRejected(("a namespace is named by small letters, digits, - and _",))
    faults, files = [], {}
    strangers = sorted({entry.name for entry in folder.iterdir()} - set(FILES)) if folder.is_dir() else []
    faults += [f"{name}/{ascii(stranger)[1:-1]}: not one of a namespace's files" for stranger in strangers]
    for file in FILES:
        try:
            with (folder / file).open("rb") as opened:
                files[file] = opened.read(LARGEST_FILE + 1)
        except OSError as error:
            faults.append(f"{name}/{file}: cannot be read ({type(error).__name__})")
            continue
        if not 0 < len(files[file]) <= LARGEST_FILE:
            faults.append(f"{name}/{file}: is empty or larger than {LARGEST_FILE} bytes")
    if faults:
        raise PolicyRejected(tuple(faults))
    return Namespace(name, files)


# -- reading -----------------------------------------------------------------------------------------


def _text(content: bytes, name: str, faults: list[str]) -> list[str]:
    """The lines of a file that is printable ASCII and ends its last line. With a fault: none."""
    lines = content.split(b"\n")
    if lines[-1]:
        faults.append(f"{name}:{len(lines)}: the last line does not end with a line feed")
    bad = [n for n, line in enumerate(lines, 1) if any(byte < 0x20 or byte > 0x7E for byte in line)]
    faults.extend(f"{name}:{number}: a character that is not printable ASCII" for number in bad)
    return [] if bad or lines[-1] else [line.decode("ascii") for line in lines[:-1]]


def _model(content: bytes, faults: list[str]) -> tuple[str, tuple[str, ...]]:
    """The model as Casbin gets it, written anew from what was understood, and the columns of its policy."""
    before = len(faults)
    lines = [line for line in _text(content, "model.conf", faults) if line]
    if len(faults) > before:
        return "", ()
    if len(lines) != 2 * len(_SECTIONS) or lines[::2] != [f"[{section}]" for section in _SECTIONS]:
        faults.append(f"model.conf: has the sections {', '.join(_SECTIONS)}, in this order, each with one line")
        return "", ()
    request, policy, effect, matcher = lines[1::2]
    columns = tuple(policy.removeprefix("p = ").split(", "))
    if request != "r = sub, act, res":
        faults.append("model.conf: a request is `r = sub, act, res`")
    if not policy.startswith("p = ") or columns[-1:] != ("eft",) or not all(map(_COLUMN.fullmatch, columns)):
        faults.append("model.conf: a policy is `p = name, name, ..., eft`")
    elif len(set(columns)) != len(columns):
        faults.append("model.conf: the policy names a column twice")
    if effect.removeprefix("e = ") not in _EFFECTS or not effect.startswith("e = "):
        faults.append("model.conf: the effect is none of the two that are understood")
    if not matcher.startswith("m = "):
        faults.append("model.conf: a matcher is `m = ...`")
    else:
        faults.extend(_matcher_faults(matcher.removeprefix("m = "), columns))
    return "\n".join(lines) + "\n", columns


def _matcher_faults(text: str, columns: tuple[str, ...]) -> Iterator[str]:
    """A matcher is read token by token: what is no token is refused, so nothing can be called."""
    place, after_name = 0, False
    while text[place:].strip():
        token = _TOKEN.match(text, place)
        if token is None:
            yield f"model.conf: the matcher has something that is no comparison, at character {place + 1}"
            return
        path = (token["name"] or "").split(".")
        if path[0] == "p" and (len(path) != 2 or path[1] not in columns or path[1] == "eft"):
            yield f"model.conf: the policy has no {'.'.join(path)}"
        if path[0] == "r" and (len(path) != 3 or path[1] not in ("sub", "act", "res")):
            yield f"model.conf: a request has no {'.'.join(path)}; say r.sub.NAME, r.act.NAME or r.res.NAME"
        if after_name and token.group().strip() == "(":
            yield "model.conf: the matcher calls something"
        after_name = bool(token["name"])
        place = token.end()


def _lines(content: bytes, columns: tuple[str, ...], faults: list[str]) -> list[list[str]]:
    name = "policy.csv"
    lines = _text(content, name, faults)
    if not lines or not columns:
        return []
    if lines[0] != ",".join(columns):
        faults.append(f"{name}:1: the header is not `{','.join(columns)}`")
    if not 1 < len(lines) <= MOST_LINES + 1:
        faults.append(f"{name}: has 1 to {MOST_LINES} lines after the header")
    found = []
    for number, line in enumerate(lines[1:], start=2):
        values = line.split(",")
        if len(values) != len(columns) or not all(map(_VALUE.fullmatch, values)):
            faults.append(f"{name}:{number}: not {len(columns)} plain words")
        elif values[-1] not in ("allow", "deny"):
            faults.append(f"{name}:{number}: the effect is neither allow nor deny")
        elif values in found:
            faults.append(f"{name}:{number}: says what a line before says")
        else:
            found.append(values)
    return found


def _json(content: bytes, name: str, faults: list[str]) -> dict[str, Any]:
    try:
        found = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        faults.append(f"{name}: not JSON in which each name stands once")
        return {}
    if not isinstance(found, dict):
        faults.append(f"{name}: not an object")
        return {}
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _actions(known: dict[str, Any], faults: list[str]) -> tuple[str, ...]:
    named = known.get("actions")
    if set(known) != {"actions", "subjects", "resources"}:
        faults.append("attributes.json: has `actions`, `subjects` and `resources`, and nothing else")
    if not isinstance(named, list) or not all(isinstance(a, str) and _VALUE.fullmatch(a) for a in named):
        faults.append("attributes.json: `actions` is a list of plain words")
        return ()
    return tuple(dict.fromkeys(named))


def _things(known: dict[str, Any], what: str, faults: list[str]) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    types = known.get(what)
    for kind, things in types.items() if isinstance(types, dict) else ():
        for thing, values in things.items() if isinstance(things, dict) else ():
            plain = {name: _plain(value) for name, value in values.items()} if isinstance(values, dict) else {"": None}
            if None in plain.values() or not all(map(_ATTRIBUTE.fullmatch, plain)):
                faults.append(f"attributes.json: {what}: a value is a text, a number, a truth or a list of texts")
            else:
                found.setdefault(kind, {})[thing] = MappingProxyType(plain)
    if not found or sum(map(len, found.values())) > MOST_THINGS:
        faults.append(f"attributes.json: `{what}` names 1 to {MOST_THINGS} things by type and id")
    return MappingProxyType(found)


def _plain(value: Any) -> Any:
    """What a matcher may look at: a short text, a number, a truth, a short list of short texts. None: anything else."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else None
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list) and len(value) <= _LONGEST_LIST and _texts(value):
        return tuple(value)
    return None


def _texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) and len(value) <= _LONGEST_TEXT for value in values)


def _digest(files: Mapping[str, bytes]) -> bytes:
    """SHA-256 over the engine's versions and the files, each preceded by its length."""
    digest = hashlib.sha256()
    for part in ("\n".join(engine_versions()).encode(), *(files[name] for name in FILES)):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
