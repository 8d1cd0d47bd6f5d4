"""One conformance suite for every KeyProvider: what holds of a root wherever it lives."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.roots.openbao import OpenBao
from tests.roots.softhsm import SoftHsm
from tests.unit.crypto.kit import ENTROPY, WeakFileRoot
from vault.crypto.hierarchy import generate_keyring, load_keyring, root_kind_of, store_keyring
from vault.crypto.providers import KINDS
from vault.crypto.providers.memory import MemoryRoot
from vault.errors import KeyringDamaged, KeyringError
from vault.ports import KeyProvider
from vault.sensitive import Sensitive
from vault.vocabulary import CASEWORK, FOLLOW_UP

PASSPHRASE: Final = Sensitive("café under the bridge")
ROOT: Final = Path(__file__).resolve().parents[2]
#: Opens a root in a process of its own and unwraps there, also after a fork.
_ELSEWHERE: Final = """
import os, sys
from pathlib import Path
from tests.unit.crypto.kit import ENTROPY, WeakFileRoot
from vault.sensitive import Sensitive
kind, secret, *place = sys.argv[1:-1]
wrapped = bytes.fromhex(sys.argv[-1])
if kind == "file":
    root = WeakFileRoot.open(Path(place[0]), Sensitive(secret), ENTROPY)
elif kind == "pkcs11":
    from vault.crypto.providers.hsm import Pkcs11Root, TokenKey
    root = Pkcs11Root.open(TokenKey(*place), lambda: Sensitive(secret), ENTROPY)
else:
    from vault.crypto.providers.transit import TransitKey, TransitRoot
    root = TransitRoot.open(TransitKey(place[0], place[1], Path(place[2])), lambda: Sensitive(secret), ENTROPY)
print(root.unwrap(wrapped, b"context").decode(), flush=True)
child = os.fork()
if child == 0:
    print("child", root.unwrap(wrapped, b"context").decode(), root.healthy(), flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print("parent", root.unwrap(wrapped, b"context").decode(), root.healthy(), flush=True)
"""


@dataclass
class Kind:
    """make: a root by name, once; another name, another root. again: the same, opened anew. words: for a process."""

    name: str
    make: Callable[[str], KeyProvider]
    again: Callable[[str], KeyProvider]
    words: Callable[[str], list[str]]


def _in_memory() -> Kind:
    held: dict[str, KeyProvider] = {}

    def make(name: str) -> KeyProvider:
        return held.setdefault(name, MemoryRoot.generate(ENTROPY))

    return Kind("memory", make, make, lambda _: [])


def _in_files(folder: Path) -> Kind:
    return Kind(
        "file",
        lambda name: WeakFileRoot.create(folder / name, PASSPHRASE, ENTROPY),
        lambda name: WeakFileRoot.open(folder / name, PASSPHRASE, ENTROPY),
        lambda name: ["file", PASSPHRASE.expose(), str(folder / name)],
    )


def _in_tokens(softhsm: SoftHsm, mark: str) -> Kind:
    """A token for each: as zones have them."""

    def words(name: str) -> list[str]:
        place = softhsm.place(f"{mark}-{name}")
        return ["pkcs11", softhsm.pin(place.token), place.module, place.token, place.key]

    return Kind(
        "pkcs11",
        lambda name: softhsm.made(f"{mark}-{name}", ENTROPY),
        lambda name: softhsm.opened(f"{mark}-{name}", ENTROPY),
        words,
    )


def _in_the_service(openbao: OpenBao, mark: str) -> Kind:
    def words(name: str) -> list[str]:
        key = f"{mark}-{name}"
        return ["transit", openbao.token(key), openbao.url, key, str(openbao.authority.path)]

    return Kind(
        "transit",
        lambda name: openbao.opened(openbao.key(f"{mark}-{name}"), ENTROPY),
        lambda name: openbao.opened(f"{mark}-{name}", ENTROPY),
        words,
    )


@pytest.fixture(params=["memory", "file", "pkcs11", "transit"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    mark = ENTROPY.bytes(4).hex()
    if request.param == "memory":
        return _in_memory()
    if request.param == "file":
        return _in_files(tmp_path)
    if request.param == "pkcs11":
        return _in_tokens(request.getfixturevalue("softhsm"), mark)
    return _in_the_service(request.getfixturevalue("openbao"), mark)


def test_a_provider_unwraps_what_it_wrapped(kind: Kind) -> None:
    provider = kind.make("one")
    for secret in (b"", b"s", b"s" * 256):
        for context in (b"", b"context", bytes(range(256)) * 4):
            wrapped = provider.wrap(secret, context)
            assert b"s" * 16 not in wrapped
            assert provider.unwrap(wrapped, context) == secret


def test_a_wrap_opens_in_no_other_context(kind: Kind) -> None:
    provider = kind.make("one")
    wrapped = provider.wrap(b"secret", b"context")
    for context in (b"", b"contexts", b"Context"):
        with pytest.raises(KeyringDamaged):
            provider.unwrap(wrapped, context)


def test_another_zones_root_opens_nothing(kind: Kind) -> None:
    own, foreign = kind.make("one"), kind.make("two")
    with pytest.raises(KeyringDamaged):
        foreign.unwrap(own.wrap(b"secret", b"context"), b"context")


def test_a_changed_or_shortened_wrap_is_refused(kind: Kind) -> None:
    provider = kind.make("one")
    wrapped = provider.wrap(b"secret", b"context")
    for position in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[position] ^= 2
        for damaged in (bytes(changed), wrapped[:position]):
            with pytest.raises(KeyringDamaged):
                provider.unwrap(damaged, b"context")
    for damaged in (b"", wrapped + b"\0", wrapped[:1] + b"\0" + wrapped[1:], wrapped[:1] * 200):
        with pytest.raises(KeyringDamaged):
            provider.unwrap(damaged, b"context")


def test_halves_of_two_wraps_do_not_fit_together(kind: Kind) -> None:
    """What the place locked for one is of no use to the other, in the same context."""
    provider = kind.make("one")
    first, second = (provider.wrap(secret, b"context") for secret in (b"secret", b"hidden"))
    assert len(first) == len(second)
    for place in range(20, len(first), 9):
        with pytest.raises(KeyringDamaged):
            provider.unwrap(first[:place] + second[place:], b"context")


def test_wrapping_twice_gives_different_bytes(kind: Kind) -> None:
    provider = kind.make("one")
    assert provider.wrap(b"secret", b"c") != provider.wrap(b"secret", b"c")


def test_a_provider_is_healthy_named_and_silent(kind: Kind) -> None:
    provider = kind.make("one")
    assert provider.healthy()
    assert provider.name == kind.name
    assert repr(provider) == str(provider) == f"<{type(provider).__name__}>"


def test_a_root_opened_anew_unwraps_what_it_wrapped(kind: Kind) -> None:
    wrapped = kind.make("one").wrap(b"secret", b"context")
    assert kind.again("one").unwrap(wrapped, b"context") == b"secret"


def test_threads_use_one_root_and_several_at_once(kind: Kind) -> None:
    roots = [kind.make("one"), kind.make("two")]
    wrong: list[str] = []

    def work(number: int) -> None:
        own, context = roots[number % 2], b"context %d" % number
        for turn in range(4):
            secret = b"secret %d %d" % (number, turn)
            try:
                if own.unwrap(own.wrap(secret, context), context) != secret:
                    wrong.append("another secret")
            except Exception as fault:  # noqa: BLE001 - whatever it is
                wrong.append(repr(fault))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_another_process_and_its_child_open_it(kind: Kind) -> None:
    """A restart; and a fork after the root was used."""
    if kind.name == "memory":  # gone with the process, which is all that it promises
        with pytest.raises(KeyringDamaged):
            MemoryRoot.generate(ENTROPY).unwrap(kind.make("one").wrap(b"secret", b"context"), b"context")
        return
    wrapped = kind.make("one").wrap(b"secret", b"context")
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, *kind.words("one"), wrapped.hex()], cwd=ROOT, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["secret", "child secret True", "parent secret True"], done.stderr


def test_a_keyring_says_under_which_kind_of_root_it_stands(kind: Kind) -> None:
    provider, other = kind.make("one"), MemoryRoot.generate(ENTROPY)
    keyring = generate_keyring(CASEWORK, ENTROPY)
    document = store_keyring(keyring, provider)
    assert KINDS[root_kind_of(document)] == {"memory": "file"}.get(kind.name, kind.name)
    opened = load_keyring(document, CASEWORK, provider)
    assert opened.sealing.public.raw == keyring.sealing.public.raw
    for zone, root in ((FOLLOW_UP, provider), (CASEWORK, other)):
        with pytest.raises(KeyringError):
            load_keyring(document, zone, root)
    renamed = document.replace(b"\x08casework", b"\x09follow_up", 1)
    with pytest.raises(KeyringDamaged):
        load_keyring(renamed, FOLLOW_UP, provider)
