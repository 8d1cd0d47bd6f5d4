"""What a note holds that identifies people, on the screen: each place once, to be replaced or left.

A form sends `digest` of the look, and for each place `span-ID` with `replace` or `leave`; what is said of one place
holds for all that are written alike and were found as the same. Said of another look it holds for none: there the same
ID is another place. What the program missed is named in words: `missed` with `missed-kind`, and from
then on `added`, once for each, until its tick is taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.pages.forms import Form
from vault.freetext.review import Accept, Choice, Missed, Reject, written_alike
from vault.freetext.spans import Decision, Source, TokenType
from vault.usecases.note_review import Decided

REPLACE, LEAVE = "replace", "leave"
_FIELD: Final = "span-"
_ADDED, _MISSED, _MISSED_KIND = "added", "missed", "missed-kind"
_LONGEST, _MOST = 200, 50  # characters of what was missed; how many of them
_AROUND: Final = 40  # characters of the text on either side


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """span: the first of those written alike. decided: by the form that was sent; "" for not yet.

    reasons: codes of how it was found. sure: decided unless the coach says otherwise; fixed: nothing to decide. left:
    an earlier version of the note left it.
    """

    span: str
    before: str
    found: str
    after: str
    kind: str
    token: str
    reasons: tuple[str, ...]
    sure: bool
    fixed: bool
    left: bool
    times: int
    decided: str


@dataclass(frozen=True, slots=True, repr=False)
class Look:
    """What the page shows of a look. added: kind and words of what was missed. preview: as it would be stored; "" as
    long as something is undecided."""

    places: list[Place]
    digest: str
    preview: str
    added: tuple[tuple[str, str], ...]


def look(found: Mapping[str, Any], form: Form) -> Look:
    """found: the use case's answer."""
    preview = found["preview"] if not found["pending"] else ""
    return Look(_places(found, form), found["digest"], preview, _missed(form))


def tried(form: Form) -> tuple[Choice, ...]:
    """The decisions to try out on a look: those of the form; none before there was a look."""
    found = decided(form)
    return found.decisions if found is not None else ()


def undecided(form: Form) -> Form:
    """The form without what it decides about places: it was said of another look. What was named in words stays."""
    return Form(tuple(pair for pair in form.pairs if not pair[0].startswith(_FIELD)))


def unusable(form: Form) -> str:
    """Why what was just named as missed cannot be taken; "" where it can, or nothing was named."""
    if not form.text(_MISSED).strip():
        return ""
    kind, words = _named(form)
    if kind not in set(TokenType):
        return "unusable"
    if len(words) > _LONGEST:
        return "missed_too_long"
    return "missed_too_many" if (kind, words) not in _missed(form) else ""


def decided(form: Form) -> Decided | None:
    """What the form decides about a look; None before there was one."""
    digest = form.text("digest")
    if not digest:
        return None
    choices: list[Choice] = []
    for name, value in form.pairs:
        if name.startswith(_FIELD) and value in {REPLACE, LEAVE}:
            span = name.removeprefix(_FIELD)
            choices.append(Accept(span, alike=True) if value == REPLACE else Reject(span, alike=True))
    choices += [Missed(text, TokenType(kind)) for kind, text in _missed(form)]
    return Decided(digest, tuple(choices))


def _missed(form: Form) -> tuple[tuple[str, str], ...]:
    """Kind and words, each once, in order."""
    told = [tuple(value.split(" ", 1)) for value in form.all(_ADDED) if " " in value]
    if form.text(_MISSED).strip():
        told.append(_named(form))
    known = set(TokenType)
    found = [(kind, words) for kind, words in told if kind in known and 0 < len(words) <= _LONGEST]
    return tuple(dict.fromkeys(found))[:_MOST]


def _named(form: Form) -> tuple[str, str]:
    """Kind and words of what was just named."""
    return form.text(_MISSED_KIND), form.text(_MISSED).strip()


def _places(look: Mapping[str, Any], form: Form) -> list[Place]:
    """What a look found, the unsure first, each form of writing once."""
    text: str = look["text"]
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for span in look["spans"]:
        if any(reason["source"] == Source.HAND for reason in span["reasons"]):
            continue  # shown among what was added
        written = text[span["start"] : span["end"]]
        groups.setdefault(written_alike(written, span["type"], span["tier"]), []).append(span)
    found = [_place(text, spans, form) for spans in groups.values()]
    return sorted(found, key=lambda place: place.sure)


def _place(text: str, spans: list[Mapping[str, Any]], form: Form) -> Place:
    first = spans[0]
    start, end = first["start"], first["end"]
    sure = first["tier"] != "suggest" or first["decided_before"]
    left = first["decided_before"] and first["decision"] == Decision.REJECT
    return Place(
        span=first["id"],
        before=text[max(0, start - _AROUND) : start],
        found=text[start:end],
        after=text[end : end + _AROUND],
        kind=first["type"],
        token=first["token"],
        reasons=tuple(dict.fromkeys(reason["source"] for reason in first["reasons"])),
        sure=sure,
        fixed=sure and first["needs_reason"],
        left=left,
        times=len(spans),
        decided=form.text(_FIELD + first["id"]) or (LEAVE if left else REPLACE if sure else ""),
    )
