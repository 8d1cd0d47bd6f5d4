"""Where a zone's root key lives: one module per place, each a `vault.ports.KeyProvider`.

    file    FileRoot    a file sealed under a passphrase by Argon2id
    memory  MemoryRoot  nowhere: for tests and the demonstration

Import from the module, so that a provider whose library is not installed costs nothing.
"""
