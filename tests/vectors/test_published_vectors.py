"""Published vectors, run against the very calls the vault makes.

From `published.json`, which names source and licence of each:
- HPKE: Tink's vector for our very suite, X-Wing with HKDF-SHA256 and AES-256-GCM, opened by `SealingKeyPair.open`.
- Wycheproof for HKDF-SHA256, by `committing.derive`, and for AES-256-GCM, hostile ones among them.

From the package `cryptography_vectors`:
- HPKE: `hpke-pq-test-vectors.json` holds X-Wing (KEM 0x647a) with HKDF-SHA256 and with SHAKE256, both with
  ChaCha20-Poly1305 only: a second opinion on key generation, decapsulation and key schedule, through the library
  call that also takes associated data.
- RFC 9180's own vectors (`test-vectors.json`): base mode, X25519, HKDF-SHA256, AES-256-GCM, which is our suite
  with the classical KEM.
- NIST CAVS for AES-256-GCM, RFC 5869 for HKDF, RFC 9106 and others for Argon2id, RFC 8032 for Ed25519, KATs
  for ML-DSA-65 and ML-KEM-768.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl as rust
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.unit.crypto.kit import ENTROPY
from tests.vectors import independent
from vault.crypto.committing import derive
from vault.crypto.hpke import SealingKeyPair, SealingPublicKey
from vault.crypto.providers.passphrase import Argon2Parameters, stretch
from vault.crypto.signing import SigningKey
from vault.errors import RecordTampered
from vault.sensitive import Sensitive

HERE = Path(cryptography_vectors.__file__).parent
PUBLISHED = json.loads(Path(__file__).with_name("published.json").read_text("utf-8"))


def _blocks(path: str, first: str) -> Iterator[dict[str, str]]:
    """Yields the `name = value` groups of a NIST-style file; each begins with the line named `first`."""
    group: dict[str, str] = {}
    for line in (HERE / path).read_text().splitlines():
        name, equals, value = line.partition("=")
        name = name.strip()
        if line.strip() == "FAIL":
            group["FAIL"] = ""
        if not equals or line.startswith("["):
            continue
        if name.lower() == first.lower() and group:
            yield group
            group = {}
        group[name] = value.strip()
    yield group


def _hex(group: dict[str, str], name: str) -> bytes:
    return bytes.fromhex(group.get(name, ""))


def _hpke(path: str, **wanted: int) -> list[dict[str, Any]]:
    vectors = json.loads((HERE / "HPKE" / path).read_text())
    return [v for v in vectors if all(int(v[name]) == value for name, value in wanted.items())]


XWING = _hpke("hpke-pq-test-vectors.json", mode=0, kem_id=0x647A)
CLASSIC = _hpke("test-vectors.json", mode=0, kem_id=0x20, kdf_id=1, aead_id=2)


def _pair(v: dict[str, Any]) -> SealingKeyPair:
    return _expanded(v["skRm"])


def _expanded(key: str) -> SealingKeyPair:
    """The published 32-byte X-Wing key, expanded into the 96 bytes of components that we store."""
    return SealingKeyPair.from_secret(Sensitive(hashlib.shake_256(bytes.fromhex(key)).digest(96)))


def test_a_published_seal_of_our_very_suite_opens_by_our_own_call() -> None:
    v = PUBLISHED["hpke"]
    pair, info = _expanded(v["private_key"]), bytes.fromhex(v["info"])
    assert pair.public == SealingPublicKey(bytes.fromhex(v["public_key"]))
    sealed = b"\x01" + bytes.fromhex(v["sealed"])  # our format's version byte in front
    assert pair.open(sealed, info).hex() == v["plaintext"]
    assert independent.open_hpke(pair.secret.expose(), sealed, info).hex() == v["plaintext"]
    for place in (1, 1000, 1100, 1121, len(sealed) - 1):
        changed = bytes([*sealed[:place], sealed[place] ^ 1, *sealed[place + 1 :]])
        with pytest.raises(RecordTampered):
            pair.open(changed, info)
    with pytest.raises(RecordTampered):
        pair.open(sealed, info + b".")


@pytest.mark.parametrize("v", XWING, ids=lambda v: f"kdf {v['kdf_id']}")
def test_xwing_key_pairs(v: dict[str, Any]) -> None:
    assert len(XWING) == 2
    assert _pair(v).public == SealingPublicKey(bytes.fromhex(v["pkRm"]))


@pytest.mark.parametrize("v", XWING, ids=lambda v: f"kdf {v['kdf_id']}")
def test_xwing_seals_open(v: dict[str, Any]) -> None:
    secret = _pair(v).secret.expose()
    key = MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(secret[:64]), X25519PrivateKey.from_private_bytes(secret[64:])
    )
    kdf = {1: KDF.HKDF_SHA256, 17: KDF.SHAKE256}[int(v["kdf_id"])]
    suite = Suite(KEM.MLKEM768_X25519, kdf, AEAD.CHACHA20_POLY1305)
    first = v["encryptions"][0]
    sealed = bytes.fromhex(v["enc"] + first["ct"])
    opened = rust.hpke._decrypt_with_aad(
        suite, sealed, key, info=bytes.fromhex(v["info"]), aad=bytes.fromhex(first["aad"])
    )
    assert opened == bytes.fromhex(first["pt"])


@pytest.mark.parametrize("v", XWING, ids=lambda v: f"kdf {v['kdf_id']}")
def test_the_independent_xwing_gives_the_published_secret(v: dict[str, Any]) -> None:
    secret = independent.xwing_secret(_pair(v).secret.expose(), bytes.fromhex(v["enc"]))
    assert secret.hex() == v["shared_secret"]


def test_the_independent_key_schedule_gives_the_published_key_and_opens_our_seals() -> None:
    v = next(v for v in XWING if int(v["kdf_id"]) == 1)
    shared, info = bytes.fromhex(v["shared_secret"]), bytes.fromhex(v["info"])
    key, nonce = independent.hpke_key_and_nonce(shared, info, aead=3, key_length=32)
    assert (key.hex(), nonce.hex()) == (v["key"], v["base_nonce"])
    pair = SealingKeyPair.generate(ENTROPY)
    assert independent.open_hpke(pair.secret.expose(), pair.public.seal(b"key", b"info"), b"info") == b"key"


def test_rfc_9180_base_mode() -> None:
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    assert CLASSIC
    for v in CLASSIC:
        key = X25519PrivateKey.from_private_bytes(bytes.fromhex(v["skRm"]))
        first = v["encryptions"][0]
        sealed, aad = bytes.fromhex(v["enc"] + first["ct"]), bytes.fromhex(first["aad"])
        opened = rust.hpke._decrypt_with_aad(suite, sealed, key, info=bytes.fromhex(v["info"]), aad=aad)
        assert opened.hex() == first["pt" if "pt" in first else "plaintext"]


def test_our_hkdf_gives_the_published_bytes() -> None:
    """`derive` gives 64 bytes; a shorter published output is their beginning (RFC 5869, 2.3)."""
    vectors = PUBLISHED["hkdf_sha256"]["vectors"]
    assert len(vectors) == 5
    for v in vectors:
        message_key, commitment = derive(bytes.fromhex(v["ikm"]), bytes.fromhex(v["salt"]), bytes.fromhex(v["info"]))
        assert (message_key + commitment)[: v["size"]].hex() == v["okm"]


def test_aes_256_gcm_of_wycheproof() -> None:
    vectors = PUBLISHED["aes_256_gcm"]["vectors"]
    assert len(vectors) == 66
    assert {v["result"] for v in vectors} == {"valid", "invalid"}
    for v in vectors:
        cipher, nonce, aad = AESGCM(_hex(v, "key")), _hex(v, "iv"), _hex(v, "aad")
        sealed = _hex(v, "ct") + _hex(v, "tag")
        if v["result"] == "valid":
            assert cipher.encrypt(nonce, _hex(v, "msg"), aad) == sealed
            assert cipher.decrypt(nonce, sealed, aad) == _hex(v, "msg")
        else:
            with pytest.raises(InvalidTag):
                cipher.decrypt(nonce, sealed, aad)


def test_aes_256_gcm() -> None:
    counted = 0
    for group in _blocks("ciphers/AES/GCM/gcmEncryptExtIV256.rsp", "Count"):
        if len(group.get("IV", "")) == 24 and len(group.get("Tag", "")) == 32:
            cipher, nonce, aad = AESGCM(_hex(group, "Key")), _hex(group, "IV"), _hex(group, "AAD")
            sealed = _hex(group, "CT") + _hex(group, "Tag")
            assert cipher.encrypt(nonce, _hex(group, "PT"), aad) == sealed
            assert cipher.decrypt(nonce, sealed, aad) == _hex(group, "PT")
            counted += 1
    assert counted > 100


def test_aes_256_gcm_refuses() -> None:
    counted = 0
    for group in _blocks("ciphers/AES/GCM/gcmDecrypt256.rsp", "Count"):
        if "FAIL" in group and len(group["IV"]) == 24 and len(group["Tag"]) == 32:
            with pytest.raises(InvalidTag):
                AESGCM(_hex(group, "Key")).decrypt(
                    _hex(group, "IV"), _hex(group, "CT") + _hex(group, "Tag"), _hex(group, "AAD")
                )
            counted += 1
    assert counted > 50


@pytest.mark.parametrize("path", ["rfc-5869-HKDF-SHA256.txt", "hkdf-generated.txt"])
def test_hkdf_sha256(path: str) -> None:
    """The library's HKDF, to which the tests hold our own; and the independent decoder's."""
    for group in _blocks(f"KDF/{path}", "COUNT"):
        salt, info, length = _hex(group, "salt"), _hex(group, "info"), int(group["L"])
        expected = _hex(group, "OKM")
        assert HKDF(SHA256(), length, salt or None, info).derive(_hex(group, "IKM")) == expected
        assert independent.expand(independent.mac(salt or bytes(32), _hex(group, "IKM")), info, length) == expected


def test_argon2id() -> None:
    through_ours = 0
    for group in _blocks("KDF/argon2id.txt", "COUNT"):
        numbers = {name: int(group[name]) for name in ("length", "lanes", "iter", "memcost")}
        secret, extra = _hex(group, "secret") or None, _hex(group, "ad") or None
        derived = Argon2id(
            salt=_hex(group, "salt"),
            length=numbers["length"],
            iterations=numbers["iter"],
            lanes=numbers["lanes"],
            memory_cost=numbers["memcost"],
            secret=secret,
            ad=extra,
        ).derive(_hex(group, "pass"))
        assert derived == _hex(group, "output")
        plain = _hex(group, "pass")
        if secret is None and extra is None and numbers["length"] == 32 and plain.isascii():
            parameters = Argon2Parameters(numbers["memcost"], numbers["iter"], numbers["lanes"])
            assert stretch(Sensitive(plain.decode()), _hex(group, "salt"), parameters) == _hex(group, "output")
            through_ours += 1
    assert through_ours


def test_ed25519() -> None:
    lines = (HERE / "asymmetric/Ed25519/sign.input").read_text().splitlines()
    for line in lines[::10]:
        secret, public, message, signed = (bytes.fromhex(part) for part in line.split(":")[:4])
        key = Ed25519PrivateKey.from_private_bytes(secret[:32])
        assert key.public_key().public_bytes_raw() == public
        assert key.sign(message) == signed[:64]
        Ed25519PublicKey.from_public_bytes(public).verify(signed[:64], message)


def test_ml_dsa_65() -> None:
    counted = 0
    for group in islice(_blocks("asymmetric/MLDSA/kat_MLDSA_65_det_pure.rsp", "count"), 25):
        seed, public, message = _hex(group, "xi"), _hex(group, "pk"), _hex(group, "msg")
        assert MLDSA65PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw() == public
        assert SigningKey.from_secret(Sensitive(bytes(32) + seed)).public.raw[32:] == public
        MLDSA65PublicKey.from_public_bytes(public).verify(_hex(group, "sm")[:3309], message, _hex(group, "ctx"))
        counted += 1
    assert counted == 25


def test_ml_kem_768() -> None:
    for group in islice(_blocks("asymmetric/MLKEM/kat_MLKEM_768.rsp", "count"), 25):
        key = MLKEM768PrivateKey.from_seed_bytes(_hex(group, "d") + _hex(group, "z"))
        assert key.public_key().public_bytes_raw() == _hex(group, "pk")
        assert key.decapsulate(_hex(group, "ct")) == _hex(group, "ss")
