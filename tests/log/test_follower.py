"""What leaves for other systems: every entry once at least, whatever dies or is cut off, and nothing that helps to find
a person."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from auditor.verify import Failed, logs_of
from gateway.clock import SystemEntropy
from gateway.log.delivery import LinesFile, NotDelivered, SyslogTls, target_of, tls_context
from gateway.log.follower import Follower, Memory
from gateway.log.ocsf import OCSF, Event, Leaf, encode, event_of
from gateway.log.source import live_trees, publish
from tests.api.stage import Stage
from tests.house import house_on, sqlite_home
from tests.log.kit import POLICY, Keeper, jump
from tests.log.syslog_server import Certificates, listening
from tests.log.tampering import Files, backdated, flip, flip_with_its_leaf, reordered
from tests.log.test_sequencer import tree, work
from vault.audit.merkle import leaf_hash
from vault.errors import ConfigurationError, StoreUnavailable
from vault.storage.log_reader import SqlLogReader
from vault.storage.store import Store


class Kept:
    """A target that keeps what it is handed. down: it takes nothing."""

    def __init__(self) -> None:
        self.batches: list[list[Event]] = []
        self.down = False

    def deliver(self, events: Any) -> None:
        if self.down:
            raise NotDelivered("unreachable")
        self.batches.append(list(events))

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch]


def following(trees: Any, target: Any, folder: Path) -> Any:
    """Send what there is, from where the folder says. Returns how many."""
    memory = Memory(folder, SystemEntropy())
    with memory.held() as position:
        return Follower(trees, POLICY, target, position, memory.keep).catch_up()


def live(keeper: Keeper) -> Callable[[], Any]:
    reader = SqlLogReader(keeper.store.main)
    return lambda: live_trees(reader, POLICY)


@cache
def validator(uid: int) -> Any:
    """The published schema of a class."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=OCSF))
    return jsonschema_rs.Draft202012Validator(
        schema.get_class_schema(class_name=schema.lookup_class_name_from_uid(class_uid=uid), profiles=[])
    )


def lines(path: Path) -> list[Event]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


_LOOK: Final = ("read", "case", "allow")
Busy = tuple[list[dict[str, Any]], list[Event]]


# -- what leaves -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def busy(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    """Every entry of a house in which much happened, and the event of each."""
    folder = tmp_path_factory.mktemp("busy")
    with house_on(sqlite_home(sqlite_template, folder / "home")) as house:
        stage = Stage(house)
        case, note = stage.noted()
        assert (
            house.client("coach").post(f"/cases/{case}/notes/{note}/reveal", json={"reason": "rendez-vous"}).status_code
            == 200
        )
        stage.sheet()
        stage.answered(taken=True)
        stage.withdrawn("caritas")
        stage.review(decided=True, signed=True)
        house.client("colleague").get(f"/cases/{case}")
        house.client("head").get(f"/cases/{case}")
        house.client("coach").get("/cases")
        house.client("coach").post("/find", json={"field": "ov_number", "value": "8123456"})
        keeper, kept = Keeper(house), Kept()
        keeper.turn()
        following(live(keeper), kept, folder / "memory")
        found = tree(house)
        keeper.close()
    return found, kept.events


def test_every_event_is_of_a_published_class(busy: Busy) -> None:
    entries, events = busy
    assert len(events) == len(entries) > 50
    for event in events:
        validator(event["class_uid"]).validate(event)
    assert {event["class_uid"] for event in events} >= {3001, 3002, 6003, 6005}


def test_each_event_names_its_leaf_and_its_lane(busy: Busy) -> None:
    entries, events = busy
    for index, (entry, event) in enumerate(zip(entries, events, strict=True)):
        body = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
        own = event["unmapped"]
        assert (event["metadata"]["sequence"], event["metadata"]["log_name"]) == (index, "log.example/2026h2")
        assert (own["leaf_hash"], own["checkpoint_size"]) == (leaf_hash(body).hex(), len(entries))
        assert (own["lane"], own["lane_number"]) == (entry["lane"], entry["number"])


def test_what_would_name_a_case_or_tell_of_it_stays(busy: Busy) -> None:
    entries, events = busy
    sent = b"\n".join(map(encode, events)).decode()
    places = {entry[name] for entry in entries for name in ("entry", "actor")}
    for entry in entries:
        for name in ("subject", "object", "commitment", "config"):
            assert not entry[name] or entry[name] in places or entry[name] not in sent, (name, entry)
    about_people = {entry["outcome"] for entry in entries if entry["subject"] and ":" not in entry["outcome"]}
    assert about_people >= {"consent", "withdraw", "brussels"}
    assert not {event["unmapped"].get("outcome") for event in events if "case" in event["unmapped"]} & about_people
    for secret in ("Diallo", "Aminata", "8123456", "caritas:", "Invent"):
        assert secret not in sent


def test_the_list_of_what_leaves_is_closed(busy: Busy) -> None:
    _, events = busy
    assert {name for event in events for name in event["unmapped"]} == {
        "leaf_hash", "checkpoint_size", "lane", "lane_number", "zone", "role", "action", "kind", "purpose", "decision",
        "rule", "policy", "outcome", "count", "case",
    }  # fmt: skip
    assert {name for event in events for name in event} == {
        "class_uid", "category_uid", "activity_id", "activity_name", "type_uid", "time", "status_id", "severity_id",
        "metadata", "unmapped", "actor", "user", "service", "src_endpoint", "table", "api",
    }  # fmt: skip


def test_the_name_of_a_case_joins_one_actors_acts_of_one_day_and_no_others(keeper: Keeper, tmp_path: Path) -> None:
    house = keeper.house
    coach = house.client("coach")
    case, other = house.open_case(coach), house.open_case(coach)
    for login, path in (("coach", case), ("coach", case), ("coach", other), ("head", case)):
        assert house.client(login).get(f"/cases/{path}").status_code == 200
    jump(house, days=1)
    assert house.client("coach").get(f"/cases/{case}").status_code == 200
    keeper.turn()
    kept = Kept()
    following(live(keeper), kept, tmp_path / "memory")
    own = [each["unmapped"] for each in kept.events]
    looks = [each["case"] for each in own if (each["action"], each["kind"], each["decision"]) == _LOOK]
    first, again, elsewhere, heads, next_day = looks
    assert first == again
    assert len({first, elsewhere, heads, next_day}) == 4


def test_what_no_list_knows_does_not_leave() -> None:
    body = {
        "action": "something_new", "actor": "Jan Peeters", "at": "2026-11-03T09:00:00.000001+00:00", "commitment": "",
        "config": "", "count": 1, "decision": "none", "entry": "0" * 32, "kind": "Zoë", "lane": "0" * 16, "number": 0,
        "object": "x", "outcome": "rue des Tilleuls", "policy": "", "previous": "", "purpose": "", "role": "",
        "rule": "", "session": "a b", "subject": "L-1", "v": 2, "zone": "casework", "new_field": "secret",
    }  # fmt: skip
    event = event_of(json.dumps(body).encode(), Leaf("log.example/x", 1, bytes(32), 2), bytes(32))
    validator(event["class_uid"]).validate(event)
    sent = json.dumps(event)
    for secret in ("Peeters", "Zo", "Tilleuls", "a b", "secret", "L-1"):
        assert secret not in sent


# -- once at least, and in order -------------------------------------------------------------------------


def test_it_goes_on_where_it_stopped_and_across_trees(keeper: Keeper, tmp_path: Path) -> None:
    house, kept = keeper.house, Kept()
    work(house)
    keeper.turn()
    trees = live(keeper)
    first = following(trees, kept, tmp_path / "memory")
    assert following(trees, kept, tmp_path / "memory") == 0
    work(house)
    keeper.turn()
    jump(house, days=70)
    work(house)
    keeper.turn()
    assert first + following(trees, kept, tmp_path / "memory") == len(tree(house)) + len(tree(house, 1))
    places = [(event["metadata"]["log_name"], event["metadata"]["sequence"]) for event in kept.events]
    assert places == [("log.example/2026h2", n) for n in range(len(tree(house)))] + [
        ("log.example/2027h1", n) for n in range(len(tree(house, 1)))
    ]


def test_it_goes_on_across_trees_from_published_files_alone(keeper: Keeper, tmp_path: Path) -> None:
    """Of a new tree there may be no file that is two entries long: it had more when it was first published."""
    house, kept, reader = keeper.house, Kept(), SqlLogReader(keeper.store.main)

    def published() -> Any:
        publish(reader, tmp_path / "log", POLICY)
        return logs_of(str(tmp_path / "log"))

    work(house)
    keeper.turn()
    first = following(published, kept, tmp_path / "memory")
    jump(house, days=70)
    keeper.turn()
    work(house)
    keeper.turn()
    assert first + following(published, kept, tmp_path / "memory") == len(tree(house)) + len(tree(house, 1))


def test_an_outage_blocks_nothing_and_loses_nothing(keeper: Keeper, tmp_path: Path) -> None:
    house, kept, over = keeper.house, Kept(), threading.Event()
    kept.down = True
    memory = Memory(tmp_path / "memory", SystemEntropy())
    own = Store(house.settings.main_url, house.settings.keys_url)
    reader = SqlLogReader(own.main)
    with memory.held() as position, closing(own):
        asked = iter(range(10_000))

        def trees() -> Any:
            if next(asked) % 3 == 1:
                raise StoreUnavailable("gone for a moment")
            return live_trees(reader, POLICY)

        follower = Follower(trees, POLICY, kept, position, memory.keep)
        thread = threading.Thread(target=lambda: follower.keep_on(over, every=0.01))
        thread.start()
        try:
            for _ in range(2):
                work(house, notes=1)
                keeper.turn()
            kept.down = False
            for _ in range(400):
                if len(kept.events) == len(tree(house)):
                    break
                over.wait(0.05)
        finally:
            over.set()
            thread.join()
    assert [event["metadata"]["sequence"] for event in kept.events] == list(range(len(tree(house))))


def test_two_followers_of_one_position_are_refused(tmp_path: Path) -> None:
    memory = Memory(tmp_path, SystemEntropy())
    with memory.held(), pytest.raises(ConfigurationError), memory.held():
        pass


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"v":1,"origin":"x","size":3,"edge":["00"],"key":"00"}', b"\xff"])
def test_a_position_that_cannot_be_read_is_not_guessed(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "position").write_bytes(raw)
    with pytest.raises(ConfigurationError), Memory(tmp_path, SystemEntropy()).held():
        pass


# -- a process that dies at any moment ---------------------------------------------------------------------

_CALLS: Final = ("write", "fsync", "ftruncate", "replace", "open")


def _life(source: Path, folder: Path, dies_at: int) -> bool:
    """A follower in a process of its own, killed at its n-th call of the operating system. Whether it was killed."""
    child = os.fork()
    if child == 0:
        try:
            _count_down(dies_at)
            following(lambda: logs_of(str(source)), LinesFile(folder / "events"), folder / "memory")
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a child of a test never returns into the test
            os._exit(9)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def _count_down(left: int) -> None:
    """Die at the n-th call; a write dies with half of it written."""
    remaining = iter(range(left, -1, -1))

    def around(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if next(remaining, 1) == 0:
                if name == "write":
                    real(args[0], bytes(args[1])[: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        return call

    for name in _CALLS:
        setattr(os, name, around(name))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_whenever_it_is_killed_nothing_is_lost_and_no_line_is_broken(honest: Path, tmp_path: Path) -> None:
    """Killed at every call of a first life in turn, then again and again in one."""
    source, all_of_it = honest.parent, None
    for dies_at in range(200):
        folder = tmp_path / str(dies_at)
        folder.mkdir()
        killed = _life(source, folder, dies_at)
        if killed:
            assert not _life(source, folder, 10_000)
        seen = [event["metadata"]["sequence"] for event in lines(folder / "events")]
        all_of_it = all_of_it or list(range(max(seen) + 1))
        assert sorted(set(seen)) == all_of_it
        assert len(seen) - len(all_of_it) <= 256  # one batch comes twice at most
        if not killed:
            break
    assert dies_at > 20
    deaths = 0
    while _life(source, tmp_path, 9):
        deaths += 1
    assert deaths >= 2
    assert sorted({event["metadata"]["sequence"] for event in lines(tmp_path / "events")}) == all_of_it


def test_a_full_disk_makes_it_wait(honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, real = tmp_path / "events", os.write

    def full(file: int, data: Any) -> int:
        if len(data) < 4096:
            return real(file, data)
        real(file, bytes(data)[:1000])
        raise OSError(28, "no space left")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NotDelivered):
        following(lambda: logs_of(str(honest.parent)), LinesFile(target), tmp_path / "memory")
    assert target.read_bytes() == b""
    monkeypatch.undo()
    assert following(lambda: logs_of(str(honest.parent)), LinesFile(target), tmp_path / "memory") == len(lines(target))


# -- a log that is not what it was -------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "kind"), [(flip, "hash"), (flip_with_its_leaf, "root")])
def test_an_altered_log_is_not_sent_on(
    files: Files, change: Callable[[Files], None], kind: str, tmp_path: Path
) -> None:
    change(files)
    with pytest.raises(Failed) as fault:
        following(lambda: logs_of(str(files.folder)), Kept(), tmp_path / "memory")
    assert fault.value.kind == kind


@pytest.mark.parametrize("change", [reordered, backdated])
def test_what_was_sent_cannot_be_told_otherwise_even_by_the_logs_own_key(
    files: Files, change: Callable[[Files], None], tmp_path: Path
) -> None:
    trees = lambda: logs_of(str(files.folder))  # noqa: E731
    following(trees, Kept(), tmp_path / "memory")
    change(files)
    with pytest.raises(Failed) as fault:
        following(trees, Kept(), tmp_path / "memory")
    assert fault.value.kind == "root"


def test_a_log_that_goes_back_or_tells_another_story_is_not_followed(keeper: Keeper, tmp_path: Path) -> None:
    house, trees = keeper.house, live(keeper)
    work(house)
    keeper.turn()
    publish(SqlLogReader(keeper.store.main), tmp_path / "old", POLICY)
    work(house)
    keeper.turn()
    following(trees, Kept(), tmp_path / "memory")
    with pytest.raises(Failed) as fault:
        following(lambda: logs_of(str(tmp_path / "old")), Kept(), tmp_path / "memory")
    assert fault.value.kind == "fork"
    memory = Memory(tmp_path / "memory", SystemEntropy())
    with memory.held() as position:
        edge = (bytes(32), *position.edge[1:])
        memory.keep(type(position)(position.key, position.origin, position.size, edge))
    with pytest.raises(Failed) as fault:
        following(trees, Kept(), tmp_path / "memory")
    assert fault.value.kind == "root"


# -- over the network ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls") / "ours")


def to(port: int, roots: Path, *own: Path) -> SyslogTls:
    certificate, key = own or (None, None)
    found = target_of(f"syslog+tls://127.0.0.1:{port}", roots, certificate, key)
    assert isinstance(found, SyslogTls)
    return found


def test_events_arrive_as_syslog_over_tls(honest: Path, certificates: Certificates, tmp_path: Path) -> None:
    with listening(certificates.server("127.0.0.1")) as server:
        target = to(server.port, certificates.roots)
        sent = following(lambda: logs_of(str(honest.parent)), target, tmp_path / "memory")
        assert following(lambda: logs_of(str(honest.parent)), target, tmp_path / "memory") == 0
    assert len(server.messages) == sent
    events = []
    for message in server.messages:
        head, _, event = message.partition(b"] ")
        priority, at, host, app, process, code, structured = head.split(b" ", 6)
        assert priority in {b"<110>1", b"<109>1"}  # facility 13, informational or notice
        assert at.endswith(b"Z")
        assert (app, structured[:26], b"-" not in process) == (b"parefeu", b'[origin software="parefeu"', True)
        assert host
        assert len(message) <= 2048  # what every receiver must be able to take, RFC 5425, 4.3.1
        events.append(json.loads(event))
        assert code.decode() == events[-1]["metadata"]["event_code"]
    assert [event["metadata"]["sequence"] for event in events] == list(range(sent))
    validator(events[-1]["class_uid"]).validate(events[-1])


def test_a_server_that_goes_away_without_a_word_is_sent_everything_again(
    honest: Path, certificates: Certificates, tmp_path: Path
) -> None:
    trees = lambda: logs_of(str(honest.parent))  # noqa: E731
    with listening(certificates.server("127.0.0.1")) as server:
        target, server.silent = to(server.port, certificates.roots), True
        with pytest.raises(NotDelivered, match="not_confirmed"):
            following(trees, target, tmp_path / "memory")
        assert server.messages == []
        server.silent = False
        sent = following(trees, target, tmp_path / "memory")
    assert len(server.messages) == sent > 256


@pytest.mark.parametrize("why", ["other_authority", "other_name", "no_tls", "nobody_there"])
def test_a_server_that_does_not_prove_who_it_is_gets_nothing(
    honest: Path, certificates: Certificates, tmp_path: Path, why: str
) -> None:
    roots = Certificates(tmp_path / "theirs").roots if why == "other_authority" else certificates.roots
    context = None if why == "no_tls" else certificates.server("syslog.example" if why == "other_name" else "127.0.0.1")
    with listening(context) as server:
        if why == "nobody_there":
            server.stop()
        with pytest.raises(NotDelivered) as fault:
            following(lambda: logs_of(str(honest.parent)), to(server.port, roots), tmp_path / "memory")
    told = {
        "other_authority": "certificate_refused",
        "other_name": "certificate_refused",
        "nobody_there": "unreachable",
    }
    assert fault.value.why == told.get(why, "no_tls")
    assert server.messages == []
    with Memory(tmp_path / "memory", SystemEntropy()).held() as position:
        assert position.size == 0


def test_a_server_that_asks_who_we_are_is_told(honest: Path, certificates: Certificates, tmp_path: Path) -> None:
    trees = lambda: logs_of(str(honest.parent))  # noqa: E731
    with listening(certificates.server("127.0.0.1", asks=True)) as server:
        with pytest.raises(NotDelivered):
            following(trees, to(server.port, certificates.roots), tmp_path / "memory")
        own = certificates.of("parefeu.example")
        assert following(trees, to(server.port, certificates.roots, *own), tmp_path / "memory") == len(server.messages)


@pytest.mark.parametrize(
    "where",
    ["", "syslog://x", "https://x", "syslog+tls://", "syslog+tls://x/path", "syslog+tls://u@x", "syslog+tls://x:99999",
     "syslog+tls://[", "."],
)  # fmt: skip
def test_a_place_that_is_none_is_refused(where: str) -> None:
    with pytest.raises(ConfigurationError):
        target_of(where, None, None, None)


def test_certificates_that_cannot_be_read_are_refused(certificates: Certificates, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(ConfigurationError):
        tls_context(tmp_path / "none", None, None)
    with pytest.raises(ConfigurationError):
        tls_context(certificates.roots, tmp_path / "empty", None)
    with pytest.raises(ConfigurationError):
        target_of("events", certificates.roots, None, None)
