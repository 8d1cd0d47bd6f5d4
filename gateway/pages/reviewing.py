"""What a note holds that identifies people, on the screen: each place once, to be replaced or left.

A form sends `digest` of the look, and for each place `span-ID` with `replace` or `leave`; what is said of one place
holds for all that are written alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.pages.forms import Form
from vault.freetext.review import Accept, Choice, Reject
from vault.usecases.note_review import Decided

REPLACE, LEAVE = "replace", "leave"
_FIELD: Final = "span-"
_AROUND: Final = 40  # characters of the text on either side


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """span: the first of those written alike. decided: by the form that was sent; "" for not yet.

    reasons: codes of how it was found. sure: replaced unless the coach says otherwise; fixed: nothing to decide.
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
    times: int
    decided: str


def decided(form: Form) -> Decided | None:
    """What the form decides about a look; None before there was one."""
    digest = form.text("digest")
    if not digest:
        return None
    choices: list[Choice] = []
    for name, value in form.pairs:
        if name.startswith(_FIELD) and value in {REPLACE, LEAVE}:
            span = name.removeprefix(_FIELD)
            choices.append(Accept(span, True) if value == REPLACE else Reject(span, "", True))
    return Decided(digest, tuple(choices))


def places(look: Mapping[str, Any], form: Form) -> list[Place]:
    """What a look found, the unsure first, each form of writing once."""
    text: str = look["text"]
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for span in look["spans"]:
        written = text[span["start"] : span["end"]]
        groups.setdefault((written.casefold(), span["type"], span["tier"]), []).append(span)
    found = [_place(text, spans, form) for spans in groups.values()]
    return sorted(found, key=lambda place: place.sure)


def _place(text: str, spans: list[Mapping[str, Any]], form: Form) -> Place:
    first = spans[0]
    start, end = first["start"], first["end"]
    sure = first["tier"] != "suggest" or first["decided_before"]
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
        times=len(spans),
        decided=form.text(_FIELD + first["id"]) or (REPLACE if sure else ""),
    )
