"""Files that somebody changed, cut or unlocked in the databases, and transfers whose leave ends half-way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from gateway.app import create_app
from tests.api.support import entries, since
from tests.api.test_attachments import TOLD, chunk_rows, path
from tests.house import Caller, House
from tests.recorded import attach, pdf, send_file
from vault.crypto.chunked import CHUNK_BYTES
from vault.storage import tables as t
from vault.usecases import attachments as use
from vault.vocabulary import Kind


@pytest.fixture
def stored(lite_house: House) -> tuple[House, Caller, str, str]:
    """A file of several chunks, and a second one beside it."""
    coach = lite_house.client("coach")
    case = lite_house.open_case(coach)
    attach(coach, case, pdf(20 * CHUNK_BYTES), name="autre.pdf")
    return lite_house, coach, case, attach(coach, case, pdf(20 * CHUNK_BYTES))


def _rewrite(house: House, attachment: str, number: int, sealed: Any) -> None:
    """As whoever writes the database can."""
    c = t.attachment_chunks.c
    with house.services.store.main.engine.connect() as connection:
        where = (c.attachment_id == bytes.fromhex(attachment), c.number == number)
        own = connection.execute(select(c.entry_id).where(*where)).scalar_one()
        entry = connection.execute(select(t.entries.c.entry_id).where(t.entries.c.entry_id != own)).scalars().first()
        connection.execute(t.attachment_chunks.update().where(*where).values(sealed=sealed, entry_id=entry))
        connection.commit()


def _chunk(house: House, attachment: str, number: int) -> bytes:
    c = t.attachment_chunks.c
    with house.services.store.main.engine.connect() as connection:
        return bytes(
            connection.execute(
                select(c.sealed).where(c.attachment_id == bytes.fromhex(attachment), c.number == number)
            ).scalar_one()
        )


def test_a_file_that_was_tampered_with_at_its_beginning_is_not_begun(stored: tuple[House, Caller, str, str]) -> None:
    house, coach, case, attachment = stored
    sealed = _chunk(house, attachment, 0)
    for changed in (sealed[:-1] + bytes([sealed[-1] ^ 1]), _chunk(house, attachment, 1), b""):
        _rewrite(house, attachment, 0, changed)
        reply = coach.get(path(case, attachment=attachment))
        assert reply.status_code == 500
        assert set(reply.json()) == {"type", "title", "status", "instance"}
    _rewrite(house, attachment, 0, sealed)
    assert coach.get(path(case, attachment=attachment)).status_code == 200


def test_a_file_that_was_tampered_with_later_ends_short_of_what_was_announced(
    stored: tuple[House, Caller, str, str],
) -> None:
    """Nothing unauthenticated leaves, and whoever receives it notices that it is not whole."""
    house, coach, case, attachment = stored
    whole = coach.get(path(case, attachment=attachment)).content
    last = len(chunk_rows(house, attachment)) - 1
    assert last >= 16
    for number in (17, last):
        sealed = _chunk(house, attachment, number)
        _rewrite(house, attachment, number, sealed[:-1] + bytes([sealed[-1] ^ 1]))
        received: list[bytes] = []

        async def get(received: list[bytes] = received) -> None:
            async def send(message: Any) -> None:
                received.append(message.get("body", b""))

            async def receive() -> Any:
                await asyncio.sleep(3600)

            scope = {
                "type": "http", "method": "GET", "path": f"/casework{path(case, attachment=attachment)}",
                "raw_path": b"", "query_string": b"", "headers": [(b"authorization", f"Bearer {coach.token}".encode())],
                "client": ("10.0.0.7", 1), "http_version": "1.1", "scheme": "https", "server": ("parefeu.test", 443),
                "root_path": "",
            }  # fmt: skip
            await create_app(house.services)(scope, receive, send)

        before = len(entries(house))
        with pytest.raises(RuntimeError, match="response already started"):
            asyncio.run(get())
        told = [(e["action"], e["object"], e["outcome"], e["count"]) for e in since(house, before)]
        assert told == [("read", attachment, "content", 1), ("read", attachment, "record_tampered", 0)]
        got = b"".join(received)
        assert len(got) < len(whole)
        assert whole.startswith(got)
        _rewrite(house, attachment, number, sealed)
    assert coach.get(path(case, attachment=attachment)).content == whole


def test_a_missing_chunk_is_noticed(stored: tuple[House, Caller, str, str]) -> None:
    house, coach, case, attachment = stored
    with house.services.store.main.engine.connect() as connection:
        c = t.attachment_chunks.c
        connection.execute(
            t.attachment_chunks.delete().where(c.attachment_id == bytes.fromhex(attachment), c.number == 3)
        )
        connection.commit()
    assert coach.get(path(case, attachment=attachment)).status_code == 500


def test_a_destroyed_key_ends_files_too(stored: tuple[House, Caller, str, str]) -> None:
    house, coach, case, attachment = stored
    with house.services.store.keystore.engine.connect() as connection:
        connection.execute(t.wraps.delete())
        connection.commit()
    assert coach.get(path(case, attachment=attachment)).status_code == 410
    assert coach.get(path(case)).json()["attachments"] == []
    assert send_file(coach, case, pdf()).status_code == 410
    assert coach.put(path(case, attachment=attachment), json=TOLD | {"based_on": 2}).status_code == 410


def test_a_sign_out_in_the_middle_ends_upload_and_download(lite_house: House) -> None:
    """Each piece looks at the session again."""
    from tests.crash.plays import Stagehand
    from vault.errors import NotSignedIn
    from vault.vocabulary import Provenance

    hand = Stagehand(lite_house)
    case = hand.noticed()
    kind = Kind.SENSITIVE_ATTACHMENT
    attachment = hand.arrive(case)
    hand.describe(case, attachment)
    arrival = hand.as_("coach", use.begin_attachment, case, kind, Provenance.INTERVIEW)
    departure = hand.as_("coach", use.open_attachment, case, kind, attachment)
    assert lite_house.client("coach").delete("/session").status_code == 204
    with pytest.raises(NotSignedIn):
        hand.as_("coach", use.add_chunks, arrival, 0, [])
    with pytest.raises(NotSignedIn):
        hand.as_("coach", use.read_chunks, departure, 0, 1)


def test_a_long_transfer_asks_again_and_ends_when_the_case_is_another_coachs(lite_house: House) -> None:
    from tests.crash.plays import Stagehand
    from vault.errors import Conflict, NotFound, PermitInvalid
    from vault.sensitive import Sensitive
    from vault.vocabulary import Provenance

    hand, house = Stagehand(lite_house), lite_house
    case = hand.noticed()
    kind = Kind.SENSITIVE_ATTACHMENT
    attachment = hand.arrive(case)
    hand.describe(case, attachment)
    arrival = hand.as_("coach", use.begin_attachment, case, kind, Provenance.INTERVIEW)
    departure = hand.as_("coach", use.open_attachment, case, kind, attachment)
    before = len(entries(house))
    departure, _ = hand.as_("coach", use.read_chunks, departure, 0, 1)
    assert since(house, before) == [], "a young permit is not asked for again"
    house.clock.move(seconds=31)
    departure, _ = hand.as_("coach", use.read_chunks, departure, 1, 1)
    arrival = hand.as_("coach", use.add_chunks, arrival, 0, [Sensitive(bytes(CHUNK_BYTES))])
    told = [(e["action"], e["outcome"], e["object"]) for e in since(house, before)]
    assert told == [("read", "continued", attachment.hex()), ("write", "continued", arrival.row.id.hex())]
    hand.hire("colleague")
    for use_case, state, more in (
        (use.read_chunks, departure, (0, 1)), (use.add_chunks, arrival, (1, [Sensitive(bytes(CHUNK_BYTES))])),
    ):  # fmt: skip
        with pytest.raises(PermitInvalid):
            hand.as_("colleague", use_case, state, *more)
    with house.services.store.main.engine.connect() as connection:
        own = connection.execute(select(t.cases.c.entry_id).where(t.cases.c.case_id == case.raw)).scalar_one()
        entry = connection.execute(select(t.entries.c.entry_id).where(t.entries.c.entry_id != own)).scalars().first()
        coach = house.staff["colleague"].id.raw
        connection.execute(t.cases.update().where(t.cases.c.case_id == case.raw).values(coach=coach, entry_id=entry))
        connection.commit()
    house.clock.move(seconds=31)
    with pytest.raises(NotFound):
        hand.as_("coach", use.read_chunks, departure, 0, 1)
    with pytest.raises(NotFound):
        hand.as_("coach", use.add_chunks, arrival, 1, [Sensitive(bytes(CHUNK_BYTES))])
    house.clock.move(minutes=11)
    with pytest.raises(Conflict):
        hand.as_("coach", use.add_chunks, arrival, 1, [Sensitive(bytes(CHUNK_BYTES))])
