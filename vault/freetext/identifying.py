"""Numbers and addresses that identify somebody, in a line that is stored at once and looked at by no model.

For words about a case of which their author must not learn the names: holding them against what the case knows would
tell, by refusing, who is in it. Names are not looked for.

    >>> identifying_numbers("tel. 0499 12 34 56, vu le 3 novembre")
    ('phone',)
"""

from __future__ import annotations

from functools import cache

from vault.freetext.findings import Stage
from vault.freetext.reading import Reading


def identifying_numbers(text: str) -> tuple[str, ...]:
    """The kinds of what stands in `text`, each once, sorted; any string."""
    reading = Reading(text)
    return tuple(sorted({found.type.value for stage in _stages() for found in stage.find(reading, ())}))


@cache
def _stages() -> tuple[Stage, ...]:
    # Imported here: their patterns take time to build, and a server starts without having read a line.
    from vault.freetext.checked import CheckedNumbers
    from vault.freetext.contacts import Contacts
    from vault.freetext.references import References

    return CheckedNumbers(), Contacts(), References(None)
