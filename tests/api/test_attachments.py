"""Files through the interface: in and out a piece at a time, seen when described, refused when not on the list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import httpx2
import pytest
from sqlalchemy import func, select

from gateway import uploads
from gateway.api import attachments as api
from gateway.app import create_app
from gateway.middleware import BODY_LIMIT
from tests.api.support import comparable, counts, entries, since
from tests.crash.checks import faults
from tests.house import House
from tests.recorded import FILE_SECTIONS, attach, pdf, record_fact, samples, send_file
from vault.cases import attachments as limits
from vault.cases.file_types import MediaType
from vault.crypto.chunked import CHUNK_BYTES, count_of, padded_size
from vault.storage import tables as t
from vault.usecases import attachments as use
from vault.usecases.casework import parse_reference
from vault.usecases.sweep import sweep
from vault.vocabulary import ATTACHMENT_KINDS, CASEWORK, KIND_COMPARTMENT, Kind

TOLD: Final = {"name": "scan.pdf", "caption": "Certificat.", "language": "fr", "based_on": 1}


def path(case: str, section: str = "sensitive", attachment: str = "") -> str:
    return f"/cases/{case}/attachments/{section}" + (f"/{attachment}" if attachment else "")


def chunk_rows(house: House, attachment: str) -> list[int]:
    """Lengths of the stored chunks."""
    c = t.attachment_chunks.c
    with house.services.store.main.engine.connect() as connection:
        rows = connection.execute(
            select(func.length(c.sealed)).where(c.attachment_id == bytes.fromhex(attachment)).order_by(c.number)
        ).all()
    return [row[0] for row in rows]


def _sweep(house: House) -> int:
    casework = house.services.casework
    assert casework is not None
    swept: int = house.services.worker.run(CASEWORK, lambda uow: sweep(uow, casework))
    return swept


# -- in and out --------------------------------------------------------------------------------------


def test_a_file_comes_back_as_it_was_sent(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    for size in (100, CHUNK_BYTES, 3 * CHUNK_BYTES + 17, 20 * CHUNK_BYTES):
        content = pdf(size)
        attachment = attach(coach, case, content)
        assert len(chunk_rows(house, attachment)) == count_of(len(content))
        back = coach.get(path(case, attachment=attachment))
        assert back.status_code == 200
        assert back.content == content
        assert back.headers["content-length"] == str(len(content))
    assert faults(house.settings) == []


def test_a_download_is_never_shown_or_guessed_at(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    attachment = attach(coach, case, name="Décision d'asile (1).pdf")
    headers = coach.get(path(case, attachment=attachment)).headers
    assert headers["content-type"] == "application/pdf"
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''D%C3%A9cision%20d%27asile%20%281%29.pdf"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("kind", MediaType, ids=lambda kind: kind.name)
def test_every_type_of_the_list_is_taken_and_served_as_what_it_is(lite_house: House, kind: MediaType) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    attachment = attach(coach, case, samples()[kind], "narrative", f"papier.{kind.endings[0]}")
    assert coach.get(path(case, "narrative", attachment)).headers["content-type"] == kind.value
    (listed,) = coach.get(path(case, "narrative")).json()["attachments"]
    assert (listed["media_type"], listed["size"]) == (kind.value, len(samples()[kind]))


def test_each_compartment_has_its_files_under_a_key_of_its_own(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    made = {section: attach(coach, case, section=section) for section in FILE_SECTIONS}
    for section, attachment in made.items():
        assert [one["attachment"] for one in coach.get(path(case, section)).json()["attachments"]] == [attachment]
        for other in set(FILE_SECTIONS) - {section}:
            assert coach.get(path(case, other, attachment)).status_code == 404
            assert coach.put(path(case, other, attachment), json=TOLD | {"based_on": 2}).status_code == 404
    with lite_house.services.store.main.engine.connect() as connection:
        rows = connection.execute(
            select(t.attachments.c.kind, t.data_keys.c.compartment).join(
                t.data_keys, t.data_keys.c.key_id == t.attachments.c.key_id
            )
        ).all()
    assert {row[0]: row[1] for row in rows} == {kind.value: KIND_COMPARTMENT[kind].value for kind in ATTACHMENT_KINDS}


def test_names_in_name_and_caption_become_stand_ins(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    attachment = attach(coach, case, name="Passeport Aminata Diallo.pdf", caption="De Mimi, au 0499 00 00 11.")
    (listed,) = coach.get(path(case)).json()["attachments"]
    assert listed["name"] == "Passeport [PERSONNE-1].pdf"
    assert "0499" not in listed["caption"]
    assert "Mimi" not in listed["caption"]
    assert "diallo" not in coach.get(path(case, attachment=attachment)).headers["content-disposition"].casefold()


def test_provenance_is_said_when_the_file_arrives_and_never_again(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    for provenance in ("admin", "interview", "partner"):
        attachment = send_file(coach, case, pdf(), provenance=provenance).json()["record"]
        assert coach.put(path(case, attachment=attachment), json=TOLD | {"provenance": "admin"}).status_code == 400
        assert coach.put(path(case, attachment=attachment), json=TOLD).status_code == 200
        assert coach.put(path(case, attachment=attachment), json=TOLD | {"based_on": 2}).status_code == 200
        listed = coach.get(path(case)).json()["attachments"]
        assert next(one for one in listed if one["attachment"] == attachment)["provenance"] == provenance
    assert send_file(coach, case, pdf(), provenance="rumour").status_code == 400


# -- what is not seen --------------------------------------------------------------------------------


def test_nobody_sees_a_file_before_it_is_described(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    attachment = send_file(coach, case, pdf(300_000)).json()["record"]
    assert coach.get(path(case)).json()["attachments"] == []
    unseen = coach.get(path(case, attachment=attachment))
    assert comparable(unseen) == comparable(coach.get(path(case, attachment="00" * 16)))
    for wrong in (
        TOLD | {"name": "scan.docx"}, TOLD | {"name": "../scan.pdf"}, TOLD | {"language": "it"}, TOLD | {"based_on": 0},
        TOLD | {"caption": "[PERSONNE-9]"}, TOLD | {"caption": "x" * 2001},
    ):  # fmt: skip
        assert coach.put(path(case, attachment=attachment), json=wrong).status_code == 400, wrong
    assert coach.put(path(case, attachment=attachment), json=TOLD | {"based_on": 2}).status_code == 409
    assert coach.get(path(case)).json()["attachments"] == []
    assert coach.put(path(case, attachment=attachment), json=TOLD).status_code == 200
    assert len(coach.get(path(case)).json()["attachments"]) == 1
    assert coach.put(path(case, attachment=attachment), json=TOLD).status_code == 409, "somebody described it already"
    assert faults(house.settings) == []


def test_what_nobody_describes_is_swept_and_what_is_described_stays(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    kept = attach(coach, case, pdf(200_000))
    forgotten = [send_file(coach, case, pdf(200_000)).json()["record"] for _ in range(3)]
    assert _sweep(house) == 0, "they may still be described"
    house.clock.move(hours=2, seconds=1)
    before = len(entries(house))
    assert [_sweep(house), _sweep(house), _sweep(house)] == [2, 1, 0]
    swept = [(e["action"], e["kind"], e["actor"], e["count"]) for e in since(house, before)]
    assert swept == [("swept", "attachment", "", 2), ("swept", "attachment", "", 1)]
    for attachment in forgotten:
        assert set(chunk_rows(house, attachment)) == {0}
        assert coach.put(path(case, attachment=attachment), json=TOLD).status_code == 404
    assert coach.get(path(case, attachment=kept)).content == pdf(200_000)
    assert faults(house.settings) == []


def test_an_upload_that_breaks_off_leaves_nothing_that_anybody_sees(lite_house: House) -> None:
    """The sender goes away in the middle: what had come is emptied at once."""
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    app = create_app(lite_house.services)

    async def gone() -> None:
        sent = 0

        async def receive() -> dict[str, Any]:
            nonlocal sent
            sent += 1
            if sent <= 40:
                piece = b"%PDF-1.7\n" + bytes(CHUNK_BYTES - 9) if sent == 1 else bytes(CHUNK_BYTES)
                return {"type": "http.request", "body": piece, "more_body": True}
            return {"type": "http.disconnect"}

        async def send(_: Any) -> None:
            return None

        scope = {
            "type": "http", "method": "POST", "path": f"/casework{path(case)}", "raw_path": b"", "query_string": b"",
            "headers": [(b"authorization", f"Bearer {coach.token}".encode())], "client": ("10.0.0.7", 1),
            "http_version": "1.1", "scheme": "https", "server": ("parefeu.test", 443), "root_path": "",
        }  # fmt: skip
        await app(scope, receive, send)

    asyncio.run(gone())
    with lite_house.services.store.main.engine.connect() as connection:
        (row,) = connection.execute(select(t.attachments)).all()
    assert row.swept_at is not None
    assert set(chunk_rows(lite_house, bytes(row.attachment_id).hex())) == {0}
    assert coach.get(path(case)).json()["attachments"] == []
    assert [e["outcome"] for e in entries(lite_house) if e["kind"] == "sensitive_attachment"][:2] == [
        "begun",
        "abandoned",
    ]
    assert faults(lite_house.settings) == []


def test_a_sender_who_falls_silent_is_not_waited_for(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "ARRIVAL_LONGEST", timedelta(seconds=0.2))
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)

    async def silent() -> AsyncIterator[bytes]:
        yield pdf(100_000)
        await asyncio.sleep(3600)

    async def post() -> httpx2.Response:
        transport = httpx2.ASGITransport(create_app(lite_house.services), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="https://parefeu.test") as client:
            headers = {"authorization": f"Bearer {coach.token}"}
            return await client.post(f"/casework{path(case)}", content=silent(), headers=headers)

    reply = asyncio.run(post())
    assert (reply.status_code, reply.json()["type"].rpartition(":")[2]) == (409, "conflict")
    with lite_house.services.store.main.engine.connect() as connection:
        assert connection.execute(select(t.attachments.c.swept_at)).scalar_one() is not None
    assert faults(lite_house.settings) == []


# -- refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>" * 40,
        b"MZ" + bytes(500),
        pdf(200_000)[:-40],
        b"%PDF-1.7\n" + bytes(200_000),
        b"PK\x03\x04" + bytes(90_000),
    ],
    ids=["empty", "markup", "program", "cut off", "no end", "no archive"],
)
def test_what_is_not_on_the_list_is_refused_and_emptied(lite_house: House, content: bytes) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    reply = send_file(coach, case, content)
    assert reply.status_code == 400
    assert reply.json()["issues"][0]["name"] == "content"
    with lite_house.services.store.main.engine.connect() as connection:
        rows = connection.execute(select(t.attachments.c.swept_at, t.attachments.c.chunks)).all()
        left = connection.execute(select(func.sum(func.length(t.attachment_chunks.c.sealed)))).scalar()
    assert [(row[0] is None, row[1]) for row in rows] == [(False, None)]
    assert not left
    assert coach.get(path(case)).json()["attachments"] == []


class _Told:
    """A body of so many bytes, sent in pieces, and how much of it was asked for."""

    def __init__(self, size: int) -> None:
        self.size, self.sent = size, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"%PDF-1.7\n"
        while self.sent < self.size:
            self.sent += CHUNK_BYTES
            yield bytes(CHUNK_BYTES)


def test_a_file_beyond_the_limit_is_refused_before_or_as_it_arrives(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    announced = coach.post(path(case), content=b"%PDF-1.7\n", headers={"content-length": str(limits.LARGEST_FILE + 1)})
    assert announced.status_code == 413
    assert str(limits.LARGEST_FILE) in announced.json()["detail"]
    body = _Told(limits.LARGEST_FILE * 2)

    async def post() -> httpx2.Response:
        transport = httpx2.ASGITransport(create_app(lite_house.services), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="https://parefeu.test") as client:
            headers = {"authorization": f"Bearer {coach.token}"}
            return await client.post(f"/casework{path(case)}", content=body, headers=headers)

    assert asyncio.run(post()).status_code in {400, 413}
    assert body.sent <= limits.LARGEST_FILE + 2 * CHUNK_BYTES, "no more was read than the limit"
    assert faults(lite_house.settings) == []


def test_only_files_may_be_larger_than_other_bodies(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    large = b" " * (BODY_LIMIT + 1)
    assert send_file(coach, case, pdf(2 * BODY_LIMIT)).status_code == 201
    for method, place in (("PUT", path(case, attachment="00" * 16)), ("POST", f"/cases/{case}/notes"),
                          ("POST", f"{path(case)}/x"), ("PUT", path(case))):  # fmt: skip
        assert coach.request(method, place, content=large).status_code == 413, place


def test_the_largest_file_passes_without_being_held(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """25 MiB in and out; at no moment does an upload hold more than it is about to seal."""
    held: list[int] = []
    feed = uploads.Upload._feed

    def watched(self: Any, piece: bytes) -> None:
        feed(self, piece)
        held.append(sum(len(chunk.expose()) for chunk in self._waiting) + len(self._splitter._held))

    monkeypatch.setattr(uploads.Upload, "_feed", watched)
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    content = pdf(limits.LARGEST_FILE - 40)
    assert limits.LARGEST_FILE - 64 < len(content) <= limits.LARGEST_FILE
    attachment = attach(coach, case, content)
    assert len(held) >= 400
    assert max(held) <= 18 * CHUNK_BYTES
    back = coach.get(path(case, attachment=attachment)).content
    assert back == content


def test_the_notice_comes_first_but_for_the_official_file(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach, notice=False)
    refused = send_file(coach, case, pdf())
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "notice_missing")
    assert send_file(coach, case, pdf(), provenance="partner").status_code == 409
    assert send_file(coach, case, pdf(), provenance="admin").status_code == 201


def test_a_case_takes_so_many_files_and_so_many_at_once(lite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use, "FILES_PER_CASE", 2)
    monkeypatch.setattr(use, "ARRIVING_PER_CASE", 2)
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    waiting = [send_file(coach, case, pdf()).json()["record"] for _ in range(2)]
    assert send_file(coach, case, pdf()).status_code == 409
    for attachment in waiting:
        assert coach.put(path(case, attachment=attachment), json=TOLD).status_code == 200
    assert send_file(coach, case, pdf()).status_code == 409
    assert send_file(coach, lite_house.open_case(coach), pdf()).status_code == 201


def test_a_chunk_is_written_once(lite_house: House) -> None:
    """A replay under the same number is refused: two texts never share a nonce."""
    from tests.crash.plays import Stagehand
    from vault.errors import Conflict
    from vault.sensitive import Sensitive
    from vault.vocabulary import Provenance

    hand = Stagehand(lite_house)
    case = hand.noticed()
    arrival = hand.as_("coach", use.begin_attachment, case, Kind.ATTACHMENT, Provenance.INTERVIEW)
    chunk = [Sensitive(bytes(CHUNK_BYTES))]
    hand.as_("coach", use.add_chunks, arrival, 0, chunk)
    rows = counts(lite_house)
    with pytest.raises(Conflict):
        hand.as_("coach", use.add_chunks, arrival, 0, chunk)
    assert counts(lite_house) == rows
    size = 3 * CHUNK_BYTES - 9000
    last = [Sensitive(bytes(padded_size(size) - 2 * CHUNK_BYTES))]
    manifest = limits.Manifest(MediaType.PDF, size, "00" * 32)
    with pytest.raises(Conflict, match="whole"):  # the second chunk never came
        hand.as_("coach", use.end_attachment, arrival, 2, last, manifest)
    assert counts(lite_house) == rows


def test_a_described_file_lists_the_newest_description_and_keeps_the_old(house: House) -> None:
    coach = house.client("coach")
    case = house.open_case(coach)
    attachment = attach(coach, case)
    changed = coach.put(path(case, attachment=attachment), json=TOLD | {"name": "b.pdf", "based_on": 2})
    assert changed.json()["version"] == 3
    (listed,) = coach.get(path(case)).json()["attachments"]
    assert (listed["name"], listed["version"]) == ("b.pdf", 3)
    with house.services.store.main.engine.connect() as connection:
        kept = connection.execute(
            select(func.count()).where(t.records.c.record_id == bytes.fromhex(attachment))
        ).scalar_one()
    assert kept == 3
    assert coach.get(path(case, attachment=attachment)).content == pdf()


def test_a_file_is_no_note_and_no_fact(lite_house: House) -> None:
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    attachment, fact = attach(coach, case), record_fact(coach, case)
    for place in (f"/cases/{case}/notes/{attachment}", f"/cases/{case}/facts/sensitive/{attachment}"):
        assert coach.get(place).status_code == 404
    assert coach.get(path(case, attachment=fact)).status_code == 404
    assert parse_reference(case)
