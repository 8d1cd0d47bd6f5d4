"""Who may import whom. An arrow that is not here fails, with the file and line that draws it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("vault", "policies", "gateway", "auditor")
#: Heavy or outward libraries, and the only places that may import each.
LIBRARIES: Final[dict[str, tuple[str, ...]]] = {
    "sqlalchemy": ("vault.storage",),
    "alembic": ("vault.storage",),
    "psycopg": ("vault.storage",),
    "sqlite3": ("vault.storage", "auditor.witness"),
    "casbin": ("policies",),
    "simpleeval": ("policies",),
    "fastapi": ("gateway",),
    "starlette": ("gateway",),
    "pydantic": ("gateway",),
    "pydantic_settings": ("gateway",),
    # Time stamps are checked against root certificates, which that package wants parsed.
    "cryptography": ("vault.crypto", "gateway.auth.passwords", "gateway.log.time_stamps", "auditor"),
    "pkcs11": ("vault.crypto.providers.hsm",),
    "httpx2": ("gateway", "vault.crypto.providers.transit"),
    "rfc3161_client": ("gateway.log.time_stamps",),
    "webauthn": ("vault.crypto.passkey", "gateway.auth.passkeys"),
    "stdnum": ("vault.cases.identifiers", "vault.freetext.checked"),
    "phonenumbers": ("vault.freetext.contacts",),
    "pycrfsuite": ("vault.freetext.tagger",),
    "spacy": ("vault.freetext.name_models",),
}
#: Modules of the vault that touch no store, no web and no policy engine: concepts.
_GATEWAY_STORAGE: Final = (
    "gateway.wiring",  # picks the adapters
    "gateway.gate",  # names what a waiting read will ask for
    "gateway.api.casework",  # the hot route does the same
    "gateway.hot_path",
    "gateway.background",  # files the log when nobody waits
    "gateway.log",  # keeps the tree, reads it back
    "gateway.cli",  # migrations and database roles are commands
    "gateway.demo",
    "gateway.rotation",  # carries wraps to the keys, and back
)


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def inside(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(place + ".") for place in places)


ARROWS: Final = [(name, path, line, target) for name, path in modules() for line, target in imports(path)]


def wrong(rule: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line} imports {target}"
        for name, path, line, target in ARROWS
        if RULES[rule](name, target)
    ]


def _library(name: str, target: str) -> bool:
    places = LIBRARIES.get(target.split(".")[0])
    return places is not None and not inside(name, places)


RULES = {
    "the vault imports neither neighbour": lambda n, t: inside(n, ("vault",)) and inside(t, ("policies", "gateway")),
    "the auditor knows nothing of the vault": lambda n, t: (
        inside(n, ("auditor",)) and inside(t, ("vault", "policies", "gateway"))
    ),
    "the vault knows nothing of who checks it": lambda n, t: (
        inside(n, ("vault", "policies")) and inside(t, ("auditor",))
    ),
    "policies knows only the vault's words": lambda n, t: (
        inside(n, ("policies",))
        and inside(t, ("vault", "gateway"))
        and not inside(t, ("vault.vocabulary", "vault.provenance", "vault.errors", "vault.ports"))
    ),
    "the store is imported by the wiring alone": lambda n, t: (
        inside(t, ("vault.storage",)) and not inside(n, ("vault.storage", *_GATEWAY_STORAGE))
    ),
    "the store opens nothing": lambda n, t: (
        inside(n, ("vault.storage",))
        and inside(t, ("vault.crypto", "vault.access", "vault.usecases", "vault.freetext", "vault.pseudonyms"))
    ),
    "concepts know no use case": lambda n, t: (
        inside(t, ("vault.usecases",)) and not inside(n, ("vault.usecases", "gateway"))
    ),
    "libraries stay in their places": _library,
    "only enforcement holds the mint": lambda n, t: t.endswith("enforcement._MINT") and n != "vault.access.enforcement",
}


@pytest.mark.parametrize("rule", RULES)
def test_every_arrow_is_allowed(rule: str) -> None:
    assert wrong(rule) == []


def test_the_walk_sees_the_tree() -> None:
    assert len(ARROWS) > 300
    assert {"vault.access.enforcement", "policies.compiler", "gateway.wiring"} <= {name for name, *_ in ARROWS}
