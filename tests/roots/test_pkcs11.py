"""A root in a real PKCS#11 token: which keys are refused, what each failure is called, and what outlives it."""

from __future__ import annotations

import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pkcs11
import pytest

from tests.roots.openbao import OpenBao
from tests.roots.softhsm import SoftHsm, forget_errors
from tests.unit.crypto.kit import ENTROPY
from vault.crypto.providers import hsm
from vault.crypto.providers.hsm import Pkcs11Root, TokenKey
from vault.errors import (
    ConfigurationError,
    Conflict,
    KeyringDamaged,
    RootMissing,
    RootRefused,
    RootUnavailable,
    RootUnsuitable,
    VaultError,
)
from vault.sensitive import Sensitive


@pytest.fixture
def label(softhsm: SoftHsm) -> str:
    """A token of this test's own."""
    return softhsm.token(f"token-{ENTROPY.bytes(4).hex()}")


def told(kind: type[VaultError], act: Callable[[], object], *secrets: str) -> str:
    """The text of the error that comes. No secret stands in it, nor in those that it came from."""
    with pytest.raises(kind) as caught:
        act()
    assert type(caught.value) is kind
    assert caught.value.__cause__ is None
    assert "/usr/lib" not in str(caught.value)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert not [secret for secret in secrets if secret in repr(chain)]
        chain = chain.__context__
    return str(caught.value)


def test_a_key_that_the_program_makes_never_leaves_its_token(softhsm: SoftHsm, label: str) -> None:
    root = softhsm.made(label, ENTROPY)
    wrapped = root.wrap(b"secret", b"context")
    with softhsm.session(label) as session:
        key: Any = session.get_key(label="root")
        says = {name: key[getattr(pkcs11.Attribute, name)] for name in (*hsm._MUST_BE, "WRAP", "DERIVE", "MODIFIABLE")}
        assert says == hsm._MUST_BE | {"WRAP": False, "DERIVE": False, "MODIFIABLE": False}
        with pytest.raises(pkcs11.AttributeSensitive):
            key[pkcs11.Attribute.VALUE]
        with pytest.raises(pkcs11.PKCS11Error):
            key[pkcs11.Attribute.EXTRACTABLE] = True
    assert root.unwrap(wrapped, b"context") == b"secret"
    assert "key of that label" in told(Conflict, lambda: softhsm.made(label, ENTROPY))


@pytest.mark.parametrize(
    ("different", "attribute"),
    [
        ({"EXTRACTABLE": True}, "CKA_EXTRACTABLE is not false"),
        ({"SENSITIVE": False}, "CKA_SENSITIVE is not true"),
        ({"PRIVATE": False}, "CKA_PRIVATE is not true"),
        ({"ENCRYPT": False}, "CKA_ENCRYPT is not true"),
        ({"DECRYPT": False}, "CKA_DECRYPT is not true"),
        ({"bits": 128}, "CKA_VALUE_LEN is not 32"),
    ],
)
def test_a_key_that_may_leave_or_cannot_serve_is_no_root(
    softhsm: SoftHsm, label: str, different: dict[str, Any], attribute: str
) -> None:
    softhsm.plant(label, "root", **different)
    assert attribute in told(RootUnsuitable, lambda: softhsm.opened(label, ENTROPY), softhsm.pin(label))


def test_a_key_that_was_known_outside_is_no_root(softhsm: SoftHsm, label: str) -> None:
    """Imported: it says sensitive and not extractable, and may be anywhere."""
    with softhsm.session(label) as session:
        session.create_object(
            {
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY, pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.AES,
                pkcs11.Attribute.VALUE: bytes(32), pkcs11.Attribute.LABEL: "root", pkcs11.Attribute.TOKEN: True,
                pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False,
                pkcs11.Attribute.PRIVATE: True, pkcs11.Attribute.ENCRYPT: True, pkcs11.Attribute.DECRYPT: True,
            }
        )  # fmt: skip
    assert "CKA_ALWAYS_SENSITIVE" in told(RootUnsuitable, lambda: softhsm.opened(label, ENTROPY))


def test_a_wrong_pin_is_refused_once_and_told_nowhere(softhsm: SoftHsm, label: str) -> None:
    softhsm.made(label, ENTROPY)
    asked: list[str] = []

    def wrong() -> Sensitive[str]:
        asked.append("asked")
        return Sensitive("0000-wrong")

    place = softhsm.place(label)
    text = told(RootRefused, lambda: Pkcs11Root.open(place, wrong, ENTROPY), "0000-wrong", softhsm.pin(label))
    assert "PIN" in text
    assert asked == ["asked"], "a token counts tries"
    for pin in ("", "1", "9" * 300, "\x00\xe9"):
        told(RootRefused, lambda pin=pin: Pkcs11Root.open(place, lambda: Sensitive(pin), ENTROPY))
    assert softhsm.opened(label, ENTROPY).healthy()


def test_the_last_try_is_left_to_a_person(softhsm: SoftHsm) -> None:
    """SoftHSM locks no PIN, so the flags that other tokens show are put here by hand."""
    flags = pkcs11.TokenFlag
    hsm._refuse_locked(pkcs11, flags.TOKEN_INITIALIZED | flags.USER_PIN_COUNT_LOW)
    assert "one try" in told(RootRefused, lambda: hsm._refuse_locked(pkcs11, flags.USER_PIN_FINAL_TRY))
    assert "locked" in told(RootRefused, lambda: hsm._refuse_locked(pkcs11, flags.USER_PIN_LOCKED))


def test_another_zones_pin_opens_nothing_here(softhsm: SoftHsm, label: str) -> None:
    softhsm.made(label, ENTROPY)
    other = softhsm.token(f"{label}-other")
    softhsm.made(other, ENTROPY)
    foreign = lambda: Sensitive(softhsm.pin(other))  # noqa: E731
    told(RootRefused, lambda: Pkcs11Root.open(softhsm.place(label), foreign, ENTROPY), softhsm.pin(other))


def test_what_is_missing_or_there_twice_is_named(softhsm: SoftHsm, label: str, tmp_path: Path) -> None:
    pin = lambda: Sensitive(softhsm.pin(label))  # noqa: E731

    def opening(place: TokenKey) -> Callable[[], object]:
        return lambda: Pkcs11Root.open(place, pin, ENTROPY)

    place, secret = softhsm.place(label), softhsm.pin(label)
    assert "no AES key" in told(RootMissing, opening(place), secret)
    nowhere = TokenKey(softhsm.module, "no such token", "root")
    assert "no token" in told(RootUnavailable, opening(nowhere), secret)
    for path in (tmp_path / "nothing.so", Path(ssl.__file__)):
        assert "module failed" in told(RootUnavailable, opening(TokenKey(str(path), label, "root")), secret)
    softhsm.plant(label, "root")
    softhsm.plant(label, "root")
    assert "several keys" in told(ConfigurationError, opening(place), secret)
    softhsm.token(label, again=True)
    assert "several tokens" in told(ConfigurationError, opening(place), secret)


def test_a_token_that_was_pulled_out_is_said_to_be_and_works_again_when_it_is_back(
    softhsm: SoftHsm, label: str
) -> None:
    root = softhsm.made(label, ENTROPY)
    wrapped = root.wrap(b"secret", b"context")
    with softhsm.away():
        assert "no token" in told(RootUnavailable, lambda: root.unwrap(wrapped, b"context"))
        told(RootUnavailable, lambda: root.wrap(b"secret", b"context"))
        assert not root.healthy()
        assert not root.healthy(), "a failure leaves nothing behind that a later one would take for something else"
    assert root.unwrap(wrapped, b"context") == b"secret"
    assert root.healthy()


def test_a_key_that_is_gone_is_missing_and_not_called_damage(softhsm: SoftHsm, label: str) -> None:
    root = softhsm.made(label, ENTROPY)
    wrapped = root.wrap(b"secret", b"context")
    with softhsm.session(label) as session:
        session.get_key(label="root").destroy()
    told(RootMissing, lambda: root.unwrap(wrapped, b"context"))
    softhsm.made(label, ENTROPY)
    assert "of another key or zone" in told(KeyringDamaged, lambda: root.unwrap(wrapped, b"context"))


def test_nobody_is_logged_in_between_two_uses(softhsm: SoftHsm, label: str) -> None:
    """A token that is logged in takes any PIN of this process for right."""
    root = softhsm.made(label, ENTROPY)
    assert root.healthy()
    module = pkcs11.lib(softhsm.module)
    try:
        token = module.get_token(token_label=label)
        with token.open() as session:
            assert list(session.get_objects({pkcs11.Attribute.LABEL: "root"})) == []
        with pytest.raises(pkcs11.PinIncorrect):
            token.open(user_pin="0000-wrong")
    finally:
        module.finalize()
        forget_errors()


def test_a_pin_is_read_anew_at_each_use(softhsm: SoftHsm, label: str) -> None:
    pins = [softhsm.pin(label)]
    softhsm.made(label, ENTROPY)
    root = Pkcs11Root.open(softhsm.place(label), lambda: Sensitive(pins[-1]), ENTROPY)
    with softhsm.session(label) as session:
        session.set_pin(pins[0], "8642-another")
    told(RootRefused, lambda: root.wrap(b"s", b"c"), *pins)
    pins.append("8642-another")
    assert root.healthy()


def test_tls_in_the_same_thread_is_not_disturbed(softhsm: SoftHsm, openbao: OpenBao, label: str) -> None:
    """SoftHSM shares the process's OpenSSL, and leaves errors behind that a connection would take for its own."""
    root = softhsm.made(label, ENTROPY)
    trusted = ssl.create_default_context(cafile=str(openbao.authority.path))
    with httpx2.Client(verify=trusted, trust_env=False) as client:
        for _ in range(3):
            assert root.healthy()
            assert client.get(f"{openbao.url}/v1/sys/health").status_code == 200


def test_children_forked_while_threads_use_it_open_it_too(softhsm: SoftHsm, label: str) -> None:
    wrapped = softhsm.made(label, ENTROPY).wrap(b"secret", b"context")
    place = softhsm.place(label)
    words = [place.module, place.token, softhsm.pin(label), wrapped.hex()]
    code = """
import os, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from tests.unit.crypto.kit import ENTROPY
from vault.crypto.providers.hsm import Pkcs11Root, TokenKey
from vault.errors import RootUnavailable
from vault.sensitive import Sensitive
module, token, pin, wrapped = sys.argv[1:]
root = Pkcs11Root.open(TokenKey(module, token, "root"), lambda: Sensitive(pin), ENTROPY)
over = threading.Event()
threads = [threading.Thread(target=lambda: [root.healthy() for _ in iter(over.is_set, True)]) for _ in range(3)]
[thread.start() for thread in threads]
for _ in range(40):
    child = os.fork()
    if child == 0:
        for _ in range(200):  # SoftHSM rewrites a token's file at each login: meanwhile another process may not find it
            try:
                os._exit(0 if root.unwrap(bytes.fromhex(wrapped), b"context") == b"secret" else 1)
            except RootUnavailable as fault:
                assert "answer" not in str(fault) and "busy" not in str(fault)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
over.set()
[thread.join() for thread in threads]
print(root.healthy())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout == "True\n", done.stderr


def test_a_use_that_hangs_is_told_and_not_waited_for(softhsm: SoftHsm, label: str) -> None:
    """SoftHSM never hangs: something else does, in the place of its work."""
    root, over = softhsm.made(label, ENTROPY), threading.Event()
    slow = Pkcs11Root(replace(softhsm.place(label), seconds=0.1), lambda: Sensitive(softhsm.pin(label)), ENTROPY)

    def hang(*_: Any) -> bytes:
        over.wait(30)
        return b""

    assert "within 0.1 s" in told(RootUnavailable, lambda: slow._with_key(hang))
    assert "still busy" in told(RootUnavailable, lambda: slow._with_key(hang))
    over.set()
    assert root.healthy(), "once it has ended after all, the next one is served"


def test_without_the_library_the_extra_is_named(softhsm: SoftHsm, label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    assert "parefeu[pkcs11]" in told(ConfigurationError, lambda: softhsm.opened(label, ENTROPY))


def test_all_uses_share_one_thread(softhsm: SoftHsm, label: str) -> None:
    for _ in range(3):
        assert softhsm.made(f"{label}-{ENTROPY.bytes(2).hex()}", ENTROPY).healthy()
    assert [thread.name for thread in threading.enumerate()].count("pkcs11") == 1
