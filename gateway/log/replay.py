"""Could X see Y on day D, under which rule? Answered from the log and from the policies it names by their digests.

A server keeps each policy that it loads in `home/policies/DIGEST`. An entry names the digest of the policy that
decided it; replaying it asks that very policy again, in every phase and with every set of facts, and says under which
of them it gives the recorded answer. An answer that no phase and no facts give was not made by that policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from gateway.settings import Settings
from policies.compiler import compile_table
from policies.facts import condition_sets
from policies.firewall import TableFirewall, rules_in_force
from policies.loader import load_source
from vault.errors import ConfigurationError, PolicyRejected
from vault.oversight.course import phase_after
from vault.oversight.explaining import BEGINNINGS, EVIDENCE, CaseFile, Explanation, Lack, explain
from vault.ports import Firewall
from vault.storage.log_reader import SqlLogReader
from vault.vocabulary import FACTS, Action, Allowed, Fact, Facts, Kind, Phase, Purpose, Question, Role

_EVERY_FACT: Final = (1 << len(FACTS)) - 1


@dataclass(frozen=True, slots=True)
class Circumstance:
    """A phase and a smallest set of facts under which a policy gives the answer."""

    phase: Phase
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """verdict, rule: as recorded or as decided. why: the rule's own words. under: where the policy answers so."""

    digest: str
    verdict: str
    rule: str
    why: str
    under: tuple[Circumstance, ...]


def keep_policy(settings: Settings, firewall: Firewall) -> None:
    """Keep the sources of the policy that is in force, under its digest. What is there already is the same."""
    rules = rules_in_force(firewall)
    if rules is None:
        return
    folder = settings.home / "policies" / rules.digest.hex()
    for name, content in rules.table.source.files:
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_bytes(content)


def kept_policy(settings: Settings, digest: str) -> TableFirewall:
    """Raises ConfigurationError if it was not kept, or no longer gives the digest it was kept under."""
    folder = settings.home / "policies" / digest
    if len(digest) != 64 or not digest.isalnum() or not folder.is_dir():
        raise ConfigurationError("the policy with that digest was not kept here")
    try:
        found = TableFirewall(compile_table(load_source(folder)))
    except PolicyRejected as fault:
        raise ConfigurationError("the policy that was kept can no longer be read by this program") from fault
    if found.digest.hex() != digest:
        raise ConfigurationError(
            "the kept policy gives another digest now: it was altered, or its engine is of another version"
        )
    return found


def replay(body: dict[str, Any], firewall: TableFirewall) -> Replayed:
    """Ask an entry's policy again. `under` is empty if the policy cannot have given that answer."""
    role, action, kind, purpose = (
        Role(body["role"]), Action(body["action"]), Kind(body["kind"]), Purpose(body["purpose"]),
    )  # fmt: skip
    under = [
        Circumstance(phase, facts)
        for phase in Phase
        for facts in _smallest(firewall, Question(role, action, kind, purpose, phase), body["decision"], body["rule"])
    ]
    return Replayed(firewall.digest.hex(), body["decision"], body["rule"], _why(firewall, body["rule"]), tuple(under))


def _smallest(firewall: TableFirewall, question: Question, verdict: str, rule: str) -> Iterator[tuple[str, ...]]:
    """The smallest sets of facts with which the policy gives this answer under this rule."""
    found: list[int] = []
    for held in sorted(condition_sets(_EVERY_FACT), key=lambda mask: (mask.bit_count(), mask)):
        if any(smaller & held == smaller for smaller in found):
            continue
        decision = firewall.decide(question, Facts(held=held))
        if decision.rule == rule and isinstance(decision, Allowed) == (verdict == "allow"):
            found.append(held)
    for held in found:
        yield tuple(fact.value for place, fact in enumerate(FACTS) if held & (1 << place))


def _why(firewall: TableFirewall, rule: str) -> str:
    return next((line.why for line in firewall.table.source.rules if line.id == rule), "")


def policy_on(reader: SqlLogReader, day: datetime, zone: str = "") -> str:
    """The digest in force at a moment: the newest that a process of that zone announced, or decided by, until then.

    Each zone's process loads its own policy, so what another one decided by says nothing. zone "": of any.
    Raises ConfigurationError if the log names none by then.
    """
    for entry in reversed(reader.entries_where(until=day)):
        body = reader.told(entry) or {}
        if body.get("policy") and zone in ("", body["zone"]):
            return str(body["policy"])
    raise ConfigurationError("the log names no policy by then")


def role_on(reader: SqlLogReader, actor: str, day: datetime) -> tuple[str, str]:
    """What an actor was here as, and in which zone, by the newest entry that says so until then.

    Raises ConfigurationError.
    """
    for entry in reversed(reader.entries_where(actor=actor, until=day)):
        body = reader.told(entry) or {}
        if body.get("role"):
            return str(body["role"]), str(body["zone"])
    raise ConfigurationError("the log knows no role of that actor by then")


def phase_on(reader: SqlLogReader, subject: str, day: datetime) -> Phase | None:
    """In which phase a case was, by the steps that the log holds; None if it does not tell."""
    return phase_after(
        body for body in map(reader.told, reader.entries_where(subject=subject, until=day)) if body is not None
    )


#: Facts of which the log can hold evidence. Of the others it says nothing.
TOLD: Final = (Fact.OWN, Fact.REGION, Fact.SECOND, Fact.CONSENT)


def facts_on(reader: SqlLogReader, actor: str, subject: str, day: datetime) -> tuple[Facts, Explanation]:
    """What the log says of how an actor stood to a case at a moment. A fact that it does not speak of is unknown."""
    bodies = [body for body in map(reader.told, reader.entries_where(subject=subject, until=day)) if body is not None]
    sessions = [
        body
        for entry in reader.entries_where(actor=actor, until=day)
        if (body := reader.told(entry) or {}).get("action") in BEGINNINGS
    ]
    asked = {
        "at": day.astimezone(UTC).isoformat(timespec="microseconds"), "entry": "", "actor": actor, "subject": subject,
        "session": sessions[-1]["entry"] if sessions else "", "object": "", "kind": "", "zone": "",
        "action": "",
    }  # fmt: skip
    told = explain(asked, TOLD, CaseFile.of((b for b in bodies if (b["action"], b["kind"]) in EVIDENCE), sessions))
    values: dict[str, bool | None] = {fact.value: None for fact in FACTS}
    values |= {each.fact.value: True for each in told.evidence if each.fact is not None}
    values |= {each.fact.value: False for each in told.missing if each.fact and each.lack is Lack.CONTRADICTED}
    return Facts.of(**values), told


def seen_before(reader: SqlLogReader, actor: str, subject: str, day: datetime) -> str:
    """The newest entry until then by which the actor was allowed something about the case; "" for none."""
    for entry in reversed(reader.entries_where(actor=actor, subject=subject, until=day)):
        if (reader.told(entry) or {}).get("decision") == "allow":
            return entry.hex()
    return ""
