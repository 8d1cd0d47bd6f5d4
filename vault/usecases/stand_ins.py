"""The stand-ins of a case: which means whom; two that are one person; one that is two.

Merging marks the map: new mentions get one number, what is stored keeps its stand-ins and still means what it meant.
Splitting gives a new number to some of the forms that were typed, and writes a new version of each note that has them:
each read and each written version is an act of its own in the log.
"""

from __future__ import annotations

from dataclasses import replace

from vault.access.actor import Actor
from vault.access.enforcement import Permit
from vault.access.shaping import shape
from vault.cases.notes import NoteText
from vault.errors import InvalidInput
from vault.freetext import Entry, NoteTrace, TokenMap
from vault.freetext.linking import merged
from vault.freetext.stand_ins import EXACT, TYPE_OF_WORD, write
from vault.freetext.token_map import Mark
from vault.ids import CaseId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference
from vault.usecases.free_text import MapAt, open_map, store_map
from vault.usecases.open_case import record_for
from vault.vocabulary import Action, Kind, Provenance, Purpose


def list_stand_ins(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework) -> list[Values]:
    """Every stand-in of the case in the language of the case, with what it means. Raises NotFound, Erased."""
    case = uow.cases.get(case_id)
    permit = casework.ask(
        uow, actor, Action.READ, Kind.TOKEN_MAP, case, purpose=Purpose.COACHING, asked=_map_id(case_id, casework)
    )
    case = existing(case)
    token_map = open_map(uow, permit, case_id, casework).token_map
    return [
        shape(
            permit.profile,
            {
                "reference": reference(case_id),
                "token": write(entry.type, entry.number, case.language),
                "category": entry.type.value,
                "text": entry.canonical,
                "forms": list(entry.forms),
                "merged_into": write(entry.type, entry.merged_into, case.language) if entry.merged_into else None,
            },
        )
        for entry in token_map.entries
    ]


def merge(uow: UnitOfWork, actor: Actor, case_id: CaseId, token: str, into: str, casework: Casework) -> Values:
    """From now on whoever is `token` is called `into`. Raises NotFound, InvalidInput."""
    permit, before = _begun(uow, actor, case_id, casework, "merged")
    one, other = _entry(before.token_map, token), _entry(before.token_map, into)
    if one.type is not other.type or one.number == other.number:
        raise InvalidInput("two different stand-ins of one type are merged", field="into")
    if before.token_map.standing(other).number == one.number:
        raise InvalidInput("these two are merged already, the other way round", field="into")
    if one.person is not None and other.person is not None and one.person != other.person:
        raise InvalidInput("the case knows these as two people", field="into")
    grown = merged(before.token_map, one.type, one.number, other.number)
    return _stored(uow, permit, actor, case_id, before, grown, casework)


def split(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, token: str, forms: tuple[str, ...], casework: Casework
) -> Values:
    """Those who were typed so get a stand-in of their own, in new versions of notes. Raises NotFound, InvalidInput."""
    permit, before = _begun(uow, actor, case_id, casework, "split")
    entry = _entry(before.token_map, token)
    moved = [place for place, form in enumerate(entry.forms) if form in set(forms)]
    if len(moved) != len(set(forms)) or not moved:
        raise InvalidInput("a form that was never typed for this stand-in", field="forms")
    if len(moved) == len(entry.forms):
        raise InvalidInput("something is left with the old stand-in, or nothing is split", field="forms")
    grown, fresh = before.token_map.with_new_entry(entry.type, entry.forms[moved[0]])
    for place in moved:
        grown, _ = grown.with_form(fresh.type, fresh.number, entry.forms[place])
    for trace in _newest(before.token_map):
        if any(_is_moved(mark, entry, moved) for mark in trace.marks):
            grown = _rewritten(uow, actor, case_id, trace, entry, fresh, moved, grown, casework)
    return _stored(uow, permit, actor, case_id, before, grown, casework)


def _begun(uow: UnitOfWork, actor: Actor, case_id: CaseId, casework: Casework, outcome: str) -> tuple[Permit, MapAt]:
    """A permit to change the map, and the map as it is, by a permit to read it."""
    case, asked = uow.cases.get(case_id), _map_id(case_id, casework)
    permit = casework.ask(
        uow, actor, Action.WRITE, Kind.TOKEN_MAP, case, purpose=Purpose.COACHING, asked=asked, outcome=outcome
    )
    read = casework.ask(uow, actor, Action.READ, Kind.TOKEN_MAP, case, purpose=Purpose.COACHING, asked=asked)
    return permit, open_map(uow, read, case_id, casework)


def _stored(
    uow: UnitOfWork, permit: Permit, actor: Actor, case_id: CaseId, before: MapAt, grown: TokenMap, casework: Casework
) -> Values:
    """Write the changed map. Returns the receipt."""
    store_map(uow, permit, case_id, before, grown, actor, casework)
    return shape(
        permit.profile,
        {
            "reference": reference(case_id),
            "note": None,
            "release": None,
            "version": before.version + 1,
            "state": existing(uow.cases.get(case_id)).state.value,
        },
    )


def _rewritten(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, trace: NoteTrace, old: Entry, fresh: Entry, moved: list[int],
    grown: TokenMap, casework: Casework,
) -> TokenMap:  # fmt: skip
    """A new version of one note with the new stand-in; the map with its trace."""
    note, case = RecordId.parse(trace.note), uow.cases.get(case_id)
    read = casework.ask(uow, actor, Action.READ, Kind.NOTE, case, purpose=Purpose.COACHING, asked=trace.note)
    record = uow.records.head(note)
    if record is None or record.version != trace.version:
        return grown
    before = NoteText.decode(casework.keeper.open(uow, read, record).expose())
    text = before.text
    write_permit = casework.ask(
        uow, actor, Action.WRITE, Kind.NOTE, case, purpose=Purpose.COACHING, asked=trace.note, outcome="split"
    )
    pieces: list[str] = []
    marks: list[Mark] = []
    done = 0
    for place, found in enumerate(EXACT.finditer(text)):
        mark = trace.marks[place] if place < len(trace.marks) else Mark(TYPE_OF_WORD[found[1]], int(found[2]), -1)
        token = found[0]
        if _is_moved(mark, old, moved):
            token = write(fresh.type, fresh.number, record.language)
            mark = Mark(fresh.type, fresh.number, moved.index(mark.form))
        pieces += [text[done : found.start()], token]
        marks.append(mark)
        done = found.end()
    rewritten = "".join([*pieces, text[done:]])
    stored = casework.keeper.write(
        uow, write_permit, kind=Kind.NOTE, case=case_id, record=note, version=record.version + 1,
        plaintext=NoteText(rewritten, before.correction).encode(), author=actor.id, at=casework.clock.now(),
        provenance=Provenance.INTERVIEW, template=record.template, language=record.language,
    )  # fmt: skip
    return grown.with_trace(replace(trace, version=stored.version, marks=tuple(marks)))


def _is_moved(mark: Mark, entry: Entry, moved: list[int]) -> bool:
    return (mark.type, mark.number) == (entry.type, entry.number) and mark.form in moved


def _newest(token_map: TokenMap) -> list[NoteTrace]:
    newest: dict[str, NoteTrace] = {}
    for trace in token_map.traces:
        if trace.note not in newest or newest[trace.note].version < trace.version:
            newest[trace.note] = trace
    return list(newest.values())


def _entry(token_map: TokenMap, token: str) -> Entry:
    found = EXACT.fullmatch(token)
    entry = token_map.find(TYPE_OF_WORD[found[1]], int(found[2])) if found is not None else None
    if entry is None:
        raise InvalidInput("this case has no such stand-in", field="token")
    return entry


def _map_id(case: CaseId, casework: Casework) -> str:
    return record_for(case, Kind.TOKEN_MAP, casework).hex()
