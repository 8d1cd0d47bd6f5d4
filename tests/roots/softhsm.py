"""A real PKCS#11 module for tests: Debian's SoftHSM2, with tokens in a folder of their own."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pkcs11
import pytest

from vault.crypto.providers.hsm import Pkcs11Root, TokenKey
from vault.ports import Entropy
from vault.sensitive import Sensitive

_MODULES: Final = (
    "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm.so",
    "/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)  # fmt: skip
_SO_PIN: Final = "7391-officer"


def module_or_not() -> str:
    """The module's path. In CI a failure where there is none; elsewhere said aloud, with what brings it."""
    found = next((path for path in _MODULES if Path(path).exists()), "")
    if found and shutil.which("softhsm2-util"):
        return found
    told = "SoftHSM2 is not here: apt-get install softhsm2 (in CI, .ci/run must have done it)"
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)


def forget_errors() -> None:
    """Empty this thread's queue of OpenSSL, in which the module, used directly, leaves what TLS would stumble over."""
    with suppress(ssl.SSLError):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata="no certificate")


class SoftHsm:
    """Tokens by label, each with its own PIN. The module reads where they lie from the environment."""

    def __init__(self, folder: Path, module: str) -> None:
        self.module, self.folder = module, folder
        self._tokens = folder / "tokens"
        self._tokens.mkdir(parents=True)
        conf = folder / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self._tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.environment = {"SOFTHSM2_CONF": str(conf)}
        self._labels: set[str] = set()

    def pin(self, label: str) -> str:
        return f"pin-of-{label}"

    def token(self, label: str, *, again: bool = False) -> str:
        """Make a token, once; again: a second one of the same label. Returns the label."""
        if label not in self._labels or again:
            self._labels.add(label)
            pins = ["--pin", self.pin(label), "--so-pin", _SO_PIN]
            subprocess.run(
                ["softhsm2-util", "--init-token", "--free", "--label", label, *pins],
                env=os.environ | self.environment, check=True, capture_output=True, timeout=60,
            )  # fmt: skip
        return label

    def place(self, label: str, key: str = "root") -> TokenKey:
        return TokenKey(self.module, self.token(label), key)

    def made(self, label: str, entropy: Entropy, key: str = "root") -> Pkcs11Root:
        return Pkcs11Root.make(self.place(label, key), lambda: Sensitive(self.pin(label)), entropy)

    def opened(self, label: str, entropy: Entropy, key: str = "root") -> Pkcs11Root:
        return Pkcs11Root.open(self.place(label, key), lambda: Sensitive(self.pin(label)), entropy)

    @contextmanager
    def session(self, label: str) -> Iterator[pkcs11.Session]:
        """One of the vendor's own, as the owner of the token has it."""
        module = pkcs11.lib(self.module)
        try:
            with module.get_token(token_label=label).open(rw=True, user_pin=self.pin(label)) as session:
                yield session
        finally:
            module.finalize()
            forget_errors()

    def plant(self, label: str, key: str, bits: int = 256, **different: Any) -> None:
        """A key as `Pkcs11Root.make` makes it, but for what is said."""
        template = {
            "SENSITIVE": True, "EXTRACTABLE": False, "PRIVATE": True, "ENCRYPT": True, "DECRYPT": True,
        } | different  # fmt: skip
        self.token(label)
        with self.session(label) as session:
            session.generate_key(
                pkcs11.KeyType.AES, bits, label=key, store=True,
                template={getattr(pkcs11.Attribute, name): value for name, value in template.items()},
            )  # fmt: skip

    @contextmanager
    def away(self) -> Iterator[None]:
        """All tokens are pulled out."""
        aside = self.folder / "aside"
        self._tokens.rename(aside)
        self._tokens.mkdir()
        try:
            yield
        finally:
            shutil.rmtree(self._tokens)
            aside.rename(self._tokens)
