"""One decision in a thousand is asked again, of stock Casbin over the rules as they are written.

The table was proven equal to Casbin when it was made. This notices if it is not so any more: a bit that flipped, a
library that was changed under a running process, a mistake in the proof. Whatever differs is refused, with a rule that
says so in the entry, and told to whoever watches the process's log.

Stock Casbin goes through every line it was given, five microseconds each: over the whole policy, whoever asks at the
same moment would wait for as long as a dozen requests take. So it is given the lines of the question's role and kind;
any other line asks for another role or kind, and cannot match. A question that no line is about is asked of them all.

Engines are built when they are first needed, in a millisecond, and asked by one thread at a time.
"""

from __future__ import annotations

import itertools
import logging
import threading
from typing import Final

from policies.engine import Engine
from policies.facts import ALL_FACTS
from policies.firewall import TableFirewall
from policies.lines import Rule
from vault.vocabulary import Allowed, Decision, Denied, Facts, Kind, Question, Role

_LOG: Final = logging.getLogger("parefeu.policies")
#: Casbin needs some fifty microseconds over the lines of a role and kind: a twentieth of one a decision, on average.
ONE_IN: Final = 1000
_About = tuple[Role, Kind]
#: Stands as the rule in the entry of a decision that Casbin did not confirm.
DISAGREEMENT: Final = "disagreement"


class ShadowedFirewall(TableFirewall):
    """A firewall that is checked while it serves. one_in: 1 asks Casbin about every decision."""

    __slots__ = ("_count", "_engines", "_lines", "_one_in", "_turn", "disagreements")

    def __init__(self, firewall: TableFirewall, *, one_in: int = ONE_IN) -> None:
        super().__init__(firewall.table, firewall)
        self._lines: Final[dict[_About, list[Rule]]] = {}
        for rule in firewall.table.source.rules:
            self._lines.setdefault((rule.role, rule.kind), []).append(rule)
        self._engines: Final[dict[_About | None, Engine]] = {}
        self._one_in: Final = one_in
        self._count: Final = itertools.count(1)
        self._turn: Final = threading.Lock()
        self.disagreements = 0

    def decide(self, question: Question, facts: Facts) -> Decision:
        """As the table says, unless this one was asked again and Casbin says otherwise."""
        decision = super().decide(question, facts)
        if next(self._count) % self._one_in:
            return decision
        if self._confirmed(question, facts, decision):
            return decision
        self.disagreements += 1
        _LOG.critical(
            "ALARM: Casbin does not confirm a decision; it was refused. Stop and look: parefeu policy check --whole",
            extra={"code": DISAGREEMENT, "asked": " ".join(question), "facts": facts.held},
        )
        return Denied(DISAGREEMENT, (), self.digest)

    def _confirmed(self, question: Question, facts: Facts, decision: Decision) -> bool:
        """Whether Casbin answers the same, by the same line.

        Of unknown facts none is taken as held: what is allowed whichever way they fall is allowed so too, and by the
        same line. A denial for their sake alone says nothing about the table, and is left as it is.
        """
        if not (0 <= facts.known <= ALL_FACTS and 0 <= facts.held <= ALL_FACTS):
            return isinstance(decision, Denied)
        if facts.known != ALL_FACTS and isinstance(decision, Denied):
            return True
        key = (question.role, question.kind, question.action, question.purpose)
        try:
            with self._turn:
                answered = self._engine_for((question.role, question.kind)).ask(
                    key, question.phase, facts.held & facts.known
                )
        except Exception as error:  # noqa: BLE001 - what cannot be confirmed is refused
            _LOG.error("Casbin could not be asked again: %s", type(error).__name__)
            return False
        return answered == (isinstance(decision, Allowed), decision.rule)

    def _engine_for(self, about: _About) -> Engine:
        """Casbin over the lines that can match; over all of them where none can. Call it in one thread at a time."""
        known = about if about in self._lines else None
        engine = self._engines.get(known)
        if engine is None:
            source = self.table.source
            lines = source.rules if known is None else self._lines[known]
            engine = self._engines[known] = Engine(source.model, lines)
        return engine
