"""The office's identity providers, a table per zone, from TOML: validated whole, or refused.

    [casework]
    issuer = "https://sign-in.example"
    client_id = "parefeu-casework"
    secret_file = "/run/credentials/parefeu/oidc"      # mode 0600
    login_claim = "preferred_username"
    acr = ["urn:example:two-factors"]
    step_up_acr = ["urn:example:card"]
    step_up_minutes = 10
    [casework.name]
    fr = "le compte du service"

Who somebody is comes from there; role and region never do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints, model_validator

from gateway.private import read_passphrase
from gateway.rule_files import read_whole
from gateway.settings import Settings, slug
from vault.errors import ConfigurationError
from vault.sensitive import Sensitive
from vault.vocabulary import Zone

_LARGEST: Final = 32 * 1024
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
_Shown = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
_Values = Annotated[tuple[_Text, ...], Field(min_length=1, max_length=20)]


class ProviderRules(BaseModel):
    """One zone's provider. acr: at least one of these must stand in the ID token at sign-in; step_up_acr likewise
    before a release. A token without any is refused. require: claims that must have one of the values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: _Text
    client_id: _Text
    secret_file: Path
    login_claim: _Text = "preferred_username"
    scope: Annotated[str, StringConstraints(pattern=r"^openid( [!-~]+)*$", max_length=200)] = "openid profile"
    acr: _Values
    step_up_acr: _Values
    step_up_minutes: Annotated[int, Field(ge=1, le=60)] = 10
    name: dict[Annotated[str, StringConstraints(pattern=r"^(fr|nl|de|en)$")], _Shown] = {}
    require: dict[_Text, _Values] = {}

    @model_validator(mode="after")
    def _no_path_games(self) -> ProviderRules:
        parts = urlsplit(self.issuer)
        if (
            parts.scheme not in {"https", "http"}
            or not parts.hostname
            or parts.query
            or parts.fragment
            or "@" in parts.netloc
        ):
            raise ValueError("an issuer is an address such as https://sign-in.example")
        return self

    @property
    def in_clear(self) -> bool:
        return urlsplit(self.issuer).scheme == "http"

    def shown(self, language: str) -> str:
        """What its button is called: the office's word, or the provider's host."""
        return self.name.get(language) or next(iter(self.name.values()), "") or (urlsplit(self.issuer).hostname or "")


class _File(RootModel[dict[str, ProviderRules]]):
    pass


def load_providers(settings: Settings) -> dict[Zone, tuple[ProviderRules, Sensitive[str]]]:
    """The providers of the zones that this process serves, with the secrets. Raises ConfigurationError."""
    if settings.oidc_file is None:
        return {}
    tables = read_whole(settings.oidc_file, _File, largest=_LARGEST).root
    served = {slug(zone): zone for zone in settings.zones}
    found: dict[Zone, tuple[ProviderRules, Sensitive[str]]] = {}
    for name, rules in tables.items():
        if rules.in_clear and (
            settings.environment == "production" or urlsplit(rules.issuer).hostname not in _LOOPBACK
        ):
            raise ConfigurationError(f"{settings.oidc_file.name}: {name}.issuer must begin with https://")
        zone = served.get(name)
        if zone is not None:  # another zone's process reads the others, and their secrets
            found[zone] = (rules, read_passphrase(rules.secret_file))
    return found
