"""Sending a note from a program: if anything in it is only suggested, decide that and send it again.

send_note(desk.ask, "POST", path, body, accept_all)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.client import Problem

#: One request: method, path, body.
Ask = Callable[[str, str, Any], Any]
#: What a look found, to decisions about what is pending in it.
Decide = Callable[[Mapping[str, Any]], list[dict[str, Any]]]
_MOST_ROUNDS: Final = 3  # a colleague may change the case between the look and the decision


def send_note(ask: Ask, method: str, path: str, body: Mapping[str, Any], decide: Decide) -> Any:
    """Send the note; decide what is pending. Raises Problem."""
    sent = dict(body)
    for _ in range(_MOST_ROUNDS):
        try:
            return ask(method, path, sent)
        except Problem as problem:
            if problem.code == "review_stale":
                sent = dict(body)
                continue
            if problem.code != "review_needed" or "review" not in problem.body:
                raise
            look = problem.body["review"]
            sent = {**body, "digest": look["digest"], "decisions": decide(look)}
    return ask(method, path, sent)


def pending(look: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The spans that nobody decided."""
    return [span for span in look["spans"] if span["tier"] == "suggest" and span["decision"] == "pending"]


def accept_all(look: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Replace whatever is suggested: rather too much than too little."""
    return [{"span": span["id"], "decision": "accept"} for span in pending(look)]


def keep_all(look: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Leave whatever is only suggested as it was typed."""
    return [{"span": span["id"], "decision": "reject"} for span in pending(look)]
