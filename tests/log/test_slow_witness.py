"""A witness that is slow, or never ends, costs the log nothing but its signature."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from auditor.witness import Answer, Witness
from gateway.log import keeper as keeping
from gateway.log import witnesses
from gateway.log.keeper import LogThread
from gateway.log.key import read_policy
from gateway.log.running import make_keeper
from gateway.settings import Settings
from tests.house import House
from tests.log.test_keeper import keeper_of, let_go, tell, verdict, witness_at
from tests.log.test_sequencer import work
from tests.patience import PATIENCE, until
from tests.unit.crypto.kit import WeakFileRoot


def named(settings: Settings, witness: Witness, url: str) -> None:
    tell(settings, witness)
    policy = read_policy(settings).replace("quorum none", f"witness one {witness.verifier_key} {url}\nquorum one")
    (settings.log_home / "policy.txt").write_text(policy)


@contextmanager
def listening(say: bytes) -> Iterator[str]:
    """A server that takes a request and says one thing again and again, or nothing at all."""
    server, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve() -> None:
        held = []
        server.settimeout(0.05)
        while not over.wait(0.02):
            with suppress(TimeoutError):
                held.append(server.accept()[0])
            for each in held:
                with suppress(OSError):
                    each.sendall(say)
        for each in held:
            each.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        over.set()
        thread.join()
        server.close()


SAYING = {
    "nothing": b"",
    "a head without end": b"HTTP/1.1 200 OK\r\nX: ",
    "an answer without end": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 50,
}


@pytest.mark.parametrize("case", SAYING)
def test_a_witness_that_never_ends_lets_no_request_wait(
    lite_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """The log's thread also says whether requests must wait: it may not wait itself for longer than they do.

    However slow the machine is, it goes on turning; and what it grants a witness is a fraction of what requests have.
    """
    house, pressed = lite_house, list[bool]()
    assert 2 * witnesses.PATIENCE <= keeping.PRESS_AFTER
    monkeypatch.setattr(keeping, "PRESS_AFTER", PATIENCE)
    with witness_at(tmp_path / "w1", house.clock) as (one, _), listening(SAYING[case]) as url:
        named(house.settings, one, url)
        thread = LogThread(
            lambda: make_keeper(house.settings, house.clock, WeakFileRoot, house.services),
            pressed.append, every=0.05, show_every=0.5,
        )  # fmt: skip
        thread.start()
        until(lambda: bool(pressed))

        def turned() -> bool:
            assert house.client("coach").get("/cases").status_code == 200
            return len(pressed) > 40 and bool(thread.state.unanswered)

        until(turned, "forty turns")
        thread.stop()
    assert thread.state.stopped == ""
    assert [each.name for each in thread.state.unanswered] == ["one"]
    assert True not in pressed


def test_the_signature_of_a_slow_witness_counts_when_it_comes(
    lite_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is about the head that was handed in, though the log has grown since."""
    house, real, go = lite_house, Witness.add_checkpoint, threading.Event()

    def slowly(self: Witness, body: bytes) -> Answer:
        go.wait(PATIENCE)
        return real(self, body)

    monkeypatch.setattr(Witness, "add_checkpoint", slowly)
    with witness_at(tmp_path / "w1", house.clock) as (one, url):
        named(house.settings, one, url)
        keeper = keeper_of(house)
        work(house)
        keeper.turn()
        keeper.show()
        assert [tuple(each) for each in keeper.state.unanswered] == [("one", "slow")]
        assert verdict(house, keeper) == "quorum"
        house.clock.move(seconds=11)
        house.hire("desk")
        keeper.turn()
        go.set()
        until(lambda: one.head(keeper._reader.heads()[0].origin) is not None)
        until(lambda: keeper.show() or verdict(house, keeper) == "sound")  # type: ignore[func-returns-value]
        until(lambda: keeper.show() or keeper.state.unanswered == ())  # type: ignore[func-returns-value]
        let_go(keeper)


def test_a_witness_that_another_keeper_told_more_is_no_sign_of_a_restored_backup(house: House, tmp_path: Path) -> None:
    with witness_at(tmp_path / "w1", house.clock) as (one, url):
        named(house.settings, one, url)
        keeper, other = keeper_of(house), keeper_of(house)
        work(house)
        keeper.turn()
        keeper.show()
        before = keeper._reader.heads()
        house.clock.move(seconds=11)
        house.hire("desk")
        other.turn()
        other.show()
        keeper._show(before[-1])  # it had looked before the other one was done
        assert [tuple(each) for each in keeper.state.unanswered] == [("one", "overtaken")]
        keeper.show()
        assert verdict(house, keeper) == "sound"
        let_go(keeper)
        let_go(other)
