"""`parefeu audit replay`: a past decision, made again by the policy that was in force, or a question about a day."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.audit_log import moment, reading
from gateway.cli.home import Home, settings_of
from vault.errors import ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from gateway.settings import Settings
    from vault.storage.log_reader import SqlLogReader
    from vault.vocabulary import Facts


def replay(
    entry: Annotated[str, typer.Argument(help="An entry whose decision is made again.")] = "",
    home: Home = None,
    actor: Annotated[str, typer.Option("--actor", help="Could this actor (log pseudonym) …")] = "",
    subject: Annotated[str, typer.Option("--subject", help="… with this case (log pseudonym) …")] = "",
    on: Annotated[str, typer.Option("--on", help="… at this moment (ISO, UTC) …")] = "",
    action: Annotated[str, typer.Option("--action")] = "read",
    kind: Annotated[str, typer.Option("--kind")] = "note",
    purpose: Annotated[str, typer.Option("--purpose")] = "coaching",
    phase: Annotated[str, typer.Option("--phase", help="Of the case; else as the log says.")] = "",
    fact: Annotated[
        list[str] | None, typer.Option("--fact", help="A fact that was true; else as the log says.")
    ] = None,
) -> None:
    """Make a past decision again by the policy that was in force: of an entry, or of a question about a day."""
    settings = settings_of(home)
    with reading(settings) as reader:
        if entry:
            told, possible = _replayed(settings, reader, entry)
        else:
            told, possible = _answered(
                settings, reader, actor, subject, on, (action, kind, purpose, phase), tuple(fact or ())
            )
    output.show_record(told)
    if not possible:
        raise typer.Exit(1)


def _replayed(settings: Settings, reader: SqlLogReader, entry: str) -> tuple[dict[str, Any], bool]:
    from gateway.log.replay import kept_policy
    from gateway.log.replay import replay as ask_again
    from vault.errors import NotFound
    from vault.ids import EntryId

    place = EntryId.parse(entry).raw
    if reader.body(place) is None:
        raise NotFound("no such entry")
    body = reader.told(place)  # what stands there under another entry's name, or another zone's, says nothing
    if body is None:
        raise ConfigurationError("nobody can read that entry: this program did not write it")
    if body["decision"] == "none" or not body["policy"]:
        raise ConfigurationError("nothing was decided by the policy in that entry")
    found = ask_again(body, kept_policy(settings, body["policy"]))
    ways = [f"{way.phase} with {'+'.join(way.facts) or 'no fact'}" for way in found.under]
    answer = ways or ["never: that policy cannot have answered so"]
    told = {
        "at": body["at"], "role": body["role"], "action": body["action"], "kind": body["kind"],
        "purpose": body["purpose"], "decision": found.verdict, "rule": found.rule, "why": found.why,
        "policy": found.digest, "possible": answer,
    }  # fmt: skip
    return told, bool(ways)


def _answered(
    settings: Settings, reader: SqlLogReader, actor: str, subject: str, on: str, words: tuple[str, ...],
    given: tuple[str, ...],
) -> tuple[dict[str, Any], bool]:  # fmt: skip
    from gateway.log.replay import kept_policy, phase_on, policy_on, role_on, seen_before
    from policies.explainer import explain
    from vault.vocabulary import Action, Facts, Kind, Phase, Purpose, Question, Role

    day = moment(on)
    if not actor or day is None:
        raise InvalidInput("name an entry, or --actor and --on", field="entry")
    try:
        action, kind, purpose = Action(words[0]), Kind(words[1]), Purpose(words[2])
        named = Phase(words[3]) if words[3] else None
        facts = Facts.of(**dict.fromkeys(given, True))
    except ValueError:
        raise InvalidInput("a word of the question is not known: `parefeu policy explain --help`") from None
    role, zone = role_on(reader, actor, day)
    firewall = kept_policy(settings, policy_on(reader, day, zone))
    known = phase_on(reader, subject, day) if subject and named is None else None
    phase = named or known or Phase.ACTIVE
    from_log: dict[str, Any] = {}
    if subject and not given:
        facts, from_log = _from_log(reader, actor, subject, day)
    question = Question(Role(role), action, kind, purpose, phase)
    decision = firewall.decide(question, facts)
    evidence = seen_before(reader, actor, subject, day) if subject else ""
    told = {
        "role": role, "policy": firewall.digest.hex(), "rule": decision.rule,
        "answer": explain(firewall, question, facts).text(), "facts_given": "+".join(given) or "none",
        "phase": f"{phase} ({'given' if named else 'by the log' if known else 'supposed: the log does not say'})",
        **from_log, "allowed_before_about_this_case": evidence or "no",
    }  # fmt: skip
    return told, True


def _from_log(reader: SqlLogReader, actor: str, subject: str, day: datetime) -> tuple[Facts, dict[str, Any]]:
    """The facts that the log has evidence of, and what it says of each. What it does not say is unknown."""
    from gateway.log.replay import facts_on
    from vault.oversight.explaining import Lack
    from vault.vocabulary import FACTS

    facts, found = facts_on(reader, actor, subject, day)
    nothing = ["nothing"]
    return facts, {
        "log_says": [f"{each.fact} ({each.basis}, {each.entry})" for each in found.evidence] or nothing,
        "log_says_otherwise": [
            f"no {each.fact} ({each.entry})" for each in found.missing if each.lack is Lack.CONTRADICTED
        ] or nothing,
        "log_does_not_say": [fact.value for place, fact in enumerate(FACTS) if not facts.known >> place & 1] or nothing,
    }  # fmt: skip
