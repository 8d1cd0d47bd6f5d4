"""Passkeys, what was said about them, and recovery codes: rows to concepts and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from vault.ids import ActorId, EntryId, PasskeyId
from vault.signing_in import Passkey, RecoveryCode, Said, Word
from vault.storage import tables as t
from vault.storage.repositories import refuse_duplicate
from vault.storage.transaction import Transaction
from vault.vocabulary import Zone

_ALL: Final = [column for column in t.passkeys.c if column.name != "entry_id"]


class PasskeyRepository:
    """Implements `vault.signing_in.Passkeys`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, passkey: PasskeyId) -> Passkey | None:
        row = self._tx.read(select(*_ALL).where(t.passkeys.c.passkey_id == passkey.raw)).first()
        return _passkey(row) if row is not None else None

    def by_credential(self, zone: Zone, credential: bytes) -> Passkey | None:
        c = t.passkeys.c
        row = self._tx.read(select(*_ALL).where(c.credential == credential, c.zone == str(zone))).first()
        return _passkey(row) if row is not None else None

    def of(self, actor: ActorId) -> list[Passkey]:
        c = t.passkeys.c
        wanted = select(*_ALL).where(c.actor_id == actor.raw).order_by(c.enrolled_at, c.passkey_id)
        return [_passkey(row) for row in self._tx.read(wanted)]

    def enrolled(self, after: PasskeyId | None, limit: int) -> list[Passkey]:
        c = t.passkeys.c
        wanted = select(*_ALL).order_by(c.passkey_id).limit(limit)
        if after is not None:
            wanted = wanted.where(c.passkey_id > after.raw)
        return [_passkey(row) for row in self._tx.read(wanted)]

    def words(self, passkeys: Sequence[PasskeyId]) -> list[Word]:
        if not passkeys:
            return []
        c = t.passkey_words.c
        rows = self._tx.read(
            select(c.passkey_id, c.said, c.zone, c.told_to, c.actor_id, c.function, c.at, c.signature)
            .where(c.passkey_id.in_({each.raw for each in passkeys}))
            .order_by(c.passkey_id, c.said)
        )
        return [
            Word(
                PasskeyId(bytes(row[0])), Said(row[1]), Zone.parse(row[2]), Zone.parse(row[3]),
                ActorId(bytes(row[4])), row[5], row[6], bytes(row[7]),
            )
            for row in rows
        ]  # fmt: skip

    def add(self, passkey: Passkey, entry: EntryId) -> None:
        try:
            self._tx.write(
                insert(t.passkeys).values(
                    passkey_id=passkey.id.raw,
                    zone=str(passkey.zone),
                    actor_id=passkey.actor.raw,
                    login=passkey.login,
                    holder=passkey.holder,
                    function=passkey.function,
                    name=passkey.name,
                    credential=passkey.credential,
                    public_key=passkey.public,
                    counter=passkey.counter,
                    transports=",".join(passkey.transports),
                    synced=int(passkey.synced),
                    enrolled_at=passkey.enrolled_at,
                    challenge_at=passkey.challenge_at,
                    used_at=passkey.used_at,
                    enrolment=passkey.enrolment.raw,
                    entry_id=entry.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "this passkey is enrolled already") from fault

    def use(self, passkey: PasskeyId, *, issued: datetime, counter: int, at: datetime, entry: EntryId) -> bool:
        c = t.passkeys.c
        changed = self._tx.write(
            update(t.passkeys)
            .where(c.passkey_id == passkey.raw, c.challenge_at < issued, _goes_on(counter))
            .values(counter=counter, challenge_at=issued, used_at=at, entry_id=entry.raw)
        )
        return changed.rowcount == 1

    def count(self, passkey: PasskeyId, *, counter: int, at: datetime, entry: EntryId) -> bool:
        changed = self._tx.write(
            update(t.passkeys)
            .where(t.passkeys.c.passkey_id == passkey.raw, _goes_on(counter))
            .values(counter=counter, used_at=at, entry_id=entry.raw)
        )
        return changed.rowcount == 1

    def say(self, word: Word, entry: EntryId) -> None:
        try:
            self._tx.write(
                insert(t.passkey_words).values(
                    passkey_id=word.passkey.raw,
                    said=word.said.value,
                    zone=str(word.zone),
                    told_to=str(word.told_to),
                    actor_id=word.actor.raw,
                    function=word.function,
                    at=word.at,
                    signature=word.signature,
                    entry_id=entry.raw,
                )
            )
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "that was said of this passkey already") from fault


class RecoveryCodeRepository:
    """Implements `vault.signing_in.RecoveryCodes`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def newest(self, actor: ActorId) -> tuple[int, list[RecoveryCode]]:
        c = t.recovery_codes.c
        newest = select(func.max(c.generation)).where(c.actor_id == actor.raw).scalar_subquery()
        rows = self._tx.read(
            select(c.generation, c.number, c.code_hash, c.made_at, c.used_at)
            .where(c.actor_id == actor.raw, c.generation == newest)
            .order_by(c.number)
        ).all()
        codes = [RecoveryCode(row[1], bytes(row[2]), row[3], row[4]) for row in rows]
        return (rows[0][0] if rows else 0), codes

    def add(
        self, zone: Zone, actor: ActorId, generation: int, hashes: Sequence[bytes], at: datetime, entry: EntryId
    ) -> None:
        try:
            for number, hashed in enumerate(hashes, 1):
                self._tx.write(
                    insert(t.recovery_codes).values(
                        actor_id=actor.raw, generation=generation, number=number, zone=str(zone), code_hash=hashed,
                        made_at=at, used_at=None, entry_id=entry.raw,
                    )
                )  # fmt: skip
        except IntegrityError as fault:
            raise refuse_duplicate(fault, "another set was made at the same moment: ask again") from fault

    def use(self, actor: ActorId, generation: int, number: int, at: datetime, entry: EntryId) -> bool:
        c = t.recovery_codes.c
        changed = self._tx.write(
            update(t.recovery_codes)
            .where(
                c.actor_id == actor.raw, c.generation == generation, c.number == number, c.used_at.is_(None)
            )
            .values(used_at=at, entry_id=entry.raw)
        )  # fmt: skip
        return changed.rowcount == 1


def _goes_on(counter: int) -> ColumnElement[bool]:
    """An authenticator that counts never tells a number twice; one that does not count says 0 for ever."""
    told = t.passkeys.c.counter
    return or_(told < counter, and_(told == 0, counter == 0))  # type: ignore[arg-type]


def _passkey(row: Any) -> Passkey:
    return Passkey(
        PasskeyId(bytes(row.passkey_id)), Zone.parse(row.zone), ActorId(bytes(row.actor_id)), row.login, row.holder,
        row.function, row.name, bytes(row.credential), bytes(row.public_key), row.counter,
        tuple(filter(None, row.transports.split(","))), bool(row.synced), row.enrolled_at, row.challenge_at,
        row.used_at, EntryId(bytes(row.enrolment)),
    )  # fmt: skip
