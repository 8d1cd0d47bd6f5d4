"""Facts: record one, revise or correct it, read those of a compartment, read one with every earlier version beside it.

Rules: the provenance is said when a fact is first recorded and never changes; what is revised is opened first, so
that a row that lies about it is not believed. Nothing is confided before the privacy notice: without it only what the
official file says (ADMIN) can be recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.access.shaping import narrowed, shape
from vault.cases.corrections import Correction, check_reason
from vault.cases.facts import FACT_FIELDS, FACTS_PER_KIND, Fact, check
from vault.cases.model import LANGUAGES, Case, SealedRecord
from vault.errors import Conflict, InvalidInput, NotFound, StaleVersion
from vault.ids import CaseId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference, require_notice
from vault.usecases.free_text import replace_names
from vault.vocabulary import Action, Kind, Provenance, Purpose


@dataclass(frozen=True, slots=True, repr=False)
class RecordFact:
    """kind: which compartment's list. correction: why the version it is based on was wrong, "" for none.

    provenance: for a new fact; None for a revision, which keeps what was said first.
    """

    case: CaseId
    kind: Kind
    content: Fact
    language: str
    provenance: Provenance | None = None
    fact: RecordId | None = None
    based_on: int = 0
    correction: str = ""


def record_fact(uow: UnitOfWork, actor: Actor, cmd: RecordFact, casework: Casework) -> Values:
    """Record, revise or correct. Raises NotFound, NoticeMissing, InvalidInput, Surviving, StaleVersion, Conflict."""
    _check(cmd)
    case = uow.cases.get(cmd.case)
    base = uow.records.head(cmd.fact) if cmd.fact is not None else None
    if cmd.fact is not None and (base is None or base.case != cmd.case or base.kind is not cmd.kind):
        case = None  # a fact of another case or compartment is none of this one
    permit = casework.ask(
        uow, actor, Action.WRITE, cmd.kind, case, purpose=Purpose.COACHING,
        asked=(cmd.fact or cmd.case).hex(),
        outcome="corrected" if cmd.correction else "revised" if base is not None else "recorded",
    )  # fmt: skip
    case = existing(case)
    provenance = _provenance(uow, permit, cmd, base, casework)
    if provenance is not Provenance.ADMIN:
        require_notice(uow, cmd.case)
    if base is None and uow.records.count(cmd.case, cmd.kind) >= FACTS_PER_KIND:
        raise Conflict(f"a case holds at most {FACTS_PER_KIND} facts of one kind: revise one that is there")
    said = cmd.content.texts() | {"correction": cmd.correction}
    done = replace_names(uow, permit, cmd.case, said, cmd.language, casework, actor=actor)
    correction = Correction(cmd.based_on, done["correction"]) if cmd.correction else None
    stored = casework.keeper.write(
        uow, permit, kind=cmd.kind, case=cmd.case, record=cmd.fact or RecordId(casework.entropy.bytes(16)),
        version=cmd.based_on + 1, plaintext=replace(cmd.content.with_texts(done), correction=correction).encode(),
        author=actor.id, at=casework.clock.now(), provenance=provenance, language=cmd.language,
    )  # fmt: skip
    return receipt(permit, case, stored.id, stored.version)


def _check(cmd: RecordFact) -> None:
    if cmd.language not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    if (cmd.fact is None) != (cmd.based_on == 0):
        raise InvalidInput("a revision names the version it is based on", field="based_on")
    if (cmd.fact is None) != (cmd.provenance is not None):
        raise InvalidInput("where a fact comes from is said once, when it is first recorded", field="provenance")
    if cmd.correction:
        check_reason(cmd.correction, cmd.based_on)
    check(cmd.content, cmd.kind)


def _provenance(
    uow: UnitOfWork, permit: Permit, cmd: RecordFact, base: SealedRecord | None, casework: Casework
) -> Provenance:
    """What the seal says of the version before; for a first one, what the coach says."""
    if base is None:
        assert cmd.provenance is not None
        return cmd.provenance
    if base.version != cmd.based_on:
        raise StaleVersion(expected=cmd.based_on, current=base.version)
    before = Fact.decode(casework.keeper.open(uow, permit, base).expose())  # a row that lies does not open
    if before.code != cmd.content.code:
        raise InvalidInput(
            "a fact keeps its code: record another one, and say of this that it no longer holds", field="code"
        )
    return base.provenance


def read_facts(uow: UnitOfWork, actor: Actor, case_id: CaseId, kind: Kind, casework: Casework) -> Values:
    """The facts of one compartment as they stand, the newest first. Raises NotFound."""
    case = uow.cases.get(case_id)
    records = uow.records.newest([case_id], kind)
    permit = casework.ask(
        uow, actor, Action.READ, kind, case, purpose=Purpose.COACHING, asked=case_id.hex(), count=len(records)
    )
    each = narrowed(permit.profile, FACT_FIELDS, inside=True)
    found = [
        shape(each, fact_values(record, plaintext.expose()))
        for record, plaintext in casework.keeper.open_many(uow, permit, records)
    ]
    return shape(
        narrowed(permit.profile, FACT_FIELDS, inside=False),
        {"reference": reference(case_id), "facts": found, "earlier": None},
    )


def read_fact(uow: UnitOfWork, actor: Actor, case_id: CaseId, kind: Kind, fact: RecordId, casework: Casework) -> Values:
    """One fact, and beside it every version it had: who wrote each, when, and why it corrects. Raises NotFound."""
    versions = uow.records.history(fact)
    case = uow.cases.get(case_id)
    if not versions or versions[0].case != case_id or versions[0].kind is not kind:
        case = None  # a fact of another case or compartment is none of this one
    permit = casework.ask(uow, actor, Action.READ, kind, case, purpose=Purpose.COACHING, asked=fact.hex())
    each = narrowed(permit.profile, FACT_FIELDS, inside=True)
    found = [
        shape(each, fact_values(record, plaintext.expose()))
        for record, plaintext in casework.keeper.open_many(uow, permit, versions)
    ]
    if not found:
        raise NotFound("no such item, or not for you")
    return shape(
        narrowed(permit.profile, FACT_FIELDS, inside=False),
        {"reference": reference(case_id), "facts": found[:1], "earlier": found[1:]},
    )


def fact_values(record: SealedRecord, plaintext: bytes) -> Values:
    fact = Fact.decode(plaintext)
    return {
        "fact": record.id.hex(),
        "version": record.version,
        "code": fact.code,
        "value": fact.value,
        "status": fact.status,
        "on": fact.on,
        "about": fact.about,
        "detail": fact.detail,
        "source": fact.source,
        "service": fact.service,
        "referral": fact.referral,
        "holds": fact.holds,
        "provenance": record.provenance.value,
        "language": record.language,
        "written_at": record.written_at.isoformat(),
        "author": record.author.hex(),
        "correction": fact.correction.to_json() if fact.correction is not None else None,
    }


def receipt(permit: Permit, case: Case, record: RecordId, version: int) -> Values:
    """What every record but a note is answered with."""
    return shape(
        permit.profile,
        {"reference": reference(case.id), "record": record.hex(), "version": version, "state": case.state.value},
    )
