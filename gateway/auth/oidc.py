"""OpenID Connect with one provider: authorisation code, PKCE, and an ID token that is checked in every claim.

    url = await provider.address(started, redirect)                     # where the browser is sent
    claimed = await provider.conclude(started, code, redirect)          # what the provider vouches for

Discovery and keys are fetched when first needed and kept for an hour; a key that is not among them is looked for once
a minute at most. Nothing of a token is stored, and no text of the provider reaches a page or the log.
Sources: OpenID Connect Core 1.0 and Discovery 1.0, RFC 7636, RFC 9207. Authlib does the protocol; it is imported when
a provider is first asked, for without one nobody should wait for it.
"""

from __future__ import annotations

import hmac
import logging
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from orjson import loads

from gateway.auth.oidc_rules import ProviderRules
from vault.errors import ProviderUnavailable, SignInRefused
from vault.ports import Clock, Entropy
from vault.sensitive import Sensitive
from vault.usecases.federated import Claimed

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import AsyncOAuth2Client
    from joserfc.jwk import KeySet

log = logging.getLogger("parefeu.gateway")
#: Signatures that nobody can make with what is public: no `none`, no shared secret.
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
_TIMEOUT: Final = 10.0
_FRESH: Final = timedelta(hours=1)
_AGAIN: Final = timedelta(minutes=1)
_LEEWAY: Final = 60
_LONGEST_SUBJECT: Final = 255
_LONGEST_LOGIN: Final = 80
#: Seconds from the proof at the provider to its coming back here.
_PROVED_WITHIN: Final = 300
_LARGEST_REPLY: Final = 256 * 1024
_REFUSED: Final = "not known here, or not to be let in"


@dataclass(frozen=True, slots=True, repr=False)
class Started:
    """What this browser must bring back: 43 letters each. Known to the browser alone."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls, entropy: Entropy) -> Started:
        return cls(*(_letters(entropy.bytes(32)) for _ in range(3)))


class Provider:
    """One zone's provider, for all its visitors."""

    def __init__(self, rules: ProviderRules, secret: Sensitive[str], clock: Clock) -> None:
        self.rules, self._secret, self._clock = rules, secret, clock
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._metadata_at = self._keys_at = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

    async def address(self, started: Started, redirect: str, *, step_up: bool = False) -> str:
        """Where the browser is sent. Raises ProviderUnavailable."""
        metadata = await self._discover()
        asked: dict[str, str] = {"acr_values": " ".join(self.rules.step_up_acr if step_up else self.rules.acr)}
        if step_up:
            asked |= {"prompt": "login", "max_age": "0"}
        async with self._client(redirect) as client:
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"], state=started.state, nonce=started.nonce,
                code_verifier=started.verifier, **asked,
            )  # fmt: skip
        return str(url)

    async def conclude(
        self, started: Started, answer: Mapping[str, str], redirect: str, *, step_up: bool = False
    ) -> Claimed:
        """Exchange the code and check the ID token. answer: the query that the browser came back with.

        Raises SignInRefused, whose `noted` says why in a code; ProviderUnavailable.
        """
        metadata = await self._discover()
        state, code = answer.get("state", ""), answer.get("code", "")
        if not hmac.compare_digest(state.encode(errors="replace"), started.state.encode()):
            raise SignInRefused(_REFUSED, noted="other_browser")
        if answer.get("iss", metadata["issuer"]) != metadata["issuer"] or (
            "iss" not in answer and metadata.get("authorization_response_iss_parameter_supported") is True
        ):
            raise SignInRefused(_REFUSED, noted="other_issuer")
        if not code or answer.get("error"):
            raise SignInRefused(_REFUSED, noted="provider_refused")
        token = await self._exchange(metadata, code, started, redirect)
        claims = await self._claims(metadata, token, started.nonce)
        return self._mapped(claims, step_up)

    def _client(self, redirect: str) -> AsyncOAuth2Client:
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        methods = self._metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        return AsyncOAuth2Client(
            client_id=self.rules.client_id, client_secret=self._secret.expose(), scope=self.rules.scope,
            redirect_uri=redirect, code_challenge_method="S256", token_endpoint_auth_method=method,
            timeout=_TIMEOUT, follow_redirects=False,
        )  # fmt: skip

    async def _exchange(self, metadata: Mapping[str, Any], code: str, started: Started, redirect: str) -> str:
        from authlib.common.errors import AuthlibBaseError
        from httpx2 import HTTPError, HTTPStatusError

        try:
            async with self._client(redirect) as client:
                token = await client.fetch_token(
                    metadata["token_endpoint"], code=code, code_verifier=started.verifier,
                    grant_type="authorization_code",
                )  # fmt: skip
        except HTTPStatusError as fault:
            raise _unavailable("token", fault) from None
        except AuthlibBaseError as fault:
            # The provider says no to this code: it was used, is old, or was not for us. Its words go nowhere.
            log.warning("the identity provider refused a code (%s)", type(fault).__name__)
            raise SignInRefused(_REFUSED, noted="code_refused") from None
        except (HTTPError, ValueError, TypeError, KeyError) as fault:
            raise _unavailable("token", fault) from None
        found = token.get("id_token") if isinstance(token, Mapping) else None
        if not isinstance(found, str):
            raise SignInRefused(_REFUSED, noted="token_missing")
        return found

    async def _claims(self, metadata: Mapping[str, Any], token: str, nonce: str) -> Mapping[str, Any]:
        """What stands in a token that this provider signed, for us, now, upon this very question."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError

        for again in (False, True):
            keys = await self._key_set(metadata, again=again)
            try:
                decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
                break
            except (JoseError, ValueError, TypeError):  # perhaps a new key: looked for once
                if again:
                    raise SignInRefused(_REFUSED, noted="token_unsigned") from None
        options = {
            "iss": {"essential": True, "value": metadata["issuer"]},
            "aud": {"essential": True, "value": self.rules.client_id},
            "sub": {"essential": True},
            "nonce": {"essential": True, "value": nonce},
        }
        params = {"nonce": nonce, "client_id": self.rules.client_id}
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        try:
            claims.validate(now=int(self._clock.now().timestamp()), leeway=_LEEWAY)
        except (JoseError, ValueError, TypeError):
            raise SignInRefused(_REFUSED, noted="token_claims") from None
        audience = claims.get("aud")
        if audience not in (self.rules.client_id, [self.rules.client_id]):
            raise SignInRefused(_REFUSED, noted="token_claims")  # for us and for others: others could pass it on
        found: Mapping[str, Any] = claims
        return found

    def _mapped(self, claims: Mapping[str, Any], step_up: bool) -> Claimed:
        rules = self.rules
        if claims.get("acr") not in (rules.step_up_acr if step_up else rules.acr):
            raise SignInRefused(_REFUSED, noted="assurance_missing")  # a missing one is a failed one
        for name, wanted in rules.require.items():
            told = claims.get(name)
            if not set(told if isinstance(told, list) else [told]) & set(wanted):
                raise SignInRefused(_REFUSED, noted="claim_missing")
        if step_up and not self._just_now(claims.get("auth_time")):
            raise SignInRefused(_REFUSED, noted="assurance_old")  # it let an earlier proof count, or does not say
        subject, login = claims["sub"], claims.get(rules.login_claim)
        if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
            raise SignInRefused(_REFUSED, noted="token_claims")
        if not isinstance(login, str) or not login.isascii() or not login.isprintable() or len(login) > _LONGEST_LOGIN:
            login = ""
        return Claimed(str(claims["iss"]), subject, login.strip().lower())

    def _just_now(self, auth_time: object) -> bool:
        """Core 1.0, 3.1.2.1: who asks for `max_age` must be told when somebody proved who they are."""
        if not isinstance(auth_time, int | float):
            return False
        return abs(self._clock.now().timestamp() - auth_time) <= _PROVED_WITHIN

    async def _discover(self) -> dict[str, Any]:
        if self._clock.now() - self._metadata_at < _FRESH:
            return self._metadata
        found = await self._fetch(self.rules.issuer.rstrip("/") + "/.well-known/openid-configuration", "discovery")
        places = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if found.get("issuer") != self.rules.issuer or not all(self._safe(found.get(place)) for place in places):
            raise _unavailable("discovery", ValueError("another issuer, or places in clear"))
        self._metadata, self._metadata_at = found, self._clock.now()
        return found

    def _safe(self, place: object) -> bool:
        """Whether a place that the provider names may be asked: never in clear, unless the issuer itself is."""
        return isinstance(place, str) and (
            place.startswith("https://") or (self.rules.in_clear and place.startswith("http://"))
        )

    async def _key_set(self, metadata: Mapping[str, Any], *, again: bool) -> KeySet:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet, import_key

        if self._keys is None or self._clock.now() - self._keys_at > (_AGAIN if again else _FRESH):
            told = (await self._fetch(metadata["jwks_uri"], "keys")).get("keys")
            found: list[Any] = []
            for each in told if isinstance(told, list) else []:
                # RFC 7517, 5: a key that is not understood is passed over; a shared secret is none that we would.
                with suppress(JoseError, ValueError, TypeError, KeyError):
                    if each["kty"] != "oct":
                        found.append(import_key(each))
            if not found:
                raise _unavailable("keys", ValueError("no key that can be used"))
            self._keys, self._keys_at = KeySet(found), self._clock.now()
        return self._keys

    async def _fetch(self, url: str, what: str) -> dict[str, Any]:
        from httpx2 import AsyncClient, HTTPError

        try:
            async with (
                AsyncClient(timeout=_TIMEOUT, follow_redirects=False) as client,
                client.stream("GET", url) as reply,
            ):
                reply.raise_for_status()
                body = b""
                async for part in reply.aiter_bytes():
                    body += part
                    if len(body) > _LARGEST_REPLY:
                        break
            found = _object(body)
        except (HTTPError, ValueError) as fault:
            raise _unavailable(what, fault) from None
        return found


def _object(body: bytes) -> dict[str, Any]:
    """Raises ValueError for anything but a JSON object of a size that can be meant."""
    found = loads(body) if len(body) <= _LARGEST_REPLY else None
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004 - what the provider sent is a value, not a type of ours
    return found


def _letters(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _unavailable(what: str, fault: Exception) -> ProviderUnavailable:
    log.error("the identity provider cannot be used (%s: %s)", what, type(fault).__name__)
    return ProviderUnavailable("the identity provider does not answer as it should")
