"""The office's protocols with other bodies, from TOML to the vault's own shape: validated whole, or refused.

protocols = load_protocols(settings.protocols_file)
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gateway.rule_files import digest_of, read_whole
from vault.cases.protocols import ANOTHER_BODY, PURPOSES, Protocol, Protocols
from vault.errors import ConfigurationError
from vault.oversight.access_report import TIME_ZONE
from vault.vocabulary import OPENS, Compartment, Opening, Purpose, Zone, ZoneKind

_SHIPPED: Final = Path(__file__).parent / "protocols.toml"
_LARGEST: Final = 256 * 1024
_EARLIEST: Final = 2000
_LATEST: Final = 2199
Each = TypeVar("Each")
#: Raised when the meaning of the digested bytes changes.
_FORMAT: Final = b"parefeu protocols 1\n"
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


def _one_line(text: str) -> str:
    """Letters of any language, and nothing that a screen would not show or that turns a line around."""
    if text != text.strip() or not text.isprintable():
        raise ValueError("a text is one line that can be printed")
    return text


def _plausible(day: date) -> date:
    """A day that clocks and calendars can reckon with."""
    if type(day) is not date or not _EARLIEST <= day.year <= _LATEST:
        raise ValueError(f"a day from {_EARLIEST} to {_LATEST}, without a time")
    return day


def _once(values: list[Each]) -> list[Each]:
    if len(set(values)) != len(values):
        raise ValueError("each once")
    return values


Text = Annotated[str, StringConstraints(min_length=3, max_length=300), AfterValidator(_one_line)]
Day = Annotated[date, AfterValidator(_plausible)]
Purposes = Annotated[list[Annotated[Purpose, Field(strict=False)]], Field(min_length=1), AfterValidator(_once)]
Categories = Annotated[list[Annotated[Compartment, Field(strict=False)]], Field(min_length=1), AfterValidator(_once)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Protocol(_Table):
    party: Annotated[str, StringConstraints(max_length=40)]
    purposes: Purposes
    categories: Categories
    basis: Text
    form: Text
    periodicity: Text
    published_on: Day
    reference: Text
    since: Day
    until: Day
    example: bool = False


class _File(_Table):
    version: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[!-~]+$")]
    protocol: Annotated[dict[Code, _Protocol], Field(max_length=200)] = {}


def load_protocols(file: Path | None = None) -> Protocols:
    """file: the office's own; None for the shipped examples. Raises ConfigurationError."""
    path = file if file is not None else _SHIPPED
    parsed = read_whole(path, _File, largest=_LARGEST)
    entries = tuple(_protocol(code, each, path.name) for code, each in parsed.protocol.items())
    return Protocols(entries, digest_of(parsed, _FORMAT))


def _protocol(code: str, said: _Protocol, name: str) -> Protocol:
    """Raises ConfigurationError for one that says more than the vault could ever let go, or ends before it begins."""
    try:
        party = Zone.parse(said.party)
    except ValueError:
        raise ConfigurationError(f"{name}: protocol {code}: party is follow_up or partner:NAME") from None
    if party.kind not in ANOTHER_BODY or not set(said.purposes) <= PURPOSES[party.kind]:
        raise ConfigurationError(f"{name}: protocol {code}: with whom, or for what, no protocol is needed or possible")
    opens = OPENS[party.kind]
    # Contact and status never open in follow-up; a grant may hold the official address and one flag all the same.
    granted = {Compartment.CONTACT, Compartment.STATUS} if party.kind is ZoneKind.FOLLOW_UP else set[Compartment]()
    possible = {each for each in Compartment if opens[each] is not Opening.NEVER} | granted
    if not set(said.categories) <= possible:
        raise ConfigurationError(f"{name}: protocol {code}: a category that no zone of that kind can ever open")
    if not said.published_on <= said.until or said.since > said.until:
        raise ConfigurationError(f"{name}: protocol {code}: it ends before it begins, or before it is published")
    zone = ZoneInfo(TIME_ZONE)
    first = max(said.since, said.published_on)
    return Protocol(
        code, party, frozenset(said.purposes), frozenset(said.categories), said.basis, said.form, said.periodicity,
        said.published_on, said.reference, said.since, said.until, datetime.combine(first, time(), zone),
        datetime.combine(said.until + timedelta(days=1), time(), zone), said.example,
    )  # fmt: skip
