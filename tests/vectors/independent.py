"""A second reader of our formats, written from `docs/formats/` alone. It imports nothing of `vault`.

From `cryptography` it takes only primitives: AES-GCM, ML-KEM, X25519, Ed25519, ML-DSA. HKDF, HPKE's key
schedule, X-Wing's combiner, the canonical encoding, padding and pseudonyms are its own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Vector = Mapping[str, Any]


def raw(vector: Vector, name: str) -> bytes:
    return bytes.fromhex(vector[name])


# canonical encoding


def item(kind: int, value: bytes) -> bytes:
    return bytes([kind]) + len(value).to_bytes(4, "big") + value


def label(text: str) -> bytes:
    return item(0x4C, text.encode("ascii"))


def data(value: bytes) -> bytes:
    return item(1, value)


def text(value: str) -> bytes:
    return item(2, value.encode("utf-8"))


def number(value: int) -> bytes:
    return item(3, value.to_bytes(8, "big", signed=True))


def moment(microseconds: int | None) -> bytes:
    return item(4, b"") if microseconds is None else item(5, microseconds.to_bytes(8, "big", signed=True))


# RFC 5869 and RFC 9180


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def expand(key: bytes, info: bytes, length: int) -> bytes:
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = mac(key, block + info + bytes([counter]))
        out, counter = out + block, counter + 1
    return out[:length]


def xwing_secret(secret: bytes, enc: bytes) -> bytes:
    """The KEM's shared secret. Source: draft-connolly-cfrg-xwing-kem, 5.3; enc = ML-KEM 1088 ‖ X25519 32."""
    curve = X25519PrivateKey.from_private_bytes(secret[64:])
    lattice_shared = MLKEM768PrivateKey.from_seed_bytes(secret[:64]).decapsulate(enc[:1088])
    curve_shared = curve.exchange(X25519PublicKey.from_public_bytes(enc[1088:]))
    own = curve.public_key().public_bytes_raw()
    return hashlib.sha3_256(lattice_shared + curve_shared + enc[1088:] + own + b"\\.//^\\").digest()


def hpke_key_and_nonce(shared: bytes, info: bytes, aead: int, key_length: int) -> tuple[bytes, bytes]:
    """Base mode with HKDF-SHA256 and KEM 0x647a. Source: RFC 9180, 5.1."""
    suite = b"HPKE" + (0x647A).to_bytes(2, "big") + (1).to_bytes(2, "big") + aead.to_bytes(2, "big")

    def labeled_extract(salt: bytes, name: bytes, ikm: bytes) -> bytes:
        return mac(salt or bytes(32), b"HPKE-v1" + suite + name + ikm)

    def labeled_expand(key: bytes, name: bytes, context: bytes, length: int) -> bytes:
        return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + name + context, length)

    context = b"\0" + labeled_extract(b"", b"psk_id_hash", b"") + labeled_extract(b"", b"info_hash", info)
    secret = labeled_extract(shared, b"secret", b"")
    return labeled_expand(secret, b"key", context, key_length), labeled_expand(secret, b"base_nonce", context, 12)


def open_hpke(secret: bytes, sealed: bytes, info: bytes) -> bytes:
    assert sealed[0] == 1
    enc, ciphertext = sealed[1:1121], sealed[1121:]
    key, nonce = hpke_key_and_nonce(xwing_secret(secret, enc), info, aead=2, key_length=32)
    return AESGCM(key).decrypt(nonce, ciphertext, b"")


# our formats


def unpadded(padded: bytes) -> bytes:
    length = int.from_bytes(padded[:4], "big")
    body, fill = padded[4 : 4 + length], padded[4 + length :]
    assert len(body) == length
    assert fill == bytes(len(fill))
    assert len(padded) >= 256
    return body


def record_context(v: Vector) -> bytes:
    return (
        label("parefeu/record")
        + number(1)
        + text(v["compartment"])
        + data(raw(v, "case"))
        + data(raw(v, "record"))
        + number(v["version"])
        + number(v["schema"])
        + data(raw(v, "key"))
    )


def open_record(data_key: bytes, context: bytes, sealed: bytes) -> bytes:
    version, salt, commitment, ciphertext = sealed[0], sealed[1:33], sealed[33:65], sealed[65:]
    assert version == 1
    derived = expand(mac(salt, data_key), context, 64)
    assert derived[32:] == commitment
    return unpadded(AESGCM(derived[:32]).decrypt(bytes(12), ciphertext, context))


def wrap_context(v: Vector) -> bytes:
    return (
        label("parefeu/wrap")
        + number(1)
        + text(v["compartment"])
        + text(v["reader"])
        + data(raw(v, "case"))
        + data(raw(v, "key"))
        + data(raw(v, "bound"))
    )


def open_wrap(v: Vector) -> bytes:
    wrapped = raw(v, "wrapped")
    assert wrapped[0] == 1
    return AESGCM(raw(v, "wrapper")).decrypt(wrapped[1:13], wrapped[13:], wrap_context(v))


def release_context(v: Vector) -> bytes:
    return (
        label("parefeu/release/1")
        + data(raw(v, "case"))
        + text(v["compartment"])
        + text(v["reader"])
        + text(v["sender"])
        + data(raw(v, "release"))
        + data(raw(v, "key"))
        + text(v["purpose"])
        + data(raw(v, "decision"))
        + data(raw(v, "policy_digest"))
        + number(v["schema"])
        + moment(v["expires_at_microseconds"])
    )


def open_envelope(v: Vector) -> bytes:
    context, public = release_context(v), raw(v, "sender_public")
    wrap, sealed, signature = raw(v, "wrap"), raw(v, "sealed"), raw(v, "signature")
    message = (
        label("parefeu/release/1/signed")
        + data(context)
        + data(hashlib.sha256(wrap).digest())
        + data(hashlib.sha256(sealed).digest())
    )
    framed = label("parefeu/signature/1") + text("release") + data(hashlib.sha256(public).digest()) + data(message)
    assert signature[0] == 1
    Ed25519PublicKey.from_public_bytes(public[:32]).verify(signature[1:65], framed)
    MLDSA65PublicKey.from_public_bytes(public[32:]).verify(signature[65:], framed, b"parefeu/signature/1")
    data_key = open_hpke(raw(v, "reader_secret"), wrap, context)
    return open_record(data_key, record_context({**v, "record": v["release"], "version": 1}), sealed)


def pseudonym(v: Vector) -> tuple[bytes, str]:
    """The token and its readable form. The check is found by trying all 32 characters against the sum."""
    domain_key = mac(raw(v, "root"), label("parefeu/pseudonym-domain/1") + text(v["domain"]))
    token = mac(domain_key, label("parefeu/pseudonym/1") + data(raw(v, "case")))[:16]
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    bits = f"{int.from_bytes(token, 'big'):0130b}"
    characters = "".join(alphabet[int(bits[start : start + 5], 2)] for start in range(0, 130, 5))
    letter = {"casework": "C", "follow_up": "F", "oversight": "V", "log": "L", "statistics": "S"}.get(v["domain"], "P")
    fitting = [c for c in alphabet if weighted_sum([letter.replace("L", "1"), *characters, c], alphabet) == 0]
    assert len(fitting) == 1
    body = characters + fitting[0]
    return token, "-".join([letter, *[body[start : start + 4] for start in range(0, 27, 4)]])


def weighted_sum(characters: list[str], alphabet: str) -> int:
    powers = [1]
    while len(powers) < len(characters):
        powers.append(powers[-1] << 1 if powers[-1] < 16 else (powers[-1] << 1) ^ 0b100101)
    total = 0
    for weight, character in zip(powers, reversed(characters), strict=True):
        value = alphabet.index(character)
        for bit in range(5):
            product = weight << bit if value >> bit & 1 else 0
            for high in range(9, 4, -1):
                product ^= 0b100101 << (high - 5) if product >> high & 1 else 0
            total ^= product
    return total


def open_details(v: Vector) -> list[bytes]:
    place = data(raw(v, "lane")) + number(v["epoch"])
    chain = open_hpke(raw(v, "oversight_secret"), raw(v, "sealed_key"), label("parefeu/detail-seed/1") + place)
    opened = []
    for entry in v["entries"]:
        step = hashlib.blake2b(b"", digest_size=64, key=chain, person=b"parefeu/detail/1").digest()
        sealed, chain = raw(entry, "sealed"), step[32:]
        context = label("parefeu/detail") + number(1) + place + number(entry["number"]) + data(raw(entry, "entry"))
        assert sealed[0] == 1
        opened.append(unpadded(AESGCM(step[:32]).decrypt(sealed[1:13], sealed[13:], context)))
    return opened


def blind_token(v: Vector) -> bytes:
    field_key = mac(raw(v, "key"), label("parefeu/blind-index/field/1") + text(v["field"]))
    return mac(field_key, label("parefeu/blind-index/token/1") + text(v["value"]))


# attachments: docs/formats/attachment.md


def padded_length(size: int) -> int:
    framed = size + 4
    if framed <= 256:
        return 256
    exponent = framed.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return -(-framed // step) * step


def attachment_context(v: Vector) -> bytes:
    return (
        label("parefeu/attachment") + number(1) + number(v["exponent"]) + text(v["compartment"])
        + data(raw(v, "case")) + data(raw(v, "attachment")) + data(raw(v, "key"))
    )  # fmt: skip


def attachment_key(v: Vector) -> bytes:
    """Checks the header on the way."""
    header = raw(v, "header")
    assert len(header) == 66
    assert header[:2] == bytes([1, v["exponent"]])
    okm = expand(mac(header[2:34], raw(v, "data_key")), attachment_context(v), 64)
    assert okm[32:] == header[34:]
    return okm[:32]


def attachment_places(v: Vector) -> list[tuple[bytes, bytes, int]]:
    """Nonce, associated data and plain length of each chunk."""
    total, chunk = padded_length(v["size"]), 1 << v["exponent"]
    count = -(-total // chunk)
    places = []
    for i in range(count):
        last = i == count - 1
        bound = number(count) + number(v["size"]) if last else item(4, b"") + item(4, b"")
        place = label("parefeu/attachment/chunk") + data(attachment_context(v)) + number(i) + bound
        nonce = bytes(7) + i.to_bytes(4, "big") + bytes([last])
        places.append((nonce, place, min(chunk, total - i * chunk)))
    return places


def open_attachment(v: Vector) -> bytes:
    cipher, places = AESGCM(attachment_key(v)), attachment_places(v)
    assert len(places) == len(v["chunks"])
    padded = b""
    for sealed, (nonce, place, length) in zip(v["chunks"], places, strict=True):
        plain = cipher.decrypt(nonce, bytes.fromhex(sealed), place)
        assert len(plain) == length
        padded += plain
    assert padded[v["size"] :] == bytes(len(padded) - v["size"])
    return padded[: v["size"]]


def seal_attachment(v: Vector, content: bytes) -> list[bytes]:
    """The same chunks again: nothing in them is random but the salt, which stands in the header."""
    cipher, padded, at, sealed = AESGCM(attachment_key(v)), content.ljust(padded_length(len(content)), b"\0"), 0, []
    for nonce, place, length in attachment_places(v):
        sealed.append(cipher.encrypt(nonce, padded[at : at + length], place))
        at += length
    return sealed
