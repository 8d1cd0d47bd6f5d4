"""Keyrings: stored under a root, loaded for their own zone only, never shown."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import pytest

from tests.unit.crypto.kit import ENTROPY
from vault.crypto.hierarchy import (
    ZoneKeyring,
    double,
    generate_keyring,
    load_keyring,
    rotate_keyring,
    stage_wrapper,
    store_keyring,
)
from vault.crypto.providers.memory import MemoryRoot
from vault.errors import KeyringDamaged, KeyringError, UnsupportedFormat, VaultError
from vault.sensitive import Sensitive
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone

ROOT = MemoryRoot.generate(ENTROPY)
ZONES = [CASEWORK, FOLLOW_UP, OVERSIGHT, Zone.parse("partner:caritas")]


def _secrets(keyring: ZoneKeyring) -> list[bytes | None]:
    held = [keyring.sealing.secret, keyring.signing.secret, keyring.wrapper.secret, keyring.log_key]
    optional = [keyring.pseudonym_root, keyring.blind_index_key]
    return [*(key.expose() for key in held), *(None if key is None else key.expose() for key in optional)]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_stored_keyring_comes_back_whole(zone: Zone) -> None:
    keyring = generate_keyring(zone, ENTROPY)
    again = load_keyring(store_keyring(keyring, ROOT), zone, ROOT)
    assert (again.zone, again.version) == (zone, 1)
    assert _secrets(again) == _secrets(keyring)
    assert again.sealing.public == keyring.sealing.public
    assert again.signing.public == keyring.signing.public


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_only_casework_holds_the_keys_of_pseudonyms_and_indexes(zone: Zone) -> None:
    keyring = generate_keyring(zone, ENTROPY)
    assert (keyring.pseudonym_root is not None) == (zone == CASEWORK)
    assert (keyring.blind_index_key is not None) == (zone == CASEWORK)


def test_another_zone_cannot_be_given_the_pseudonym_root() -> None:
    k = generate_keyring(FOLLOW_UP, ENTROPY)
    with pytest.raises(ValueError):
        ZoneKeyring(
            FOLLOW_UP, 1, k.sealing, k.signing, k.wrapper, k.log_key, Sensitive(b"p" * 32), Sensitive(b"b" * 32)
        )


def test_no_two_keys_of_a_keyring_are_alike() -> None:
    secrets = [key for key in _secrets(generate_keyring(CASEWORK, ENTROPY)) if key]
    assert len({part for key in secrets for part in (key[:32], key[-32:])}) == 8


def test_another_zones_keyring_is_refused() -> None:
    document = store_keyring(generate_keyring(CASEWORK, ENTROPY), ROOT)
    with pytest.raises(KeyringError, match="not the one of zone follow_up"):
        load_keyring(document, FOLLOW_UP, ROOT)


def test_a_relabelled_keyring_does_not_open() -> None:
    document = store_keyring(generate_keyring(OVERSIGHT, ENTROPY), ROOT)
    relabelled = document[:1] + bytes([9]) + b"follow_up" + document[2 + len("oversight") :]
    with pytest.raises(KeyringDamaged):
        load_keyring(relabelled, FOLLOW_UP, ROOT)


def test_another_root_does_not_open() -> None:
    document = store_keyring(generate_keyring(CASEWORK, ENTROPY), ROOT)
    with pytest.raises(KeyringDamaged):
        load_keyring(document, CASEWORK, MemoryRoot.generate(ENTROPY))


def test_every_changed_byte_of_a_keyring_is_noticed() -> None:
    document = store_keyring(generate_keyring(FOLLOW_UP, ENTROPY), ROOT)
    for position in range(len(document)):
        changed = bytearray(document)
        changed[position] ^= 0x80
        with pytest.raises(VaultError):
            load_keyring(bytes(changed), FOLLOW_UP, ROOT)
        with pytest.raises(VaultError):
            load_keyring(document[:position], FOLLOW_UP, ROOT)


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(UnsupportedFormat):
        load_keyring(b"\x09" + store_keyring(generate_keyring(FOLLOW_UP, ENTROPY), ROOT)[1:], FOLLOW_UP, ROOT)


def test_rotation_changes_keys_but_renames_nobody() -> None:
    old = generate_keyring(CASEWORK, ENTROPY)
    new = rotate_keyring(old, ENTROPY)
    assert new.version == 2
    before, after = _secrets(old), _secrets(new)
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, True, True, True, True]
    assert load_keyring(store_keyring(new, ROOT), CASEWORK, ROOT).version == 2


def test_a_keyring_never_shows_itself() -> None:
    keyring = generate_keyring(CASEWORK, ENTROPY)
    assert {repr(keyring), str(keyring), f"{keyring}"} == {"<ZoneKeyring>"}
    for escape in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            escape(keyring)


@pytest.mark.parametrize("zone", ZONES)
def test_a_keyring_with_generations_is_stored_and_loaded_whole(zone: Zone) -> None:
    first = generate_keyring(zone, ENTROPY)
    staged = stage_wrapper(first, ENTROPY)
    assert stage_wrapper(staged, ENTROPY) is staged
    active = replace(staged, wrapper=staged.wrapper.activated())
    for keyring in (staged, active, replace(active, wrapper=active.wrapper.without_retired())):
        document = store_keyring(keyring, ROOT)
        assert document[0] == 2
        again = load_keyring(document, zone, ROOT)
        assert again.wrapper.marks(zone) == keyring.wrapper.marks(zone)
        assert again.wrapper.current == keyring.wrapper.current
        assert [a == b for a, b in zip(_secrets(again), _secrets(keyring), strict=True)] == [True] * 6
        with pytest.raises(KeyringDamaged):
            load_keyring(b"\x01" + document[1:], zone, ROOT)
    assert store_keyring(first, ROOT)[0] == 1


def test_a_keyring_under_two_roots_opens_with_either_and_no_third() -> None:
    keyring, other = generate_keyring(CASEWORK, ENTROPY), MemoryRoot.generate(ENTROPY)
    both = double(store_keyring(keyring, ROOT), store_keyring(keyring, other))
    for root in (ROOT, other):
        assert _secrets(load_keyring(both, CASEWORK, root)) == _secrets(keyring)
    with pytest.raises(KeyringDamaged):
        load_keyring(both, CASEWORK, MemoryRoot.generate(ENTROPY))
    for broken in (both[:4], both[:40], both[:-1], double(both, both)):
        with pytest.raises(KeyringError):
            load_keyring(broken, CASEWORK, other)
