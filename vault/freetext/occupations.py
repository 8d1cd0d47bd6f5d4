"""What somebody does for a living, where it is said of a person: `worked as a lorry driver`, `est couturière`.

By list and by what stands before; `the doctor` says nothing, `she is a doctor` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from vault.freetext.findings import Finding
from vault.freetext.folding import fold
from vault.freetext.reading import Reading
from vault.freetext.spans import Reason, Source, TokenType

_SCORE: Final = 0.6
_BEFORE: Final = (
    r"(?:is|was|were|been|being|as|worked\sas|work\sas|post\sof|job\sof|profession\sof|applicant,|former|retired|become|became|"
    r"est|etait|comme|metier|profession|travaillait|travaille|ancien|ancienne|metier\sde|poste\sde|emploi\sde|"
    r"is\seen|was|als|werkt\sals|werkte\sals|beroep|functie\svan|voormalig|gewezen|"
    r"ist|war|als|arbeitet\sals|arbeitete\sals|beruf|ehemaliger|ehemalige)[\s:,]{1,2}"
    r"(?:an?\s|the\s|een\s|eine?\s|une?\s|le\s|la\s|retired\s|former\s|assistant\s|senior\s|chief\s|head\s|private\s|primary\s|"
    r"secondary\s|high\s|young\s|qualified\s|trained\s|artillery\s|medical\s){0,3}"
)


@cache
def _pattern() -> re.Pattern[str]:
    text = (files("vault.freetext") / "data" / "occupations.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    names = {fold(name.strip()).text for line in lines for name in line.split(",") if name.strip()}
    listed = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<![^\W_]){_BEFORE}(?P<what>(?:[a-z\-]{{3,14}}\s)?(?:{listed})s?)(?![^\W_])")


class Occupations:
    """A stage."""

    def find(self, reading: Reading, found: Sequence[Finding]) -> Iterable[Finding]:  # noqa: ARG002 - needs none
        for one in _pattern().finditer(reading.folded.text):
            where = reading.folded.source_span(*one.span("what"))
            yield Finding(*where, TokenType.OCCUPATION, Reason(Source.PATTERN, "occupation"), _SCORE)
