"""Signed notes and checkpoints: what C2SP's texts accept is opened, everything else is refused."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest

from vault.audit.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from vault.audit.merkle import EMPTY_ROOT
from vault.audit.note import MOST_SIGNATURES, open_note, sign_note, split_note, with_signatures
from vault.audit.proof import LogProof
from vault.crypto.note_keys import COSIGNATURE, COSIGNATURE_MLDSA, ED25519, NoteSigner, NoteVerifier
from vault.errors import InvalidInput, NoteRejected
from vault.sensitive import Sensitive

ORIGIN = "log.example/2026h2"
ROOT = sha256(b"any").digest()
TEXT = Checkpoint(ORIGIN, 20852163, ROOT).text()
#: The example of the specification of signed notes.
PUBLISHED_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PUBLISHED_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj"
    "OBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def key(name: str = ORIGIN, kind: int = ED25519, fill: int = 1) -> NoteSigner:
    return NoteSigner(name, Sensitive(bytes([fill]) * 32), kind)


LOG = key()
WITNESS = key("witness.example/w1", COSIGNATURE, 2)
LATER = key(ORIGIN, COSIGNATURE_MLDSA, 3)


def test_the_published_note_opens_and_a_changed_one_does_not() -> None:
    opened = open_note(PUBLISHED_NOTE, [PUBLISHED_KEY])
    assert opened.text == "This is an example message.\n"
    assert [(each.name, each.key_id.hex()) for each in opened.verified] == [("example.com/foo", "530d903a")]
    assert str(NoteVerifier.parse(PUBLISHED_KEY)) == PUBLISHED_KEY
    with pytest.raises(NoteRejected, match="not its key's"):
        open_note(PUBLISHED_NOTE.replace("example message", "example massage"), [PUBLISHED_KEY])


@pytest.mark.parametrize("kind", [ED25519, COSIGNATURE, COSIGNATURE_MLDSA])
def test_each_kind_of_key_signs_and_no_byte_may_change(kind: int) -> None:
    signer = key(kind=kind)
    note = sign_note(TEXT, signer, moment=1679315147)
    opened = open_note(note, [str(signer.verifier)])
    assert opened.text == TEXT
    assert opened.verified[0].moment == (None if kind == ED25519 else 1679315147)
    with pytest.raises(NoteRejected):
        open_note(note.replace("20852163", "20852164"), [signer.verifier])
    raw = bytearray(opened.verified[0].key_id + opened.verified[0].signature)
    for at in (4, 11, len(raw) - 1):
        changed = bytearray(raw)
        changed[at] ^= 1
        with pytest.raises(NoteRejected):
            open_note(f"{TEXT}\n— {ORIGIN} {b64encode(changed).decode()}\n", [signer.verifier])


def test_a_cosignature_is_no_signature_of_the_log_and_the_reverse() -> None:
    as_witness = key(ORIGIN, COSIGNATURE)
    note = sign_note(TEXT, LOG, as_witness, moment=7)
    with pytest.raises(NoteRejected, match="no known key"):
        open_note(sign_note(TEXT, LOG), [as_witness.verifier])
    assert [each.moment for each in open_note(note, [LOG.verifier, as_witness.verifier]).verified] == [None, 7]


def test_signatures_of_unknown_keys_are_kept_apart_and_prove_nothing() -> None:
    note = sign_note(TEXT, LOG, WITNESS, moment=5)
    opened = open_note(note, [LOG.verifier])
    assert [each.name for each in opened.verified] == [ORIGIN]
    assert [each.name for each in opened.unverified] == ["witness.example/w1"]
    with pytest.raises(NoteRejected, match="no known key"):
        open_note(note, [])
    with pytest.raises(NoteRejected, match="no known key"):
        open_note(note, [key(fill=9).verifier, key("another.example").verifier])


def test_a_wrong_signature_of_a_known_key_condemns_the_note_though_another_is_right() -> None:
    other = split_note(sign_note(TEXT.replace("20852163", "1"), WITNESS, moment=5))[1]
    note = with_signatures(sign_note(TEXT, LOG), other)
    assert open_note(note, [LOG.verifier]).text == TEXT
    with pytest.raises(NoteRejected, match="not its key's"):
        open_note(note, [LOG.verifier, WITNESS.verifier])


def test_a_repeated_signature_counts_once_and_each_is_checked() -> None:
    note = sign_note(TEXT, LOG)
    line = note.split("\n")[-2] + "\n"
    assert len(open_note(note + line, [LOG.verifier]).verified) == 1
    assert len(open_note(sign_note(TEXT, LOG, WITNESS) + line, [WITNESS.verifier]).unverified) == 1
    forged = f"— {ORIGIN} {b64encode(LOG.verifier.key_id + bytes(64)).decode()}\n"
    for lines in (forged + line, line + forged):
        with pytest.raises(NoteRejected, match="not its key's"):
            open_note(f"{TEXT}\n{lines}", [LOG.verifier])
    again = sign_note(TEXT, WITNESS, WITNESS, moment=5)
    later = sign_note(TEXT, WITNESS, moment=9).split("\n")[-2] + "\n"
    assert [each.moment for each in open_note(again + later, [WITNESS.verifier]).verified] == [5]
    assert with_signatures(note, split_note(note)[1]) == note


def test_two_keys_of_one_name_and_id_are_refused() -> None:
    one, two = key().verifier, key(fill=9).verifier
    object.__setattr__(two, "key_id", one.key_id)
    with pytest.raises(NoteRejected, match="share"):
        open_note(sign_note(TEXT, LOG), [one, two])


LINE = sign_note(TEXT, LOG).split("\n")[-2] + "\n"
MALFORMED: dict[str, str | bytes] = {
    "empty": "",
    "no signature": TEXT,
    "an empty line and nothing": TEXT + "\n",
    "no empty line": TEXT + LINE,
    "text after the signatures": f"{TEXT}\n{LINE}more\n",
    "an empty line at the end": f"{TEXT}\n{LINE}\n",
    "the last newline missing": f"{TEXT}\n{LINE}"[:-1],
    "a hyphen for a dash": f"{TEXT}\n{LINE.replace('—', '-')}",
    "two spaces": f"{TEXT}\n{LINE.replace('— ', '—  ')}",
    "no name": f"{TEXT}\n{LINE.replace(ORIGIN, '')}",
    "a plus in the name": f"{TEXT}\n{LINE.replace(ORIGIN, 'a+b')}",
    "a no-break space in the name": TEXT + "\n" + LINE.replace(ORIGIN, "a\N{NO-BREAK SPACE}b"),
    "base64 that stops early": f"{TEXT}\n— {ORIGIN} AAAA\n",
    "base64 without padding": f"{TEXT}\n{LINE.replace('=', '')}",
    "base64 for addresses": f"{TEXT}\n— {ORIGIN} {'-_' * 20}\n",
    "base64 with a space": f"{TEXT}\n{LINE[:-8]} {LINE[-8:]}",
    "a carriage return": f"{TEXT}\n{LINE}".replace("\n", "\r\n"),
    "a tab": f"a\tb\n\n{LINE}",
    "a NUL": f"a\0b\n\n{LINE}",
    "half a character": f"a\ud800\n\n{LINE}",
    "bytes that are no text": b"\xff\n\n" + LINE.encode(),
    "no text": f"\n{LINE}",
    "too many signatures": f"{TEXT}\n" + "".join(
        f"— w{n} {b64encode(bytes(68)).decode()}\n" for n in range(MOST_SIGNATURES)) + LINE,
    "huge": "a" * 1_000_000 + f"\n\n{LINE}",
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_note_is_refused(case: str) -> None:
    with pytest.raises(NoteRejected):
        open_note(MALFORMED[case], [LOG.verifier])


def test_base64_has_one_spelling() -> None:
    """Unused bits of the last character would give one signature many lines."""
    encoded = LINE.split(" ")[2].strip()
    assert encoded.endswith("=")
    spellings = [
        encoded[:-2] + last + "=" for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    ]
    same = [text for text in spellings if b64decode(text) == b64decode(encoded)]
    assert len(same) == 4
    opened = []
    for text in same:
        try:
            open_note(f"{TEXT}\n— {ORIGIN} {text}\n", [LOG.verifier])
            opened.append(text)
        except NoteRejected:
            continue
    assert opened == [encoded]


def test_sixteen_signatures_are_read_and_the_text_may_hold_empty_lines() -> None:
    signers = [key(f"w{number}.example", COSIGNATURE, number + 1) for number in range(16)]
    text = "a\n\nb\n\n— looks like one\n"
    opened = open_note(sign_note(text, *signers, moment=1), [each.verifier for each in signers])
    assert (opened.text, len(opened.verified)) == (text, 16)


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "\x7f", "half\ud800\n"])
def test_only_a_text_that_opens_is_signed(text: str) -> None:
    with pytest.raises(NoteRejected):
        sign_note(text, LOG)


def test_a_note_is_not_signed_by_nobody() -> None:
    with pytest.raises(NoteRejected):
        sign_note(TEXT)


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a+b", "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", PUBLISHED_KEY + "=",
        PUBLISHED_KEY.replace("530d", "530D"), PUBLISHED_KEY.replace("530d903a", "530d903b"),
        PUBLISHED_KEY.replace("+Aek", "+Bek"), PUBLISHED_KEY[:-4], PUBLISHED_KEY.replace("example.com/foo", "a b"),
        PUBLISHED_KEY + "+more", "é+" + PUBLISHED_KEY, "name+00000000+", PUBLISHED_KEY.replace("foo", "bar"),
    ],
)  # fmt: skip
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteRejected):
        NoteVerifier.parse(text)


def test_keys_are_masked_and_checked() -> None:
    assert str(LOG) == "<NoteSigner>"
    assert LOG.verifier != key("log.example/2027h1").verifier
    with pytest.raises(InvalidInput):
        NoteSigner(ORIGIN, Sensitive(b"short"))
    with pytest.raises(NoteRejected):
        LATER.sign(b"no checkpoint\n")
    with pytest.raises(NoteRejected):
        WITNESS.sign(b"text\n", 1 << 63)


# -- checkpoints ---------------------------------------------------------------------------------------


def test_a_checkpoint_is_read_back() -> None:
    for found in (Checkpoint(ORIGIN, 0, EMPTY_ROOT), Checkpoint(ORIGIN, (1 << 64) - 1, ROOT, ("more", "lines"))):
        assert parse_checkpoint(found.text()) == found
        assert parse_checkpoint(found.text().encode()) == found


ROOT64 = b64encode(ROOT).decode()
NO_CHECKPOINT = {
    "two lines": f"{ORIGIN}\n5\n",
    "no last newline": f"{ORIGIN}\n5\n{ROOT64}",
    "no origin": f"\n5\n{ROOT64}\n",
    "a leading zero": f"{ORIGIN}\n05\n{ROOT64}\n",
    "two zeroes": f"{ORIGIN}\n00\n{ROOT64}\n",
    "a sign": f"{ORIGIN}\n+5\n{ROOT64}\n",
    "a space": f"{ORIGIN}\n5 \n{ROOT64}\n",
    "hexadecimal": f"{ORIGIN}\n0x5\n{ROOT64}\n",
    "an underscore": f"{ORIGIN}\n5_0\n{ROOT64}\n",
    "other digits": f"{ORIGIN}\n٥\n{ROOT64}\n",
    "65 bits": f"{ORIGIN}\n18446744073709551616\n{ROOT64}\n",
    "a very long size": f"{ORIGIN}\n{'9' * 5000}\n{ROOT64}\n",
    "a short root": f"{ORIGIN}\n5\n{b64encode(ROOT[:31]).decode()}\n",
    "a root without padding": f"{ORIGIN}\n5\n{ROOT64[:-1]}\n",
    "unused bits": f"{ORIGIN}\n5\n{ROOT64[:-2]}{chr(ord(ROOT64[-2]) + 1)}=\n",
    "an empty extension": f"{ORIGIN}\n5\n{ROOT64}\n\n",
    "an empty line before one": f"{ORIGIN}\n5\n{ROOT64}\n\nmore\n",
    "a carriage return": f"{ORIGIN}\r\n5\n{ROOT64}\n",
    "a tab in an extension": f"{ORIGIN}\n5\n{ROOT64}\na\tb\n",
    "half a character": f"{ORIGIN}\ud800\n5\n{ROOT64}\n",
    "an empty tree with a root of its own": f"{ORIGIN}\n0\n{ROOT64}\n",
    "a whole note": sign_note(TEXT, LOG),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_CHECKPOINT)
def test_what_is_no_checkpoint_is_refused(case: str) -> None:
    with pytest.raises(NoteRejected):
        parse_checkpoint(NO_CHECKPOINT[case])
    with pytest.raises(NoteRejected):
        parse_checkpoint(b"\xff" + NO_CHECKPOINT[case].encode(errors="replace"))


def test_a_checkpoint_is_opened_for_its_origin_only() -> None:
    note = sign_note(TEXT, LOG)
    assert open_checkpoint(note, [LOG.verifier], ORIGIN).size == 20852163
    with pytest.raises(NoteRejected, match="another log's"):
        open_checkpoint(note, [LOG.verifier], "log.example/2027h1")
    empty = sign_note(Checkpoint(ORIGIN, 0, ROOT).text(), LOG)
    with pytest.raises(NoteRejected, match="empty tree"):
        open_checkpoint(empty, [LOG.verifier], ORIGIN)


# -- proof files ---------------------------------------------------------------------------------------


def test_a_proof_file_is_read_back() -> None:
    note = sign_note(TEXT, LOG)
    for extra in (b"", b"anything"):
        proof = LogProof(73894, (ROOT, EMPTY_ROOT), note, extra)
        assert LogProof.parse(proof.encode()) == proof
    alone = LogProof(0, (), note)
    assert alone.encode().startswith("c2sp.org/tlog-proof@v1\nindex 0\n\n")
    assert LogProof.parse(alone.encode()) == alone


PROOF = LogProof(5, (ROOT,), sign_note(TEXT, LOG)).encode()
NO_PROOF = {
    "empty": "",
    "another version": PROOF.replace("@v1", "@v2"),
    "no index": PROOF.replace("index 5\n", ""),
    "a leading zero": PROOF.replace("index 5", "index 05"),
    "no empty line": PROOF.replace("\n\n", "\n"),
    "a short hash": PROOF.replace(ROOT64, b64encode(ROOT[:30]).decode()),
    "an extra after the index": PROOF.replace("index 5\n", "index 5\nextra AAAA\n"),
    "too many hashes": PROOF.replace(ROOT64, "\n".join([ROOT64] * 64)),
    "the header alone": "c2sp.org/tlog-proof@v1\n\n",
    "an extra alone": "c2sp.org/tlog-proof@v1\nextra AAAA\n\n",
}


@pytest.mark.parametrize("case", NO_PROOF)
def test_what_is_no_proof_file_is_refused(case: str) -> None:
    with pytest.raises(NoteRejected):
        LogProof.parse(NO_PROOF[case])
