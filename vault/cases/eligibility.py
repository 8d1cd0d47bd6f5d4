"""What an order must say before a case can rest on it. Who may be in a case: `families.py`."""

from __future__ import annotations

from datetime import date
from typing import Final

from vault.cases.calendar import plausible
from vault.cases.model import AdminFacts, Origin
from vault.cases.parameters import Parameters
from vault.cases.people import Identity
from vault.errors import InvalidInput

#: No order names a longer term; more is a typing error.
LONGEST_TERM: Final = 366  # days


def check_facts(origin: Origin, facts: AdminFacts, identity: Identity, parameters: Parameters, today: date) -> None:
    """Whether the facts of the file can be meant; an order also says which form, when notified, and its reference.

    Raises InvalidInput, naming the field.
    """
    if facts.annex and facts.annex not in parameters.annexes:
        raise InvalidInput(f"annex must be one of {', '.join(parameters.annexes)}", field="annex")
    if facts.notified_on is not None and not (plausible(facts.notified_on) and facts.notified_on <= today):
        raise InvalidInput("an order was notified today or before", field="notified_on")
    if facts.term_days is not None and not 0 <= facts.term_days <= LONGEST_TERM:
        raise InvalidInput(f"a term has 0 to {LONGEST_TERM} days", field="term_days")
    if facts.term_end is not None and not plausible(facts.term_end):
        raise InvalidInput("the day cannot be meant", field="term_end")
    if facts.notified_on is not None and facts.term_end is not None and facts.term_end < facts.notified_on:
        raise InvalidInput("a term ends on the day of notification or after it", field="term_end")
    if origin is not Origin.ORDER:
        return
    if not facts.annex:
        raise InvalidInput("an order names its form: the annex", field="annex")
    if facts.notified_on is None:
        raise InvalidInput("an order was notified on a day", field="notified_on")
    if not (identity.oqt_reference or identity.ov_number):
        raise InvalidInput("an order has a reference, or its file a number", field="oqt_reference")
