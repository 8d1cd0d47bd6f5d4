"""One zone's means to ask for access and to answer: sealing a request to those who may read it, opening, signing.

A request crosses zones like everything else: sealed by HPKE to one reader each, signed by the zone that asks, bound to
request, reader, purpose and the entry under which it was filed. Casework's copy says whom it is about; oversight's does
not, and commits to it. An answer holds no secret: it is a statement in clear, signed by the zone in which it was given,
over the digest of the form that was in front of the approver. A row that nobody signed is nobody's answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from vault.access.enforcement import Guard, Permit
from vault.access.evidence import Approval, Evidence
from vault.asking import AnswerRow, CopyRow, GrantRow
from vault.cases.access_requests import AccessForm, AccessRules, Act, Answer, Designation, Manner
from vault.cases.exceptions import ExceptionRules
from vault.cases.protocols import Protocols
from vault.crypto.canonical import encode
from vault.crypto.directory import ZoneDirectory
from vault.crypto.envelope import Release, ReleaseContext, open_release, seal_release
from vault.crypto.hpke import SealingKeyPair
from vault.crypto.signing import SigningKey
from vault.errors import DirectoryRejected, EnvelopeRejected, Erased
from vault.ids import ActorId, KeyId, ReleaseId, RequestId
from vault.ports import Clock, Entropy
from vault.unit_of_work import UnitOfWork
from vault.vocabulary import CASEWORK, FOLLOW_UP, KIND_COMPARTMENT, OVERSIGHT, Kind, Purpose, Role, Zone

FORM_SCHEMA: Final = 1
#: Zones that can ask, and for what: casework for lawful exceptions and nothing else. Whoever else signs is refused.
ASKING_ZONES: Final = (FOLLOW_UP, CASEWORK)
#: Who reads a request, and what it is there: with the person it is about, or without.
READERS: Final = {CASEWORK: Kind.ACCESS_REQUEST, OVERSIGHT: Kind.ACCESS_FORM}
_ANSWER_LABEL: Final = "parefeu/access-answer/1"
_COPY_LABEL: Final = "parefeu/stopped-copy/1"
_ANSWERED_AS: Final = "access answer"
_PURPOSE: Final = {FOLLOW_UP: Purpose.OQT_FOLLOW_UP, CASEWORK: Purpose.LEGAL_OBLIGATION}
#: In which zone each function answers.
_FUNCTION_ZONE: Final = {Role.REGIONAL_HEAD: CASEWORK, Role.DPO: OVERSIGHT}
#: Who may write down that the person was told of an exception: whoever meets them.
_TELLING: Final = {Role.COACH: CASEWORK, Role.REGIONAL_HEAD: CASEWORK}
#: Who takes note of what left by an exception, and may stop it, and where.
_WATCHING: Final = {Role.DPO: OVERSIGHT}
#: Whose word each act is, where it is not every approver's.
_WHOSE: Final = {Act.NOTIFIED: _TELLING, Act.STOPPED: _WATCHING, Act.ACKNOWLEDGED: _WATCHING}
#: Of these the asking zone is told. That somebody approved, or whom it was handed to, is not its business.
_TOLD: Final = frozenset({Act.ASKED, Act.REFUSED})


@dataclass(frozen=True, slots=True)
class OpenedRequest:
    """What stood in a copy. about: None where the reader does not learn it."""

    form: AccessForm
    about: Designation | None


@dataclass(frozen=True, slots=True)
class AccessOffice:
    """The services of one zone that asks or answers."""

    zone: Zone
    guard: Guard
    directory: ZoneDirectory
    sealing: SealingKeyPair
    signing: SigningKey
    clock: Clock
    entropy: Entropy
    rules: AccessRules
    protocols: Protocols
    exceptions: ExceptionRules

    @property
    def kind(self) -> Kind:
        """What a request is called here."""
        return READERS.get(self.zone, Kind.ACCESS_REQUEST)

    # -- copies -----------------------------------------------------------------------------------

    def send(self, uow: UnitOfWork, permit: Permit, form: AccessForm, about: Designation) -> None:
        """Seal one version of a request to its readers and to this zone itself, and store the copies."""
        permit.check(
            kind=Kind.ACCESS_REQUEST, case=permit.item.case, now=self.clock.now(), record=form.request.hex(),
            storing=True,
        )  # fmt: skip
        for reader in dict.fromkeys((*READERS, self.zone)):
            row = CopyRow(
                form.request, form.version, reader, self.zone, form.policy, KeyId(self.entropy.bytes(16)), b"", b"",
                form.written_at, permit.entry,
            )  # fmt: skip
            known = about if READERS.get(reader, Kind.ACCESS_REQUEST) is Kind.ACCESS_REQUEST else None
            made = seal_release(
                form.encode(known), _context(row), to=self.directory.of(reader).sealing, sender=self.signing,
                entropy=self.entropy,
            )  # fmt: skip
            uow.keys.put(row.key, reader, made.wrap, form.written_at)
            uow.requests.add_copy(replace(row, sealed=made.sealed, signature=made.signature))

    def open_reviewed(self, uow: UnitOfWork, permit: Permit, request: RequestId, ceremony: ReleaseId) -> OpenedRequest:
        """The same for whoever reviews what came of it. permit: to look at that ceremony. Raises as `open`."""
        permit.check(kind=Kind.CEREMONY_USE, case=None, now=self.clock.now(), record=ceremony.hex())
        return self._opened(uow, request)

    def open(self, uow: UnitOfWork, permit: Permit, request: RequestId) -> OpenedRequest:
        """This zone's copy of the newest version.

        Raises PermitInvalid, Erased, EnvelopeRejected for a copy that the asking zone did not sign or that says
        something else than its row, RecordTampered.
        """
        permit.check(kind=self.kind, case=permit.item.case, now=self.clock.now(), record=request.hex())
        return self._opened(uow, request)

    def _opened(self, uow: UnitOfWork, request: RequestId) -> OpenedRequest:
        now = self.clock.now()
        row = uow.requests.copy(request, self.zone)
        if row is None or row.zone not in ASKING_ZONES:
            raise EnvelopeRejected("a request that no zone sent which may ask")
        wrap = uow.keys.wrap(row.key, self.zone)
        if not wrap:
            raise Erased("the key of this request was destroyed")
        plaintext = open_release(
            Release(row.sealed, wrap, row.signature), _context(row), own=self.sealing,
            sender=self.directory.of(row.zone).verify, now=now,
        )  # fmt: skip
        form, about = AccessForm.decode(plaintext)
        if (form.request, form.version, form.zone, form.written_at) != (
            row.request, row.version, row.zone, row.written_at,
        ):  # fmt: skip
            raise EnvelopeRejected("the row says something else of this request than was signed")
        if (form.manner is Manner.EXCEPTION) != (row.zone == CASEWORK):
            raise EnvelopeRejected("a request of a manner that the zone which signed it cannot file")
        if (about is None) != (self.kind is Kind.ACCESS_FORM):
            raise EnvelopeRejected("a copy that says more or less than its reader is told")
        return OpenedRequest(form, about)

    # -- answers ----------------------------------------------------------------------------------

    def answer(
        self, uow: UnitOfWork, permit: Permit, form: AccessForm, act: Act, function: Role, actor: ActorId, *,
        fields: tuple[str, ...] = (), code: str = "", delegate: ActorId | None = None, evidence: bytes = b"",
    ) -> Answer:  # fmt: skip
        """Sign an answer to this form and store it. Raises Conflict if somebody answered meanwhile."""
        number = uow.requests.next_number(form.request)
        given = Answer(
            number, form.version, act, function, actor, self.clock.now(), fields, code, form.digest, delegate, evidence
        )
        signature = self.signing.sign(_statement(form.request, self.zone, given), _ANSWERED_AS)
        told_to = str(form.zone) if act in _TOLD else ""
        row = AnswerRow(form.request, self.zone, given, told_to, signature)
        uow.requests.add_answer(row, permit.entry)
        return self._weighed(row)

    def stop(
        self, uow: UnitOfWork, permit: Permit, given: GrantRow, function: Role, actor: ActorId, code: str
    ) -> Answer:
        """Sign that what left is stopped, and tell its recipient. Nothing of the request is opened for it, so that a
        copy which somebody damaged stops nobody from stopping. Raises Conflict if somebody answered meanwhile."""
        permit.used_by(actor)
        number = uow.requests.next_number(given.request)
        about = sha256(encode(_COPY_LABEL, given.release.raw, given.key.raw, str(given.reader))).digest()
        word = Answer(number, 0, Act.STOPPED, function, actor, self.clock.now(), (), code, about)
        signature = self.signing.sign(_statement(given.request, self.zone, word), _ANSWERED_AS)
        row = AnswerRow(given.request, self.zone, word, str(given.reader), signature)
        uow.requests.add_answer(row, permit.entry)
        return self._weighed(row)

    def answers(self, uow: UnitOfWork, request: RequestId, told_to: Zone | None = None) -> list[Answer]:
        """What was answered, each held against its signature."""
        return [self._weighed(row) for row in uow.requests.answers(request, told_to)]

    def _weighed(self, row: AnswerRow) -> Answer:
        functions = _WHOSE.get(row.answer.act, _FUNCTION_ZONE)
        sound = functions.get(row.answer.function) == row.zone
        try:
            key = self.directory.of(row.zone).verify
            key.verify(_statement(row.request, row.zone, row.answer), row.signature, _ANSWERED_AS)
        except (EnvelopeRejected, DirectoryRejected):
            sound = False
        return replace(row.answer, sound=sound, signed_by=_signer(row))


def _signer(row: AnswerRow) -> str:
    """The fingerprint of the approver's own key, if its signature holds for this answer."""
    answer, evidence = row.answer, Evidence.decode(row.answer.evidence)
    if evidence is None:
        return ""
    said = Approval(row.request, answer.version, answer.digest, answer.function, answer.fields)
    try:
        return evidence.verify(said)
    except EnvelopeRejected:
        return ""


def _statement(request: RequestId, zone: Zone, answer: Answer) -> bytes:
    """What an answer's signature covers: all of it."""
    return encode(
        _ANSWER_LABEL, request.raw, str(zone), answer.number, answer.version, answer.act.value, answer.function.value,
        answer.actor.raw, answer.at, ",".join(answer.fields), answer.code, answer.digest,
        answer.delegate.raw if answer.delegate is not None else None, answer.evidence,
    )  # fmt: skip


def _context(row: CopyRow) -> ReleaseContext:
    """The context that a copy's row spells out. Its place of a case is the request: whom it is about stands inside."""
    return ReleaseContext(
        row.request.raw, KIND_COMPARTMENT[READERS.get(row.reader, Kind.ACCESS_REQUEST)], row.reader, row.zone,
        ReleaseId(row.request.raw), row.key, _PURPOSE[row.zone], row.entry, row.policy, FORM_SCHEMA, None,
    )  # fmt: skip
