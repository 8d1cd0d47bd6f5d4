"""Settings, typed and frozen. From the environment (`PAREFEU_…`) and the command line; no setting holds a secret.

Where keys are, not what they are: passphrases stand in files of mode 0600 that the settings point to (a
service manager hands them over as credentials). Production refuses what is only for looking.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from vault.crypto.passkey import Origin
from vault.errors import ConfigurationError
from vault.freetext.office import STAYS, Office
from vault.freetext.shapes import parse_shapes
from vault.vocabulary import CASEWORK, FOLLOW_UP, OVERSIGHT, Zone

_PREFIX: Final = "PAREFEU_"
#: What `run`, single commands, tests and bench read from the environment by themselves.
_READ_ELSEWHERE: Final = (
    "python", "venv", "called_as", "url", "browser", "bench_pg",
    "follow_to", "follow_roots", "follow_certificate", "follow_key",
)  # fmt: skip


class Settings(BaseSettings):
    """One process. zone: empty for the embedded default, in which one process serves every zone."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="ignore")

    home: Path = Path("parefeu-home")
    environment: Literal["development", "production"] = "development"
    zone: str = ""
    database_url: str = Field(default="", repr=False)  # empty: SQLite in `home`
    keystore_url: str = Field(default="", repr=False)
    directory_pin: str = ""  # fingerprint of the offline directory key; empty: from `home/directory.pin`
    passphrase_dir: Path | None = None  # a file per zone; empty: `home/passphrases`
    roots_file: Path | None = None  # zones whose root is in a token or a key service; empty: all are files
    texts_dir: Path | None = None  # the office's own notes.toml and letters.toml; empty: those shipped
    public_url: str = Field(
        default="", pattern=r"^(https://[A-Za-z0-9.-]{1,255}(:[0-9]{1,5})?)?$"
    )  # where clients find us
    access_request_url: str = Field(default="", pattern=r"^(https://[!-~]{1,500})?$")  # where a refused service may ask
    namespaces_dir: Path | None = None  # decision points beside the vault: a folder per zone, in it one per namespace
    parameters_file: Path | None = None  # tables that replace some of gateway/parameters.toml
    policy_dir: Path | None = None  # the office's own rules; empty: those shipped
    policy_reviewers: str = ""  # fingerprints of the keys that may sign a wider policy, with commas between
    host: str = "127.0.0.1"
    port: int = Field(default=8460, ge=0, le=65535)
    partners: tuple[str, ...] = ("caritas", "fedasil")
    log_folder: Path | None = None  # where the log is published as files; empty: nowhere
    log_url: str = Field(default="", repr=False)  # the sequencer's own database role; empty: as database_url
    log_keystore_url: str = Field(default="", repr=False)
    freetext_french: bool = True  # spaCy's French model beside our tagger, where it is installed
    freetext_shapes: Path | None = None  # the office's own shapes of numbers; empty: the shipped ones
    #: What notes keep as typed, of date (bare years, appointments, terms), amount, origin, occupation.
    freetext_leave: tuple[str, ...] = ("date", "amount", "origin", "occupation")
    oidc_file: Path | None = None  # identity providers of the office, a table per zone; empty: own passwords alone
    break_glass_file: Path | None = None  # how many emergencies, how long, instead of gateway/break_glass.toml
    retention_file: Path | None = None  # how long closed cases are kept, instead of gateway/retention.toml
    samples_file: Path | None = None  # why and how often heads have cases drawn, instead of gateway/case_samples.toml
    access_file: Path | None = None  # who approves requests for access, instead of gateway/access.toml
    organisation_file: Path | None = None  # regions, sites, desks, instead of gateway/organisation.toml
    detection_file: Path | None = None  # tables that replace some of gateway/detection.toml
    exceptions_file: Path | None = None  # upon which basis what may leave for whom, instead of gateway/exceptions.toml
    timetable_file: Path | None = None  # when keys, details and sweeps are due, instead of gateway/timetable.toml
    protocols_file: Path | None = None  # protocols with other bodies, instead of the examples of gateway/protocols.toml
    referrals: Path | None = None  # rules for referrals to partners; empty: the packaged ones

    @property
    def embedded(self) -> bool:
        return not self.zone

    @property
    def sqlite(self) -> bool:
        return not self.database_url or self.database_url.startswith("sqlite")

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The zones this process serves."""
        if self.zone:
            try:
                return (Zone.parse(self.zone),)
            except ValueError:
                raise ConfigurationError("--zone takes casework, follow_up, oversight or partner:NAME") from None
        return (CASEWORK, FOLLOW_UP, OVERSIGHT, *(Zone.parse(f"partner:{name}") for name in self.partners))

    @property
    def main_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'main.db'}"

    @property
    def keys_url(self) -> str:
        return self.keystore_url or f"sqlite:///{self.home / 'keystore.db'}"

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Fingerprints of the keys whose holders may let a wider policy in."""
        return tuple(filter(None, (part.strip() for part in self.policy_reviewers.split(","))))

    @property
    def passkey_origin(self) -> Origin | None:
        """Where browsers find the pages; passkeys are bound to it. None: nobody said. Raises ConfigurationError."""
        if self.public_url:
            return Origin.parse(self.public_url.lower().removesuffix(":443"))
        if self.environment == "production" or not self.port:
            return None
        return Origin.parse(f"http://localhost:{self.port}".removesuffix(":80"))

    def passphrase_file(self, zone: Zone) -> Path:
        return (self.passphrase_dir or self.home / "passphrases") / slug(zone)

    @property
    def log_home(self) -> Path:
        """The log's own key, policy file and memory."""
        return self.home / "log"

    @property
    def log_passphrase_file(self) -> Path:
        return (self.passphrase_dir or self.home / "passphrases") / "log"

    def zone_folder(self, zone: Zone) -> Path:
        return self.home / "zones" / slug(zone)

    def office(self, skeletons: Iterable[str] = ()) -> Office:
        """What looks through notes. skeletons: of the office's note templates.

        Raises ConfigurationError for shapes or types that cannot be used.
        """
        stays = {kind.value: kind for kind in STAYS}
        unknown = [name for name in self.freetext_leave if name not in stays]
        if unknown:
            raise ConfigurationError(f"PAREFEU_FREETEXT_LEAVE takes {', '.join(sorted(stays))}")
        shapes = None
        if self.freetext_shapes is not None:
            try:
                text = self.freetext_shapes.read_text("utf-8")
            except (OSError, UnicodeDecodeError):
                raise ConfigurationError("the file that PAREFEU_FREETEXT_SHAPES names cannot be read") from None
            shapes = parse_shapes(text)
        return Office(
            shapes=shapes, stays={stays[name] for name in self.freetext_leave}, french=self.freetext_french,
            skeletons=skeletons,
        )  # fmt: skip

    def check(self) -> None:
        """Raises ConfigurationError for a combination that would promise more than it keeps."""
        if self.zone and self.sqlite:
            raise ConfigurationError(
                "--zone needs PostgreSQL: an SQLite file has no database roles, so its zones would not be apart"
            )
        if self.environment == "production":
            if (self.home / "demo").exists():
                raise ConfigurationError("this is a demo's home: its passphrases are known; production refuses it")
            if (self.home / "simulated").exists():
                raise ConfigurationError("this home was filled by `parefeu simulate`: production refuses it")
            if not self.directory_pin:
                raise ConfigurationError(
                    "production needs PAREFEU_DIRECTORY_PIN: the directory's pin from another hand"
                )
            if self.embedded:
                raise ConfigurationError("production runs one zone per process: use --zone")


def check_names(names: Iterable[str]) -> None:
    """Raises ConfigurationError for a name that begins like our settings and is none.

    `PAREFEU_ENVIROMENT=production` would otherwise be read by nobody, and nothing that production refuses be refused.
    """
    from difflib import get_close_matches

    known = [_PREFIX + name.upper() for name in (*Settings.model_fields, *_READ_ELSEWHERE)]
    for name in sorted(names):
        if name.upper().startswith(_PREFIX) and name.upper() not in known:
            near = get_close_matches(name.upper(), known, 1)
            raise ConfigurationError(f"{name} is no setting" + (f": did you mean {near[0]}?" if near else ""))


def slug(zone: Zone) -> str:
    """A zone's name in paths and database roles: `partner:caritas` becomes `partner_caritas`."""
    return str(zone).replace(":", "_")
