"""RFC 3161 time stamps of checkpoints: somebody else vouches that the log was this long at that moment.

Optional: needs an authority's address, its root certificates, and the package `rfc3161-client` (the extra
`time-stamps`). A stamp is over the checkpoint's bytes as they are shown, signatures and all; whoever keeps both needs
nothing of ours to check it (`openssl ts -verify` does as well).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import httpx2

from vault.errors import ConfigurationError, NoteRejected

TIMEOUT: Final = 15.0
_LARGEST: Final = 64 * 1024  # bytes of an answer: a token with its certificates is a tenth
_QUERY: Final = "application/timestamp-query"
_REPLY: Final = "application/timestamp-reply"


def _library() -> Any:
    try:
        import rfc3161_client
    except ImportError:
        raise ConfigurationError("time stamps need the package rfc3161-client: install parefeu[time-stamps]") from None
    return rfc3161_client


def stamp(checkpoint: bytes, url: str, roots: bytes, transport: httpx2.BaseTransport | None = None) -> bytes:
    """Return the authority's stamp of these bytes, checked. roots: PEM certificates that are believed.

    Raises ConfigurationError if it does not answer as an authority does, NoteRejected for a stamp that does not hold.
    """
    library = _library()
    builder = library.TimestampRequestBuilder().data(checkpoint).hash_algorithm(library.HashAlgorithm.SHA512)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    try:
        with httpx2.Client(timeout=TIMEOUT, transport=transport, follow_redirects=False) as client:
            reply = client.post(url, content=request.as_bytes(), headers={"content-type": _QUERY})
    except httpx2.HTTPError:
        raise ConfigurationError("the time-stamping authority does not answer") from None
    kind = reply.headers.get("content-type", "").partition(";")[0]
    if reply.status_code != 200 or kind != _REPLY or len(reply.content) > _LARGEST:
        raise ConfigurationError("the time-stamping authority answers something else than a stamp")
    stamped_at(reply.content, checkpoint, roots, nonce=request.nonce)
    return bytes(reply.content)


def stamped_at(raw: bytes, checkpoint: bytes, roots: bytes, *, nonce: int | None = None) -> datetime:
    """Return the moment (UTC) that a stamp gives for exactly these bytes. Raises NoteRejected if it does not hold."""
    from cryptography.x509 import load_pem_x509_certificates

    library = _library()
    try:
        believed = load_pem_x509_certificates(roots)
        answer = library.decode_timestamp_response(raw)
        verifier = library.VerifierBuilder(roots=believed, nonce=nonce).build()
        verifier.verify_message(answer, checkpoint)
    except (library.VerificationError, ValueError) as fault:
        raise NoteRejected("the time stamp does not hold for this checkpoint") from fault
    moment: datetime = answer.tst_info.gen_time
    return moment.astimezone(UTC)
