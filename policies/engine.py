"""Casbin, and nothing but Casbin: the one module that imports it.

An `Engine` is stock Casbin over some rules. It is asked while the table is compiled and while the table is
proven; it serves no request. Casbin is imported when the first engine is built (about 0.15 s), not before.
An engine belongs to one thread.

Stock Casbin parses its matcher anew at every call, which is more than half of a call over few lines. `parse_once`
keeps the parsed matcher instead; the proof asks Casbin as it is, and so compares the two as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from typing import Any

from policies.facts import holds, need_of
from policies.lines import Key, Rule
from vault.errors import PolicyRejected
from vault.vocabulary import Phase


@cache
def engine_versions() -> tuple[str, ...]:
    """What gives the rules their meaning, for the digest."""
    return tuple(f"{name}={version(name)}" for name in ("pycasbin", "simpleeval"))


class Engine:
    """Stock Casbin that has read exactly these rules.

    model: the text of `model.conf`. Raises PolicyRejected if Casbin read anything else than it was given.
    """

    __slots__ = ("_enforcer", "_looked_at")

    def __init__(self, model: str, rules: Iterable[Rule], *, parse_once: bool = False) -> None:
        import casbin
        from casbin.persist.adapters.string_adapter import StringAdapter

        lines = _lines_of(rules)
        text = "\n".join(", ".join(("p", *line)) for line in lines)
        self._enforcer: Any = casbin.Enforcer(casbin.Enforcer.new_model(text=model), StringAdapter(text))
        self._enforcer.add_function("holds", self._holds)
        self._looked_at = 0
        if parse_once:
            self._enforcer._get_expression = _parsed_once(self._enforcer._get_expression)
        self._check(lines)

    def read_instead(self, rules: Iterable[Rule]) -> None:
        """Forget all rules and take these: a tenth of what another engine takes. Raises PolicyRejected as it does."""
        lines = _lines_of(rules)
        self._enforcer.clear_policy()
        self._enforcer.model.add_policies("p", "p", [list(line) for line in lines])
        self._check(lines)

    def _check(self, lines: list[list[str]]) -> None:
        if self._enforcer.get_policy() != lines:
            raise PolicyRejected(("Casbin did not read the rules as they are written",))

    def _holds(self, held: int, need: str) -> bool:
        """What the matcher calls, with a note of the facts it was called about."""
        self._looked_at |= need_of(need)
        return holds(held, need)

    def ask_and_follow(self, key: Key, phase: Phase, held: int) -> tuple[tuple[bool, str], int]:
        """Casbin's answer, and the facts it looked at on the way, as bits: no other fact can have mattered to it."""
        self._looked_at = 0
        return self.ask(key, phase, held), self._looked_at

    def ask(self, key: Key, phase: Phase, held: int) -> tuple[bool, str]:
        """Casbin's answer, and the id of the line it names (`""`: none).

        The request is plain text and one number, so nothing of ours can be called from inside the matcher.
        """
        role, kind, act, purpose = key
        allowed, line = self._enforcer.enforce_ex(role.value, kind.value, act.value, purpose.value, phase.value, held)
        return allowed, (line[0] if line else "")


def _lines_of(rules: Iterable[Rule]) -> list[list[str]]:
    lines = [list(line) for rule in rules for line in rule.casbin_lines()]
    if not lines:
        raise PolicyRejected(("an engine without a rule would match nothing as if it were something",))
    return lines


def open_enforcer(model: str, lines: list[list[str]]) -> Any:
    """Casbin over another policy than the vault's, parsed once; belongs to one thread at a time.

    Raises PolicyRejected if Casbin cannot read it, or read anything else than it was given.
    """
    import casbin
    from casbin.persist.adapters.string_adapter import StringAdapter

    text = "\n".join(", ".join(("p", *line)) for line in lines)
    try:
        enforcer: Any = casbin.Enforcer(casbin.Enforcer.new_model(text=model), StringAdapter(text))
    except Exception as error:
        raise PolicyRejected((f"Casbin cannot read the policy ({type(error).__name__})",)) from error
    enforcer._get_expression = _parsed_once(enforcer._get_expression)
    if not lines or enforcer.get_policy() != lines:
        raise PolicyRejected(("Casbin did not read the policy as it is written",))
    return enforcer


def _parsed_once(parse: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """Casbin's own parsing, remembered: an engine has one matcher and one set of functions."""
    parsed: dict[str, Any] = {}

    def get_expression(text: str, functions: Any = None) -> Any:
        if text not in parsed:
            parsed[text] = parse(text, functions)
        return parsed[text]

    return get_expression
