"""Cross-zone releases: for one reader, from one sender, in one context."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.unit.crypto.kit import ENTROPY, LATER, NOW, other, pair, release_context, signer
from vault.crypto.envelope import (
    Release,
    ReleaseContext,
    keep_release,
    open_kept,
    open_release,
    seal_release,
)
from vault.crypto.wrap import SymmetricWrapper
from vault.errors import CryptoError, EnvelopeRejected, RecordTampered

TEXT = b'{"outcome": "code 4", "date": "2026-03-02"}'
CONTEXT = release_context()
RELEASE = seal_release(TEXT, CONTEXT, to=pair("follow_up").public, sender=signer("casework"), entropy=ENTROPY)


def _open(release: Release = RELEASE, context: ReleaseContext = CONTEXT, *, now: datetime = NOW) -> bytes:
    return open_release(release, context, own=pair("follow_up"), sender=signer("casework").public, now=now)


def _keep(wrapper: SymmetricWrapper, context: ReleaseContext = CONTEXT, now: datetime = NOW) -> bytes:
    return keep_release(
        RELEASE,
        context,
        own=pair("follow_up"),
        sender=signer("casework").public,
        now=now,
        wrapper=wrapper,
        entropy=ENTROPY,
    )


def test_the_reader_opens_what_was_released() -> None:
    assert _open() == TEXT


@pytest.mark.parametrize("field", [field.name for field in fields(ReleaseContext)])
def test_every_field_of_the_context_matters(field: str) -> None:
    changes: dict[str, Any] = {field: other(getattr(CONTEXT, field))}
    with pytest.raises(EnvelopeRejected):
        _open(context=replace(CONTEXT, **changes))


@pytest.mark.parametrize("field", [field.name for field in fields(ReleaseContext)])
def test_the_wrap_alone_binds_the_context_even_if_the_sender_signs_another(field: str) -> None:
    """Casework's signing key is not enough to move an old wrap into a new context."""
    changes: dict[str, Any] = {field: other(getattr(CONTEXT, field))}
    moved = replace(CONTEXT, **changes)
    fresh = seal_release(TEXT, moved, to=pair("follow_up").public, sender=signer("casework"), entropy=ENTROPY)
    assert pair("follow_up").open(fresh.wrap, moved.canonical())
    with pytest.raises(RecordTampered):
        pair("follow_up").open(RELEASE.wrap, moved.canonical())


@pytest.mark.parametrize("part", ["sealed", "wrap", "signature"])
def test_any_changed_part_is_refused(part: str) -> None:
    original: bytes = getattr(RELEASE, part)
    for position in range(0, len(original), len(original) // 7):
        changed = bytearray(original)
        changed[position] ^= 1
        changes: dict[str, Any] = {part: bytes(changed)}
        with pytest.raises(CryptoError):
            _open(replace(RELEASE, **changes))


def test_parts_of_two_releases_do_not_mix() -> None:
    second = seal_release(TEXT, CONTEXT, to=pair("follow_up").public, sender=signer("casework"), entropy=ENTROPY)
    for part in ("sealed", "wrap", "signature"):
        changes: dict[str, Any] = {part: getattr(second, part)}
        with pytest.raises(EnvelopeRejected):
            _open(replace(RELEASE, **changes))


def test_an_envelope_of_another_sender_is_refused() -> None:
    forged = seal_release(TEXT, CONTEXT, to=pair("follow_up").public, sender=signer("follow_up"), entropy=ENTROPY)
    with pytest.raises(EnvelopeRejected):
        _open(forged)


def test_another_reader_opens_nothing() -> None:
    with pytest.raises(RecordTampered):
        open_release(RELEASE, CONTEXT, own=pair("oversight"), sender=signer("casework").public, now=NOW)


def test_an_expired_release_is_refused_from_that_very_moment() -> None:
    assert _open(now=LATER - timedelta(microseconds=1)) == TEXT
    for now in (LATER, LATER + timedelta(days=1)):
        with pytest.raises(EnvelopeRejected, match="expired"):
            _open(now=now)
        with pytest.raises(EnvelopeRejected, match="expired"):
            _keep(SymmetricWrapper(b"w" * 32), now=now)


def test_a_kept_release_opens_under_the_readers_own_wrapper() -> None:
    wrapper = SymmetricWrapper(b"w" * 32)
    kept = _keep(wrapper)
    assert open_kept(RELEASE.sealed, kept, CONTEXT, wrapper=wrapper, now=NOW) == TEXT
    with pytest.raises(EnvelopeRejected):
        open_kept(RELEASE.sealed, kept, CONTEXT, wrapper=wrapper, now=LATER)
    with pytest.raises(RecordTampered):
        open_kept(RELEASE.sealed, kept, CONTEXT, wrapper=SymmetricWrapper(b"v" * 32), now=NOW)


@pytest.mark.parametrize("field", [field.name for field in fields(ReleaseContext)])
def test_a_kept_release_stays_bound_to_its_whole_context(field: str) -> None:
    wrapper = SymmetricWrapper(b"w" * 32)
    changes: dict[str, Any] = {field: other(getattr(CONTEXT, field))}
    with pytest.raises(RecordTampered):
        open_kept(RELEASE.sealed, _keep(wrapper), replace(CONTEXT, **changes), wrapper=wrapper, now=NOW)


def test_times_without_zone_are_refused() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the case under test
    with pytest.raises(ValueError):
        replace(CONTEXT, expires_at=naive)
    with pytest.raises(ValueError):
        _open(now=naive)
