"""Invented orders, as the interface takes them and as lines of a file."""

from __future__ import annotations

from itertools import count
from typing import Any, Final

from tests.house import PERSON

_NUMBERS: Final = count(1)

HEAD: Final[dict[str, Any]] = {name: PERSON[name] for name in ("family_name", "given_names", "birth_date")}
CHILD: Final[dict[str, Any]] = {
    "family_name": "Diallo", "given_names": "Ibou", "birth_date": "2019-02-11", "relation": "child",
}  # fmt: skip
ORDER: Final[dict[str, Any]] = {
    "oqt_reference": "OQT-2026/1",
    "criterion": "ADDRESS",
    "language": "fr",
    "annex": "13",
    "notified_on": "2026-10-28",
    "street": "rue des Tilleuls-Inventés 14",
    "postcode": "1000",
    "town": "Bruxelles",
    "people": [HEAD],
}


def fresh_order(**changed: Any) -> dict[str, Any]:
    """An order under a reference that no other has."""
    return {**ORDER, "oqt_reference": f"OQT-T/{next(_NUMBERS):06}", **changed}
