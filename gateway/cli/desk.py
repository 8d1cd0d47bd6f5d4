"""Where a user's command is given: signed in to one zone, asking a gateway.

    @app.command("show")
    @at_desk(CASEWORK)
    def show(desk: Desk, ref: str) -> None:
        desk.show(desk.get(f"/cases/{quoted(ref)}"))

`at_desk` adds the options that all of them share and hands over a Desk.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn
from urllib.parse import quote

import typer

from gateway.cli import output
from gateway.cli.home import Home, Hooks, Json, home_folder, hooks_of, settings_of, zone_of
from gateway.client import Gateway, HttpGateway, InProcess, prefix_of, server_of
from vault.errors import ConfigurationError, NotSignedIn
from vault.vocabulary import Zone, ZoneKind

Url = Annotated[
    str | None,
    typer.Option("--url", envvar="PAREFEU_URL", help="A gateway; default: the home's own.", show_default=False),
]  # fmt: skip
Since = Annotated[str, typer.Option("--since", help="ISO date or time, UTC; default: a year ago.")]
Waiting = Annotated[bool, typer.Option("--waiting", help="Only those that are still to be reviewed.")]
ZoneName = Annotated[
    str | None,
    typer.Option("--zone", help="The zone, where one is signed in to several.", show_default=False),
]


def quoted(part: str) -> str:
    """One part of a path: what is typed never changes which route is asked."""
    if part.strip() in {"", ".", ".."}:
        refuse("an empty reference")
    return quote(part.strip(), safe="")


@dataclass(slots=True, repr=False)
class Session:
    """A sign-in as this user keeps it: mode 0600. place: the URL or home it is good for, and sent to alone."""

    zone: Zone
    token: str
    place: str
    login: str
    expires_at: str = ""

    @staticmethod
    def folder() -> Path:
        base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
        return Path(base).expanduser() / "parefeu"

    @classmethod
    def path(cls, zone: Zone) -> Path:
        return cls.folder() / f"session-{str(zone).replace(':', '_')}.json"

    @classmethod
    def load(cls, zone: Zone) -> Session:
        """Raises NotSignedIn."""
        path = cls.path(zone)
        try:
            if path.stat().st_mode & 0o077:
                raise NotSignedIn(f"the session file {path} can be read by others: sign in again")
            kept = json.loads(path.read_text("utf-8"))
            return cls(zone, kept["token"], kept["place"], kept["login"], kept.get("expires_at", ""))
        except (OSError, ValueError, KeyError, TypeError):
            raise NotSignedIn(f"you are not signed in to the zone {zone}") from None

    def keep(self) -> None:
        path = self.path(self.zone)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(
                {
                    "token": self.token,
                    "place": self.place,
                    "login": self.login,
                    "expires_at": self.expires_at,
                },
                file,
            )
        fresh.replace(path)

    @classmethod
    def forget(cls, zone: Zone) -> None:
        with suppress(FileNotFoundError):
            cls.path(zone).unlink()


def signed_in_zones() -> list[Zone]:
    """The zones that this user keeps a session for."""
    zones = []
    for path in sorted(Session.folder().glob("session-*.json")):
        kind, _, organisation = path.stem.removeprefix("session-").partition("partner_")
        with suppress(ValueError):
            zones.append(Zone.parse(f"partner:{organisation}" if organisation else kind))
    return zones


@dataclass(slots=True)
class Desk:
    """One command's view: the zone, the session, the gateway. The gateway is looked for when first asked."""

    zone: Zone
    home: Path | None
    url: str | None
    as_json: bool
    hooks: Hooks = field(default_factory=Hooks)
    _gateway: Gateway | None = None
    _session: Session | None = None

    # -- asking -----------------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """What a session is bound to: the URL, or the home's path."""
        return self.url.rstrip("/") if self.url else str(home_folder(self.home).resolve())

    @property
    def session(self) -> Session:
        """Raises NotSignedIn, also for a session of another gateway than the one named."""
        if self._session is None:
            kept = Session.load(self.zone)
            named = self.url is not None or self.home is not None or "PAREFEU_HOME" in os.environ
            if named and kept.place != self.place:
                raise NotSignedIn(f"your session in the zone {self.zone} belongs to another gateway")
            if not named:
                self.url = kept.place if kept.place.startswith("http") else None
                self.home = None if self.url else Path(kept.place)
            self._session = kept
        return self._session

    def ask(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None, token: str | None = None
    ) -> Any:
        """One request in this zone. Raises Problem, Unreachable, NotSignedIn."""
        bearer = self.session.token if token is None else token
        return self.gateway().send(method, prefix_of(self.zone) + path, token=bearer, body=body, query=query)

    def get(self, path: str, **query: Any) -> Any:
        return self.ask("GET", path, query=query)

    def post(self, path: str, body: Any = None) -> Any:
        return self.ask("POST", path, body)

    def put(self, path: str, body: Any) -> Any:
        return self.ask("PUT", path, body)

    def send_file(self, path: str, content: bytes, **query: Any) -> Any:
        place = prefix_of(self.zone) + path
        return self.gateway().send_file(place, content, token=self.session.token, query=query)

    def fetch_file(self, path: str) -> tuple[str, bytes]:
        return self.gateway().fetch_file(prefix_of(self.zone) + path, token=self.session.token)

    def gateway(self) -> Gateway:
        if self._gateway is None:
            self._gateway = self.hooks.gateway or self._find()
        return self._gateway

    def _find(self) -> Gateway:
        if self.url:
            return HttpGateway(self.url)
        home = home_folder(self.home)
        address = server_of(home)
        if address is not None:
            return HttpGateway(address)
        from gateway.log.lanes import closing_lanes
        from gateway.wiring import build

        settings = settings_of(home)
        if not settings.sqlite:
            raise ConfigurationError("this installation is on PostgreSQL: name its gateway with --url")
        services = build(settings, note=lambda: f"a command, process {os.getpid()}", **self.hooks.parts())
        return InProcess(closing_lanes(services))

    def close(self) -> None:
        if self._gateway is not None and self._gateway is not self.hooks.gateway:
            self._gateway.close()
        self._gateway = None

    # -- showing ----------------------------------------------------------------------------------

    def show(self, reply: Any) -> None:
        """One record."""
        if self.as_json:
            output.show_json(reply)
        else:
            output.show_record(reply)

    def show_list(self, reply: Any, name: str, columns: Sequence[str]) -> None:
        """A list in a reply; says on stderr where there is more."""
        if self.as_json:
            output.show_json(reply)
            return
        output.show_rows(reply[name], columns)
        if reply.get("complete") is False:
            typer.echo("there is more: narrow the question, or page with --before", err=True)

    def show_reviewed(self, name: str, columns: Sequence[str], since: str, *, waiting: bool) -> None:
        """What oversight reviews of one kind, each with its review. name: of the list and of its path."""
        query = {"waiting": "true"} if waiting else {}
        self.show_list(self.get(f"/{name}", **query, **({"since": since} if since else {})), name, columns)

    def done(self, reply: Any, sentence: str) -> None:
        """A receipt."""
        if self.as_json:
            output.show_json(reply)
        else:
            typer.echo(output.clean(sentence))


def at_desk(
    zone: Zone | None = None, *, kinds: tuple[ZoneKind, ...] = (), default: Zone | None = None
) -> Callable[[Callable[..., None]], Any]:
    """Give a command its Desk. zone: fixed; else `--zone`, `default`, or the only signed-in zone of these kinds."""

    def decorate(function: Callable[..., None]) -> Any:
        signature = inspect.signature(function, eval_str=True)
        own = [parameter for name, parameter in signature.parameters.items() if name != "desk"]
        shared: list[tuple[str, Any, Any]] = [("home", Home, None), ("url", Url, None), ("as_json", Json, False)]
        if zone is None:
            shared.insert(0, ("zone_name", ZoneName, None))
        keyword = inspect.Parameter.KEYWORD_ONLY
        added = [inspect.Parameter(name, keyword, default=value, annotation=kind) for name, kind, value in shared]
        context = inspect.Parameter("ctx", keyword, annotation=typer.Context)

        def command(**given: Any) -> None:
            hooks = hooks_of(given.pop("ctx"))
            values = {name: given.pop(name) for name, _, _ in shared}
            chosen = zone or _choose(values.get("zone_name"), kinds, default)
            desk = Desk(chosen, values["home"], values["url"], values["as_json"], hooks)
            try:
                function(desk, **given)
            finally:
                desk.close()

        parameters = [parameter.replace(kind=keyword) for parameter in own]
        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__signature__ = inspect.Signature([*parameters, *added, context])  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in (*parameters, *added, context)}
        return command

    return decorate


def _choose(name: str | None, kinds: tuple[ZoneKind, ...], default: Zone | None) -> Zone:
    if name:
        zone = zone_of(name)
        if zone.kind not in kinds:
            raise ConfigurationError(f"this command is for the zones {', '.join(kinds)}")
        return zone
    if default is not None:
        return default
    found = [zone for zone in signed_in_zones() if zone.kind in kinds]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigurationError(f"you are signed in to {', '.join(map(str, found))}: name one with --zone")
    if kinds == (ZoneKind.PARTNER,):
        raise NotSignedIn("you are not signed in to a partner's zone")
    return Zone(kinds[0])


def refuse(message: str) -> NoReturn:
    """Wrong usage: exit code 2."""
    raise typer.BadParameter(message)


MAX_FILE: Final = 1024 * 1024


def read_text(path: Path) -> str:
    """A file or, for `-`, standard input, as UTF-8. Raises typer.BadParameter, never naming what is in it."""
    try:
        if str(path) == "-":
            import sys

            raw = sys.stdin.buffer.read(MAX_FILE + 1)
        else:
            with path.open("rb") as file:
                raw = file.read(MAX_FILE + 1)
    except OSError as error:
        refuse(f"{path}: {error.strerror}")
    if len(raw) > MAX_FILE:
        refuse(f"{path}: larger than {MAX_FILE} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        refuse(f"{path}: not UTF-8")
