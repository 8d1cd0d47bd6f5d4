"""Checks of passkeys: whose each is, who vouched for it, and that what was signed was signed with one that counts.

Whether a countersignature's own signature holds only the directory's keys tell; the program holds each against them
whenever a passkey is to sign.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from vault.access.evidence import Evidence, PasskeyEvidence
from vault.cases.access_requests import Act
from vault.doctor.checks import Check, Fault
from vault.doctor.surroundings import Surroundings
from vault.doctor.survey import Survey
from vault.ids import ActorId
from vault.signing_in import Said
from vault.vocabulary import OVERSIGHT, Role

#: Who of oversight vouches.
_VOUCHING: Final = frozenset({Role.AUDITOR.value, Role.DPO.value})


class _Key(NamedTuple):
    id: bytes
    zone: str
    actor: bytes
    function: str
    public: bytes
    enrolled_at: datetime


class _Word(NamedTuple):
    said: str
    zone: str
    told_to: str
    actor: bytes
    function: str
    at: datetime
    signed: bool


def _keys(survey: Survey) -> dict[bytes, _Key]:
    """By credential, which is the authenticator's own name for it."""
    columns = ("credential", "passkey_id", "zone", "actor_id", "function", "public_key", "enrolled_at")
    return {row[0]: _Key(*row[1:]) for row in survey.rows("passkeys", *columns)}


def _words(survey: Survey) -> dict[bytes, list[_Word]]:
    found: dict[bytes, list[_Word]] = defaultdict(list)
    columns = ("passkey_id", "said", "zone", "told_to", "actor_id", "function", "at", "signature")
    for passkey, said, zone, told_to, actor, function, at, signature in survey.rows("passkey_words", *columns):
        found[passkey].append(_Word(said, zone, told_to, actor, function, at, bool(signature)))
    return found


def _said(survey: Survey, around: Surroundings) -> Iterator[Fault]:
    words = _words(survey)
    for key in _keys(survey).values():
        for word in words.get(key.id, ()):
            if word.said not in set(Said):
                yield Fault("something was said about a passkey that is no word of the program", key.id.hex())
            elif word.told_to != key.zone or word.at < key.enrolled_at:
                yield Fault("what was said about a passkey is told to another zone, or older than it", key.id.hex())
            elif word.said == Said.COUNTERSIGNED.value and not _may(word, key, around):
                yield Fault("a passkey was vouched for by somebody who may not, or without a signature", key.id.hex())
            elif word.said == Said.REVOKED.value and word.zone not in (key.zone, str(OVERSIGHT)):
                yield Fault("a passkey was revoked from a zone that has no say in it", key.id.hex())


def _may(word: _Word, key: _Key, around: Surroundings) -> bool:
    """Another person of oversight, of another function, who holds it."""
    who = around.staff.get(ActorId(word.actor))
    holds = who is not None and (who.zone, who.role) == (word.zone, word.function)
    own = word.zone == str(OVERSIGHT) and word.function in _VOUCHING and word.signed
    return holds and own and word.actor != key.actor and word.function != key.function


def _holders(survey: Survey, around: Surroundings) -> Iterator[Fault]:
    words = _words(survey)
    for key in _keys(survey).values():
        if any(word.said == Said.REVOKED.value for word in words.get(key.id, ())):
            continue
        who = around.staff.get(ActorId(key.actor))
        if who is not None and not who.active:
            yield Fault("a passkey of somebody who does not work here any more is not revoked", key.id.hex())
        elif who is not None and (who.zone, who.role) != (key.zone, key.function):
            yield Fault("a passkey says another zone or function than its holder has", key.id.hex())


def _signatures(survey: Survey, _: Surroundings) -> Iterator[Fault]:
    keys, words = _keys(survey), _words(survey)
    columns = ("request_id", "actor_id", "at", "evidence")
    for request, actor, at, stored in survey.rows("access_answers", *columns, act=Act.APPROVED.value):
        evidence = Evidence.decode(stored)
        if not isinstance(evidence, PasskeyEvidence):
            continue
        key = keys.get(evidence.assertion.credential)
        if key is None or key.actor != actor or key.public != evidence.public:
            yield Fault("an approval is signed with a passkey that is not its approver's", request.hex())
            continue
        own = words.get(key.id, ())
        if not any(word.said == Said.COUNTERSIGNED.value and word.at <= at for word in own):
            yield Fault("an approval is signed with a passkey for which nobody had vouched", request.hex())
        if any(word.said == Said.REVOKED.value and word.at <= at for word in own):
            yield Fault("an approval is signed with a passkey that was revoked before", request.hex())


PASSKEY_CHECKS: Final = (
    Check("passkey_words", "whoever vouched for a passkey is of oversight, of another function, and signed it",
          "somebody wrote past the program that a passkey may sign: then it signs for whoever made it",
          "revoke it (`parefeu staff revoke-passkey`, or oversight's page); tell the DPO; look what was signed with it",
          store=_said),
    Check("passkey_holders", "every passkey that works is of somebody who works here, in their zone and function",
          "a passkey that outlives its holder's work is a way in that nobody looks after",
          "revoke it (`parefeu staff revoke-passkey`, or oversight's page)", store=_holders),
    Check("passkey_signatures", "what was approved with a passkey was signed with one that somebody had vouched for",
          "an approval counts that its approver may never have given",
          "revoke what was let go upon it; tell the DPO; compare with the log's entries of that request",
          store=_signatures),
)  # fmt: skip
