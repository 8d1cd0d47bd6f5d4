"""Samples for every route: the head has a case drawn, a coach of the region wrote a note in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests import samples
from tests.house import House


def sample_calls(house: House, noted: Callable[[], tuple[str, str]], call: Callable[..., Any]) -> dict[str, Any]:
    """noted: makes a case with a note, and names both. call: makes a `Call`."""
    path = "/casework/samples"

    def looked_at(tail: str = "") -> Any:
        return call("head", "GET", f"{path}/{samples.of(house, noted()[0])}{tail}", 200)

    def note() -> Any:
        case, one = noted()
        return call("head", "GET", f"{path}/{samples.of(house, case)}/notes/{one}", 200)

    def ask() -> Any:
        noted()
        return call("head", "POST", path, 201, samples.ASK)

    return {
        "casework_ask_sample": ask,
        "casework_list_samples": lambda: call("head", "GET", path, 200),
        "casework_list_sample_notices": lambda: call("coach", "GET", "/casework/sample-notices", 200),
        "casework_read_sample": looked_at,
        "casework_end_sample": lambda: call(
            "head", "POST", f"{path}/{samples.of(house, noted()[0])}/end", 201, samples.FINDING
        ),
        "casework_sample_notes": lambda: looked_at("/notes"),
        "casework_sample_note": note,
        "casework_sample_stay_facts": lambda: looked_at("/stay-facts"),
        "casework_sample_return_facts": lambda: looked_at("/return-facts"),
    }


#: Who may, as in `test_who_may`: the case's own coach, another coach, desk, head, another region's head.
SAMPLE_TABLE: Final[dict[str, tuple[int, int, int, int, int]]] = {
    "casework_ask_sample": (403, 403, 403, 201, 0),  # another region's head has a case of that region drawn
    "casework_list_samples": (403, 403, 403, 200, 200),
    "casework_list_sample_notices": (200, 200, 403, 403, 403),
    **dict.fromkeys(
        (f"casework_{name}" for name in ("read_sample", "sample_notes", "sample_note", "sample_stay_facts",
                                         "sample_return_facts")),
        (403, 403, 403, 200, 404),
    ),
    "casework_end_sample": (403, 403, 403, 201, 404),
}  # fmt: skip
