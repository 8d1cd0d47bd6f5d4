"""Where a zone's root key lives: one module per place, each a `vault.ports.KeyProvider`.

    file    FileRoot     a file sealed under a passphrase by Argon2id
    hsm     Pkcs11Root   a security module, through PKCS#11
    transit TransitRoot  the Transit engine of OpenBao or Vault
    memory  MemoryRoot   nowhere: for tests and the demonstration

Import from the module, so that a provider whose library is not installed costs nothing.
"""

from __future__ import annotations

from typing import Final

#: By the first byte of what each wraps. `memory` wraps as `file` does.
KINDS: Final = {1: "file", 2: "pkcs11", 3: "transit"}
