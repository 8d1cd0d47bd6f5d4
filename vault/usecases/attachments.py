"""Files of a case: they arrive in several operations, are described in one, and leave in several again.

    begin → add, add, … → end → describe          read → chunks, chunks, …

Between two operations of one upload or download nothing is held but what `Arrival` and `Departure` say: no key, and
of the file at most what the next operation will seal or has opened. Each operation authenticates its actor again and
has a permit that is not older than half a minute, so a sign-out or a reassignment ends a long one.

A file is seen by nobody before it is described: `begin` makes its row, `add` its chunks, `end` (with the last chunks)
the first version of its record, `describe` the second, and only then it stands in a list. Whatever dies before that
is swept (`vault.usecases.sweep`). No function here changes what it is given: the store may run an operation twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from vault.access.actor import Actor
from vault.access.enforcement import PERMIT_LIFETIME, Permit
from vault.access.shaping import narrowed, shape
from vault.cases.attachments import (
    ARRIVAL_LONGEST,
    ARRIVING_PER_CASE,
    ATTACHMENT_FIELDS,
    FILES_PER_CASE,
    Manifest,
    check_caption,
    check_name,
)
from vault.cases.model import LANGUAGES, Case, SealedRecord
from vault.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    PolicyRejected,
    RecordTampered,
    StaleVersion,
    VaultError,
)
from vault.ids import CaseId, RecordId
from vault.sensitive import Sensitive
from vault.unit_of_work import AttachmentRow, UnitOfWork
from vault.usecases.casework import Casework, Values, existing, reference, require_notice
from vault.usecases.facts import receipt
from vault.usecases.free_text import replace_names
from vault.vocabulary import Action, Kind, Provenance, Purpose

_RENEWED_AFTER: Final = timedelta(seconds=30)
_CONTENT: Final = frozenset({"content"})


@dataclass(frozen=True, slots=True)
class Arrival:
    """An upload between two of its operations. permit: the one its last operation had."""

    row: AttachmentRow
    provenance: Provenance
    permit: Permit


@dataclass(frozen=True, slots=True)
class Departure:
    """A download between two of its operations. values: what the file is, for the answer's head."""

    row: AttachmentRow
    size: int
    values: Values
    permit: Permit


# -- arriving ----------------------------------------------------------------------------------------


def begin_attachment(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, kind: Kind, provenance: Provenance, casework: Casework
) -> Arrival:
    """A file begins to arrive. Raises NotFound, NoticeMissing, Conflict, Erased."""
    case = uow.cases.get(case_id)
    permit = casework.ask(
        uow, actor, Action.WRITE, kind, case, purpose=Purpose.COACHING, asked=case_id.hex(), outcome="begun"
    )
    if provenance is not Provenance.ADMIN:
        require_notice(uow, case_id)
    files, arriving = uow.attachments.counts(case_id)
    if files >= FILES_PER_CASE:
        raise Conflict(f"a case holds at most {FILES_PER_CASE} files")
    if arriving >= ARRIVING_PER_CASE:
        raise Conflict("too many files of this case have arrived without a description: describe them, or wait")
    attachment = RecordId(casework.entropy.bytes(16))
    row = casework.keeper.chunks.begin(
        uow, permit, kind=kind, case=case_id, attachment=attachment, at=casework.clock.now()
    )
    uow.attachments.begin(row, permit.entry)
    return Arrival(row, provenance, permit)


def add_chunks(
    uow: UnitOfWork, actor: Actor, arrival: Arrival, first: int, chunks: Sequence[Sensitive[bytes]], casework: Casework
) -> Arrival:
    """Seal and store the next full chunks; `first` is the number of the first. Raises Conflict for a stalled upload."""
    _still_arriving(uow, actor, arrival, casework)
    permit = _renewed(uow, actor, arrival.permit, Action.WRITE, arrival.row, casework)
    casework.keeper.chunks.add(uow, permit, arrival.row, first, chunks)
    return replace(arrival, permit=permit)


def end_attachment(
    uow: UnitOfWork, actor: Actor, arrival: Arrival, first: int, chunks: Sequence[Sensitive[bytes]],
    manifest: Manifest, casework: Casework,
) -> Values:  # fmt: skip
    """The last chunks, and the first version of the record. Raises Conflict unless every chunk is there."""
    row = arrival.row
    _still_arriving(uow, actor, arrival, casework)
    case = uow.cases.get(row.case)
    permit = casework.ask(
        uow, actor, Action.WRITE, row.kind, case, purpose=Purpose.COACHING, asked=row.id.hex(), outcome="arrived"
    )
    casework.keeper.chunks.add(uow, permit, row, first, chunks, size=manifest.size)
    count = first + len(chunks)
    if uow.attachments.chunk_count(row.id) != count or not uow.attachments.arrived(row.id, count, permit.entry):
        raise Conflict("the file did not arrive whole")
    casework.keeper.write(
        uow, permit, kind=row.kind, case=row.case, record=row.id, version=1, plaintext=manifest.encode(),
        author=actor.id, at=casework.clock.now(), provenance=arrival.provenance,
    )  # fmt: skip
    return receipt(permit, existing(case), row.id, 1)


def abandon_attachment(uow: UnitOfWork, actor: Actor, arrival: Arrival, casework: Casework) -> None:
    """The sender gave up, or sent what is not taken: empty its chunks now instead of at the next sweep."""
    row = arrival.row
    permit = casework.ask(
        uow, actor, Action.WRITE, row.kind, uow.cases.get(row.case), purpose=Purpose.COACHING, asked=row.id.hex(),
        outcome="abandoned",
    )  # fmt: skip
    uow.attachments.sweep(row.id, casework.clock.now(), permit.entry)


def _still_arriving(uow: UnitOfWork, actor: Actor, arrival: Arrival, casework: Casework) -> None:
    """Raises Conflict. Nobody empties it until the commit: a part that came later would stay behind for good."""
    arrival.permit.used_by(actor.id)
    stored = uow.attachments.get_to_change(arrival.row.id)
    if stored is None or stored.chunks is not None or stored.swept_at is not None:
        raise Conflict("this file is not arriving any more")
    if casework.clock.now() - arrival.row.begun_at > ARRIVAL_LONGEST:
        raise Conflict("the file took too long to arrive: send it again")


def _renewed(
    uow: UnitOfWork, actor: Actor, permit: Permit, action: Action, row: AttachmentRow, casework: Casework
) -> Permit:
    """The permit while it is young; else a new one, asked for and logged like the first."""
    if casework.clock.now() < permit.expires_at - PERMIT_LIFETIME + _RENEWED_AFTER:
        return permit
    return _asked_again(uow, actor, action, row, casework)


def _asked_again(uow: UnitOfWork, actor: Actor, action: Action, row: AttachmentRow, casework: Casework) -> Permit:
    return casework.ask(
        uow, actor, action, row.kind, uow.cases.get(row.case), purpose=Purpose.COACHING, asked=row.id.hex(),
        outcome="continued",
    )  # fmt: skip


# -- describing --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class DescribeAttachment:
    """based_on: 1 for the first description of a file that has arrived."""

    case: CaseId
    kind: Kind
    attachment: RecordId
    name: str
    caption: str
    language: str
    based_on: int


def describe_attachment(uow: UnitOfWork, actor: Actor, cmd: DescribeAttachment, casework: Casework) -> Values:
    """Name and caption; names of people become stand-ins. Raises NotFound, InvalidInput, Surviving, StaleVersion."""
    if cmd.language not in LANGUAGES:
        raise InvalidInput(f"language must be one of {', '.join(LANGUAGES)}", field="language")
    check_caption(cmd.caption)
    base, row, case = _whole(uow, cmd.case, cmd.kind, cmd.attachment)
    permit = casework.ask(
        uow, actor, Action.WRITE, cmd.kind, case, purpose=Purpose.COACHING, asked=cmd.attachment.hex(),
        outcome="described",
    )  # fmt: skip
    case = existing(case)
    assert base is not None
    assert row is not None
    if base.version != cmd.based_on:
        raise StaleVersion(expected=cmd.based_on, current=base.version)
    manifest = Manifest.decode(casework.keeper.open(uow, permit, base).expose())
    said = {"name": check_name(cmd.name, manifest.media_type), "caption": cmd.caption}
    done = replace_names(uow, permit, cmd.case, said, cmd.language, casework, actor=actor)
    now = casework.clock.now()
    if row.described_at is None and not uow.attachments.describe(row.id, now, permit.entry):
        raise Conflict("this file is not there any more")
    stored = casework.keeper.write(
        uow, permit, kind=cmd.kind, case=cmd.case, record=row.id, version=base.version + 1,
        plaintext=replace(manifest, name=done["name"], caption=done["caption"]).encode(), author=actor.id, at=now,
        provenance=base.provenance, language=cmd.language,
    )  # fmt: skip
    return receipt(permit, case, row.id, stored.version)


def _whole(
    uow: UnitOfWork, case: CaseId, kind: Kind, attachment: RecordId
) -> tuple[SealedRecord | None, AttachmentRow | None, Case | None]:
    """A file that has arrived whole, with its case; no case if it is none of that case and kind, or was swept."""
    base, row, found = uow.records.head(attachment), uow.attachments.get(attachment), uow.cases.get(case)
    if (
        base is None
        or row is None
        or (base.case, base.kind) != (case, kind)
        or (row.case, row.kind) != (case, kind)
        or row.swept_at is not None
    ):
        return base, row, None
    return base, row, found


# -- reading -----------------------------------------------------------------------------------------


def read_attachments(uow: UnitOfWork, actor: Actor, case_id: CaseId, kind: Kind, casework: Casework) -> Values:
    """The files of one compartment: names, captions, types and sizes, the newest first. Raises NotFound."""
    case = uow.cases.get(case_id)
    described = {row.id for row in uow.attachments.described(case_id, kind)}
    records = [record for record in uow.records.newest([case_id], kind) if record.id in described]
    permit = casework.ask(
        uow, actor, Action.READ, kind, case, purpose=Purpose.COACHING, asked=case_id.hex(), count=len(records)
    )
    each = narrowed(permit.profile, ATTACHMENT_FIELDS, inside=True)
    found = [
        shape(each, _values(record, Manifest.decode(plaintext.expose())))
        for record, plaintext in casework.keeper.open_many(uow, permit, records)
    ]
    rest = narrowed(narrowed(permit.profile, ATTACHMENT_FIELDS, inside=False), _CONTENT, inside=False)
    return shape(rest, {"reference": reference(case_id), "attachments": found})


def open_attachment(
    uow: UnitOfWork, actor: Actor, case_id: CaseId, kind: Kind, attachment: RecordId, casework: Casework
) -> Departure:
    """Begin to read a file: logged as a look at it. Raises NotFound, Erased."""
    record, row, case = _whole(uow, case_id, kind, attachment)
    if row is not None and row.described_at is None:
        case = None
    permit = casework.ask(
        uow, actor, Action.READ, kind, case, purpose=Purpose.COACHING, asked=attachment.hex(), outcome="content"
    )
    assert record is not None
    assert row is not None
    manifest = Manifest.decode(casework.keeper.open(uow, permit, record).expose())
    values = shape(narrowed(permit.profile, ATTACHMENT_FIELDS, inside=True), _values(record, manifest))
    return Departure(row, manifest.size, values, permit)


def read_chunks(
    uow: UnitOfWork, actor: Actor, departure: Departure, first: int, count: int, casework: Casework
) -> tuple[Departure, list[Sensitive[bytes]]]:
    """What the next chunks hold. Raises NotFound if the case is not the actor's any more, RecordTampered."""
    departure.permit.used_by(actor.id)
    row = departure.row
    permit = _renewed(uow, actor, departure.permit, Action.READ, row, casework)
    try:
        sealed = uow.attachments.chunks(row.id, first, count)
        if row.chunks is None or len(sealed) != min(count, row.chunks - first):
            raise RecordTampered("a part of the file is missing")
        opened = casework.keeper.chunks.open(uow, permit, row, first, sealed, departure.size)
    except VaultError:
        # Asked once more, so that the log says what the look came to: the entry of an earlier piece cannot.
        _asked_again(uow, actor, Action.READ, row, casework)
        raise
    shown = narrowed(permit.profile, _CONTENT, inside=True)
    pieces = [shape(shown, {"content": piece.expose()}).get("content") for piece in opened]
    if not all(isinstance(piece, bytes) for piece in pieces):
        raise PolicyRejected((f"release profile {permit.profile.name} does not show a file's content",))
    return replace(departure, permit=permit), [Sensitive(piece) for piece in pieces if isinstance(piece, bytes)]


def _values(record: SealedRecord, manifest: Manifest) -> Values:
    if not manifest.name:
        raise NotFound("no such item, or not for you")
    return {
        "attachment": record.id.hex(),
        "version": record.version,
        "name": manifest.name,
        "caption": manifest.caption,
        "media_type": manifest.media_type.value,
        "size": manifest.size,
        "provenance": record.provenance.value,
        "language": record.language,
        "written_at": record.written_at.isoformat(),
        "author": record.author.hex(),
    }
