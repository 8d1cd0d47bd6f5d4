"""A root in the Transit engine of OpenBao or HashiCorp Vault: a derived AES-256 key that never leaves the service.

The service encrypts a content key (see enveloped.py); the context goes along as the *derivation context* of a key
made with `derived`. Not as `associated_data`: such ciphertexts the service cannot rewrap after its key was rotated.
locked = the service's own text, `vault:vN:…`.

    POST transit/encrypt/KEY, transit/decrypt/KEY      the two uses; `update` and no more, lest a key be made by mistake
    GET  transit/keys/KEY                              looked at before each opening: a key that may leave is no root

Only HTTPS, only the authority that the settings name, no proxy and no redirect: the token goes to that server alone.
Nothing that the service says in words is repeated: its answers are turned into ours by status code.
"""

from __future__ import annotations

import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from re import compile as pattern
from typing import Any, ClassVar, Final, Self

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

#: The service's own form of what it encrypted. Anything else is not sent to it.
_LOCKED: Final = pattern(rb"vault:v([1-9][0-9]{0,8}):[A-Za-z0-9+/]{1,900}={0,2}")
_TOKEN: Final = pattern(r"[!-~]{1,4096}")  # what may stand in a header
_TYPE: Final = "aes256-gcm96"
#: What the key's own description must say, and what else it would mean. Missing is not enough.
_MUST_BE: Final = (
    ("type", _TYPE, "it is of another type than " + _TYPE),
    ("derived", True, "it derives no key from a context"),
    ("convergent_encryption", False, "it encrypts alike what is alike"),
    ("exportable", False, "it may be exported"),
    ("allow_plaintext_backup", False, "it may be backed up in the clear"),
    ("deletion_allowed", False, "it may be deleted"),
)


@dataclass(frozen=True, slots=True)
class TransitKey:
    """Which key. url: https://host[:port]. authority: a PEM file; whoever else vouches for the server is not believed.

    seconds: how long each answer is waited for. namespace: "" for none.
    """

    url: str
    key: str
    authority: Path
    mount: str = "transit"
    namespace: str = ""
    seconds: float = 10.0


class TransitRoot(EnvelopedRoot):
    """A KeyProvider whose root is a key of the service. token: asked at each use, so that a renewed one is taken up."""

    __slots__ = ("_place", "_token")

    format: ClassVar[int] = 3

    def __init__(self, place: TransitKey, token: Callable[[], Sensitive[str]], entropy: Entropy) -> None:
        super().__init__(entropy)
        self._place: Final = place
        self._token: Final = token

    @classmethod
    def open(cls, place: TransitKey, token: Callable[[], Sensitive[str]], entropy: Entropy) -> Self:
        """Look whether the key is there and fit to be a root.

        Raises RootUnavailable (no answer, sealed, not vouched for), RootRefused (token), RootMissing (key),
        RootUnsuitable (a key that may leave), ConfigurationError for an authority's file that cannot be used.
        """
        root = cls(place, token, entropy)
        _refuse_unfit(root._described())
        return root

    @classmethod
    def make(cls, place: TransitKey, token: Callable[[], Sensitive[str]], entropy: Entropy) -> Self:
        """Have the service make a key, if it lets this token. Raises Conflict if there is one, else as `open`."""
        root = cls(place, token, entropy)
        try:
            root._described()
        except RootMissing:
            root._ask("POST", "keys", {"type": _TYPE, "derived": True, "exportable": False})
            return cls.open(place, token, entropy)
        raise Conflict("the key service has a key of that name already, and makes no second one")

    @property
    def name(self) -> str:
        return "transit"

    def lock(self, key: bytes, context: bytes) -> bytes:
        status, answer = self._ask("POST", "encrypt", {"plaintext": _text(key), "context": _text(context)})
        locked = str(answer.get("ciphertext", "")).encode()
        if status != 200:  # an answer to what cannot be wrong: the key is gone or disabled, or another one than it was
            _refuse_unfit(self._described())
        if status != 200 or not _LOCKED.fullmatch(locked):
            raise RootUnavailable(f"the key service does not lock (status {status})")
        return locked

    def unlock(self, locked: bytes, context: bytes) -> bytes:
        form = _LOCKED.fullmatch(locked)
        if form is None:
            raise KeyringDamaged("not a wrap of this root")
        status, answer = self._ask("POST", "decrypt", {"ciphertext": locked.decode(), "context": _text(context)})
        if status != 200:
            self._explain(int(form[1]))
            raise not_of_this_root()
        try:
            return b64decode(answer.get("plaintext", ""), validate=True)
        except (TypeError, ValueError):
            raise not_of_this_root() from None

    def _explain(self, version: int) -> None:
        """Raises what is wrong with the key, if something is, where it did not unlock."""
        described = self._described()
        _refuse_unfit(described)
        oldest = described.get("min_decryption_version")
        if isinstance(oldest, int) and version < oldest:
            raise RootUnsuitable(
                f"this was wrapped under version {version} of the key, and the service decrypts from {oldest} on: "
                "lower min_decryption_version there"
            )

    def _described(self) -> dict[str, Any]:
        status, answer = self._ask("GET", "keys")
        if status != 200 or not answer:
            raise RootUnavailable(f"the key service does not describe the key (status {status})")
        return answer

    def _ask(self, method: str, what: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """The status, 200 or 400 or the like, and what stands under `data`.

        Raises RootUnavailable, RootRefused, RootMissing, ConfigurationError. A connection for each: none goes stale.
        """
        import httpx2  # a start with roots in files can do without

        place, token = self._place, self._token().expose()
        if not _TOKEN.fullmatch(token):
            raise RootRefused("the token is not one that a key service gives out")
        headers = {"x-vault-token": token, "x-vault-request": "true"}
        if place.namespace:
            headers["x-vault-namespace"] = place.namespace
        url = f"{place.url}/v1/{place.mount}/{what}/{place.key}"
        try:
            with httpx2.Client(
                verify=_trusting(place.authority), timeout=place.seconds, trust_env=False, follow_redirects=False
            ) as client:
                answer = client.request(method, url, headers=headers, json=body)
        except httpx2.TimeoutException:
            raise RootUnavailable(f"the key service did not answer within {place.seconds:g} s") from None
        except httpx2.HTTPError as fault:
            raise RootUnavailable(_unreached(fault)) from None
        _refuse_status(answer.status_code)
        try:
            told = answer.json() if answer.content else {}
        except ValueError:
            raise RootUnavailable("what answers there is no key service") from None
        data = told.get("data") if isinstance(told, dict) else None
        return answer.status_code, data if isinstance(data, dict) else {}


def _refuse_status(status: int) -> None:
    if status in {401, 403}:
        raise RootRefused("the token has expired, was revoked, or its policy does not let it use this key")
    if status == 404:
        raise RootMissing("the key service has no key of that name there")
    if status in {429, 472, 473, 501, 503}:  # sys/health has the list; 503 is what everything answers while sealed
        raise RootUnavailable("the key service is sealed, standing by or not set up")
    if 300 <= status < 400:
        raise RootUnavailable("the key service sends elsewhere, which is not followed: name the active server")
    if status >= 500:
        raise RootUnavailable(f"the key service failed (status {status})")


def _refuse_unfit(described: dict[str, Any]) -> None:
    for name, wanted, otherwise in _MUST_BE:
        if described.get(name) != wanted:
            raise RootUnsuitable(f"the key in the service is no root: {otherwise}")
    if described.get("imported_key"):
        raise RootUnsuitable("the key in the service is no root: it came in from outside")


def _trusting(authority: Path) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(authority))
    except (OSError, ssl.SSLError):
        raise ConfigurationError(
            f"{authority.name}, the key service's authority, cannot be read or holds none"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _unreached(fault: BaseException) -> str:
    """Why, without what the fault says: its text names addresses."""
    seen: BaseException | None = fault
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return "the authority that the settings name does not vouch for the server at the key service's address"
        if isinstance(seen, ssl.SSLError):
            return "what answers at the key service's address does not speak TLS as it must"
        seen = seen.__cause__ or seen.__context__
    return f"the key service is not reached ({type(fault).__name__})"


def _text(value: bytes) -> str:
    return b64encode(value).decode()
