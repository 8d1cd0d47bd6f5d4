"""What a browser is told to ask of an authenticator, and the cookie that binds a sign-in's challenge to one browser.

The challenge itself is the vault's (`vault.usecases.factors`). Every option asks for user verification; a sign-in names
no credential, so that it tells nobody who is enrolled: the authenticator offers those that it holds for this host.

The library is imported where it is used: it brings attestation formats that take a sixth of a server's start.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.settings import slug
from vault.crypto.passkey import ALGORITHMS, Origin
from vault.ports import Entropy
from vault.usecases.factors import CHALLENGE_LIFETIME
from vault.vocabulary import Zone

_BOUND_BYTES: Final = 16
_MILLISECONDS: Final = int(CHALLENGE_LIFETIME.total_seconds() * 1000)


def to_make(
    challenge: bytes, origin: Origin, user: bytes, login: str, name: str, held: Iterable[bytes]
) -> dict[str, Any]:
    """What makes a passkey. user: the handle kept beside the key. held: credentials that exist already."""
    from webauthn import generate_registration_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.cose import COSEAlgorithmIdentifier
    from webauthn.helpers.structs import (
        AttestationConveyancePreference,
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=origin.host,
        rp_name="Parefeu",
        user_id=user,
        user_name=login,
        user_display_name=name,
        challenge=challenge,
        timeout=_MILLISECONDS,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in held],
        supported_pub_key_algs=[COSEAlgorithmIdentifier(code) for code in ALGORITHMS],
    )
    return {"create": options_to_json_dict(options)}


def to_sign(challenge: bytes, origin: Origin, held: Iterable[bytes] = ()) -> dict[str, Any]:
    """What makes a passkey sign. held: the credentials that may; none named: whichever the person has for this host."""
    from webauthn import generate_authentication_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=origin.host,
        challenge=challenge,
        timeout=_MILLISECONDS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in held] or None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return {"get": options_to_json_dict(options)}


def _cookie(zone: Zone) -> str:
    return f"__Host-parefeu-{slug(zone)}-passkey"


def bind(response: Response, zone: Zone, bound: bytes) -> None:
    """The browser that asked keeps this, and sends it back with the answer."""
    response.set_cookie(
        _cookie(zone), bound.hex(), max_age=_MILLISECONDS // 1000, path="/", secure=True, httponly=True,
        samesite="strict",
    )  # fmt: skip


def new_bound(entropy: Entropy) -> bytes:
    return entropy.bytes(_BOUND_BYTES)


def bound_of(request: Request, zone: Zone) -> bytes:
    """What this browser keeps; b"" for nothing that we gave."""
    kept = request.cookies.get(_cookie(zone), "")
    try:
        found = bytes.fromhex(kept) if len(kept) == 2 * _BOUND_BYTES else b""
    except ValueError:
        return b""
    return found


def release(response: Response, zone: Zone) -> None:
    response.delete_cookie(_cookie(zone), path="/", secure=True, httponly=True, samesite="strict")
