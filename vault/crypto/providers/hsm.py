"""A root in a security module, through PKCS#11 (OASIS, version 2.40): an AES-256 key that never leaves its token.

The token encrypts a content key (see enveloped.py) by AES-256-GCM (`CKM_AES_GCM`), with the context as associated
data: locked = nonce 12 ‖ ciphertext 32 ‖ tag 16. Nonces are random: a root locks a handful of keys in its life, and
2^32 are the limit (NIST SP 800-38D, 8.3).

Each use stands alone: the module is initialised, one session logs in, works, is closed, and the module is finalised.
- Nothing goes stale: a token that was away and is back, or a module that forgot its sessions, needs no cure.
- The token is not logged in while the server serves.
- Uses are made one at a time in a process, and a fork waits for the one under way: modules are initialised without
  locks of their own, and four threads at once corrupted memory (SoftHSM2 2.6.1, python-pkcs11 0.10).
- They are made in a thread of the modules' own. A module that shares the process's OpenSSL leaves errors in its
  thread's queue, which the next TLS connection there would take for its own (seen: "no such engine"); and whoever waits
  for a module that hangs is told after `seconds`. The call itself cannot be ended: a restart is then due. The thread
  stays: one that ended while the process forked left its child a lock of OpenSSL that nobody held any more.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from vault.crypto.providers.enveloped import EnvelopedRoot, not_of_this_root
from vault.errors import (
    ConfigurationError,
    Conflict,
    KeyringDamaged,
    RootMissing,
    RootRefused,
    RootUnavailable,
    RootUnsuitable,
)
from vault.ports import Entropy
from vault.sensitive import Sensitive

if TYPE_CHECKING:
    import pkcs11

_KEY_BITS: Final = 256
_NONCE_BYTES: Final = 12
_TAG_BITS: Final = 128
_LOCKED_BYTES: Final = _NONCE_BYTES + _KEY_BITS // 8 + _TAG_BITS // 8

_ONE_AT_A_TIME: Final = threading.Lock()
#: Of the modules' thread, once it was begun.
_asked: list[SimpleQueue[Callable[[], None]]] = []
#: A fork waits for a use under way, lest its child inherit half of it. Not for ever: one that hangs stays where it is.
_PATIENCE: Final = 60.0
_held: list[bool] = []


def _forked(child: bool) -> None:
    if child:
        _asked.clear()  # a child has no thread but the one that forked
    if _held.pop():
        _ONE_AT_A_TIME.release()


os.register_at_fork(
    before=lambda: _held.append(_ONE_AT_A_TIME.acquire(timeout=_PATIENCE)),
    after_in_parent=lambda: _forked(False),
    after_in_child=lambda: _forked(True),
)

#: From the library and a session or key, to what is wanted.
Work = Callable[[Any, Any], bytes]

#: What the key must say of itself. Whatever was extractable once, or came in from outside, may be anywhere by now.
_MUST_BE: Final = {
    "SENSITIVE": True, "ALWAYS_SENSITIVE": True, "EXTRACTABLE": False, "NEVER_EXTRACTABLE": True, "LOCAL": True,
    "PRIVATE": True, "TOKEN": True, "ENCRYPT": True, "DECRYPT": True, "VALUE_LEN": _KEY_BITS // 8,
}  # fmt: skip
#: What a key is made with, besides being sensitive, private and kept.
_MADE_WITH: Final = {
    "SENSITIVE": True, "EXTRACTABLE": False, "PRIVATE": True, "ENCRYPT": True, "DECRYPT": True, "WRAP": False,
    "UNWRAP": False, "SIGN": False, "VERIFY": False, "DERIVE": False, "MODIFIABLE": False,
}  # fmt: skip
_PIN_FAULTS: Final = {
    "PinIncorrect": "the token does not take this PIN", "PinInvalid": "the token does not take this PIN",
    "PinLenRange": "the token does not take this PIN", "PinLocked": "the token's PIN is locked",
    "PinExpired": "the token's PIN has expired", "UserPinNotInitialized": "the token has no user PIN yet",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Which key. module: path of the vendor's library. token, key: their labels. seconds: how long a use may take."""

    module: str
    token: str
    key: str
    seconds: float = 30.0


class Pkcs11Root(EnvelopedRoot):
    """A KeyProvider whose root is a key of a token. pin: asked at each use, so that a changed file is read anew."""

    __slots__ = ("_pin", "_place")

    format: ClassVar[int] = 2

    def __init__(self, place: TokenKey, pin: Callable[[], Sensitive[str]], entropy: Entropy) -> None:
        super().__init__(entropy)
        self._place: Final = place
        self._pin: Final = pin

    @classmethod
    def open(cls, place: TokenKey, pin: Callable[[], Sensitive[str]], entropy: Entropy) -> Self:
        """Look whether the key is there and fit to be a root.

        Raises RootUnavailable (module or token), RootRefused (PIN), RootMissing (key), RootUnsuitable (a key that may
        leave), ConfigurationError for labels that name several, or where the library is not installed.
        """
        root = cls(place, pin, entropy)
        root._with_key(lambda *_: b"")
        return root

    @classmethod
    def make(cls, place: TokenKey, pin: Callable[[], Sensitive[str]], entropy: Entropy) -> Self:
        """Have the token make a key. Raises Conflict if it has one of that label already, else as `open`."""

        def make(library: Any, session: Any) -> bytes:
            if _keys(library, session, place.key):
                raise Conflict("the token has a key of that label already, and makes no second one")
            template = {getattr(library.Attribute, name): value for name, value in _MADE_WITH.items()}
            session.generate_key(library.KeyType.AES, _KEY_BITS, label=place.key, store=True, template=template)
            return b""

        cls(place, pin, entropy)._in_session(make, writing=True)
        return cls.open(place, pin, entropy)

    @property
    def name(self) -> str:
        return "pkcs11"

    def lock(self, key: bytes, context: bytes) -> bytes:
        nonce = self._entropy.bytes(_NONCE_BYTES)
        return nonce + self._with_key(lambda library, root: bytes(root.encrypt(key, **_gcm(library, nonce, context))))

    def unlock(self, locked: bytes, context: bytes) -> bytes:
        if len(locked) != _LOCKED_BYTES:
            raise KeyringDamaged("not a wrap of this root")
        nonce, body, other = locked[:_NONCE_BYTES], locked[_NONCE_BYTES:], self._entropy.bytes(_NONCE_BYTES)

        def decrypt(library: Any, root: Any) -> bytes:
            try:
                return bytes(root.decrypt(body, **_gcm(library, nonce, context)))
            except library.PKCS11Error:
                # Modules answer a wrong tag with many codes, "general error" among them: a probe tells it from a fault.
                _probe(library, root, other, context)
                raise not_of_this_root() from None

        return self._with_key(decrypt)

    def _with_key(self, work: Work) -> bytes:
        """What `work(library, key)` gives, with the key found and looked at."""

        def work_with_key(library: Any, session: Any) -> bytes:
            found = _keys(library, session, self._place.key)
            if not found:
                raise RootMissing("the token holds no AES key of that label")
            if len(found) > 1:
                raise ConfigurationError("the token holds several keys of that label: name one that is alone")
            _refuse_unfit(library, found[0])
            return work(library, found[0])

        return self._in_session(work_with_key)

    def _in_session(self, work: Work, *, writing: bool = False) -> bytes:
        """What `work(library, session)` gives, logged in, in a module that was initialised for it."""
        library, pin, place = _library(), self._pin().expose(), self._place

        def use() -> bytes:
            with _initialised(library, place.module) as module:
                token = module.get_token(token_label=place.token)
                _refuse_locked(library, token.flags)
                with token.open(rw=writing, user_pin=pin) as session:
                    return work(library, session)

        try:
            return _apart(use, place.seconds)
        except library.NoSuchToken:
            raise RootUnavailable("no token of that label is there") from None
        except library.MultipleTokensReturned:
            raise ConfigurationError("several tokens bear that label: name one that is alone") from None
        except library.PKCS11Error as fault:
            # The library's own text may name paths: its class alone is told.
            kind = type(fault).__name__
            if kind in _PIN_FAULTS:
                raise RootRefused(_PIN_FAULTS[kind]) from None
            raise RootUnavailable(f"the token or its module failed ({kind})") from None


def _apart(use: Callable[[], bytes], seconds: float) -> bytes:
    """What `use` gives or raises, from the modules' own thread. Raises RootUnavailable if it does not in time."""
    if not _ONE_AT_A_TIME.acquire(timeout=seconds):
        raise RootUnavailable("the token is still busy with what was asked before")
    told: list[bytes] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            told.append(use())
        except BaseException as fault:  # noqa: BLE001 - handed to whoever waits
            failed.append(fault)
        finally:
            _ONE_AT_A_TIME.release()
            done.set()

    _own_thread().put(run)
    if not done.wait(seconds):
        raise RootUnavailable(f"the token did not answer within {seconds:g} s")
    if failed:
        raise failed[0]
    return told[0]


def _own_thread() -> SimpleQueue[Callable[[], None]]:
    """What the thread of this process does next; called by whoever holds the lock."""
    if not _asked:
        asked: SimpleQueue[Callable[[], None]] = SimpleQueue()

        def serve() -> None:
            while True:
                asked.get()()

        threading.Thread(target=serve, name="pkcs11", daemon=True).start()
        _asked.append(asked)
    return _asked[0]


def _library() -> Any:
    try:
        import pkcs11
    except ImportError:
        raise ConfigurationError("a root in a token needs python-pkcs11: install parefeu[pkcs11]") from None
    return pkcs11


@contextmanager
def _initialised(library: Any, path: str) -> Iterator[Any]:
    module = library.lib(path)  # loads it once in a process, and initialises it each time
    try:
        yield module
    finally:
        module.finalize()


def _keys(library: Any, session: pkcs11.Session, label: str) -> list[Any]:
    wanted = {
        library.Attribute.CLASS: library.ObjectClass.SECRET_KEY,
        library.Attribute.KEY_TYPE: library.KeyType.AES,
        library.Attribute.LABEL: label,
    }
    return list(session.get_objects(wanted))


def _refuse_unfit(library: Any, key: Any) -> None:
    for name, wanted in _MUST_BE.items():
        try:
            found = key[getattr(library.Attribute, name)]
        except library.PKCS11Error:
            found = None  # a module that does not say is not believed
        if found != wanted:
            raise RootUnsuitable(f"the key in the token is no root: its CKA_{name} is not {str(wanted).lower()}")


def _refuse_locked(library: Any, flags: Any) -> None:
    """A last try is a person's, not a restarting service's."""
    if flags & library.TokenFlag.USER_PIN_LOCKED:
        raise RootRefused("the token's PIN is locked")
    if flags & library.TokenFlag.USER_PIN_FINAL_TRY:
        raise RootRefused("the token allows one try more, which is not taken: log in with the vendor's tool first")


def _gcm(library: Any, nonce: bytes, context: bytes) -> dict[str, Any]:
    return {
        "mechanism": library.Mechanism.AES_GCM,
        "mechanism_param": library.GCMParams(nonce, context, _TAG_BITS),
    }


def _probe(library: Any, key: Any, nonce: bytes, context: bytes) -> None:
    """Raises the library's error where the key does not work at all."""
    parameters = _gcm(library, nonce, context)
    key.decrypt(key.encrypt(bytes(_KEY_BITS // 8), **parameters), **parameters)
