"""Sealed audit details: every zone writes, oversight reads, the past stays closed."""

from __future__ import annotations

import hmac
from hashlib import sha256

import pytest

from tests.unit.crypto.kit import ENTROPY, pair
from vault.crypto.canonical import encode
from vault.crypto.detail import (
    MOST_ENTRIES,
    DetailLane,
    DetailReader,
    _bindings,
    _context,
    commitment,
    open_detail,
)
from vault.errors import CryptoError, RecordTampered, UnsupportedFormat
from vault.ids import EntryId

LANE, EPOCH = b"casework-1", 2_950_000


def _entry(number: int) -> EntryId:
    return EntryId(b"casework" + number.to_bytes(8, "big"))


def _lane() -> DetailLane:
    return DetailLane.start(pair("oversight").public, LANE, EPOCH, ENTROPY)


def _reader(lane: DetailLane) -> DetailReader:
    return DetailReader(pair("oversight"), LANE, EPOCH, lane.sealed_key)


def test_oversight_reads_every_detail_in_any_order() -> None:
    lane = _lane()
    sealed = [lane.seal(n, _entry(n), b"detail %d" % n) for n in range(20)]
    reader = _reader(lane)
    for n in (0, 1, 5, 19, 3, 3, 18):
        assert reader.open(n, _entry(n), sealed[n]) == b"detail %d" % n
    assert open_detail(pair("oversight"), LANE, EPOCH, lane.sealed_key, 7, _entry(7), sealed[7]) == b"detail 7"


def test_no_other_zone_reads_a_detail() -> None:
    with pytest.raises(RecordTampered):
        DetailReader(pair("casework"), LANE, EPOCH, _lane().sealed_key)


def test_lane_epoch_number_and_entry_are_bound() -> None:
    lane = _lane()
    sealed = [lane.seal(n, _entry(n), b"detail") for n in range(3)]
    for changed_lane, epoch in ((b"casework-2", EPOCH), (LANE, EPOCH + 1)):
        with pytest.raises(RecordTampered):
            DetailReader(pair("oversight"), changed_lane, epoch, lane.sealed_key)
    for number, entry in ((1, _entry(0)), (0, _entry(1)), (2, _entry(0)), (-1, _entry(0)), (MOST_ENTRIES, _entry(0))):
        with pytest.raises(RecordTampered):
            _reader(lane).open(number, entry, sealed[0])


def test_every_single_bit_of_a_detail_matters() -> None:
    lane = _lane()
    sealed, reader = lane.seal(0, _entry(0), b"detail"), _reader(lane)
    for place in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(CryptoError):
            reader.open(0, _entry(0), bytes(changed))
    with pytest.raises(RecordTampered):
        reader.open(0, _entry(0), sealed[:20])
    with pytest.raises(UnsupportedFormat):
        reader.open(0, _entry(0), b"\x02" + sealed[1:])


def test_details_are_sealed_in_order() -> None:
    lane = _lane()
    lane.seal(0, _entry(0), b"")
    for wrong in (0, 2, -1):
        with pytest.raises(ValueError):
            lane.seal(wrong, _entry(0), b"")
    assert lane.next_number == 1


def test_whoever_takes_the_process_later_reads_nothing_written_before() -> None:
    """The attacker has all state of the lane after three entries, and steps it as far as he likes."""
    lane = _lane()
    before = [lane.seal(n, _entry(n), b"detail") for n in range(3)]
    stolen = lane.snapshot()
    after = lane.seal(3, _entry(3), b"after the break-in")
    thief = _reader(lane)
    thief._number, thief._chain = stolen.number, stolen.chain
    assert thief.open(3, _entry(3), after) == b"after the break-in"
    for steps in range(4):
        thief._number, thief._chain = 0, stolen.chain
        for n, sealed in enumerate(before):
            with pytest.raises(RecordTampered):
                thief.open(n + steps, _entry(n), sealed)
            thief._number, thief._chain = 0, stolen.chain


def test_a_lost_group_rewinds_the_lane_and_never_repeats_a_nonce() -> None:
    lane = _lane()
    lane.seal(0, _entry(0), b"kept")
    place = lane.snapshot()
    nonces = set()
    for attempt in range(200):
        lost = [lane.seal(n, _entry(n), b"attempt %d" % attempt) for n in (1, 2)]
        nonces |= {sealed[1:13] for sealed in lost}
        lane.restore(place)
    assert len(nonces) == 400
    final = lane.seal(1, _entry(1), b"final")
    assert final[1:13] not in nonces
    assert _reader(lane).open(1, _entry(1), final) == b"final"


def test_a_snapshot_fits_its_own_lane_only() -> None:
    with pytest.raises(ValueError):
        _lane().restore(_lane().snapshot())


def test_lengths_of_details_look_alike() -> None:
    lane = _lane()
    assert len({len(lane.seal(n, _entry(n), b"x" * 50 * n)) for n in range(6)}) == 1


@pytest.mark.parametrize("lane", [b"", b"x" * 65])
def test_a_lane_has_a_name(lane: bytes) -> None:
    with pytest.raises(ValueError):
        DetailLane.start(pair("oversight").public, lane, 0, ENTROPY)


def test_the_fast_context_is_the_canonical_one() -> None:
    _, head = _bindings(LANE, EPOCH)
    assert _context(head, 5, _entry(5)) == encode("parefeu/detail", 1, LANE, EPOCH, 5, _entry(5).raw)


def test_a_lane_prints_nothing_of_itself() -> None:
    lane = _lane()
    assert f"{lane} {lane.snapshot()!r} {_reader(lane)}" == "<DetailLane> <LaneSnapshot> <DetailReader>"


def test_a_commitment_is_hmac_under_its_salt() -> None:
    salt = bytes(range(32))
    assert commitment(salt, b"text") == hmac.new(salt, b"text", sha256).digest()
    with pytest.raises(ValueError):
        commitment(b"short", b"text")
