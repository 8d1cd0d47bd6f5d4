"""Attacks on an office's own installation, over its address and with given sign-ins: what must hold, tried.

Only what changes nothing if the installation is sound: looks at things that are somebody else's or nobody's, at other
zones' routes, without a sign-in, with bodies that are refused before anything is done. Each try stands in the access
log, as a refusal of whoever signed in: tell oversight before.

    for result in attack(ask, sign_ins, entropy, policy=None):
        result.name, result.tries, result.fell       # what fell, in plain words; nothing of what was answered

`ask` sends one request and gives the answer; nothing here knows whether it goes over a network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from gateway.client import prefix_of
from gateway.middleware import BODY_LIMIT, SECURITY_HEADERS
from vault.ports import Entropy, Firewall
from vault.pseudonyms import Pseudonym, domain_of
from vault.vocabulary import CASEWORK, FACTS, Action, Allowed, Facts, Kind, Phase, Purpose, Question, Role, Zone

#: Things of one sign-in that are tried with another: the newest few of each list.
_TRIED: Final = 3
#: Faults of one attack that are told; more say nothing new.
_TOLD: Final = 20
_MARK: Final = "parefeu-attack-mark"
#: What a careless query or header would be broken by.
_WORDS: Final = (
    "' OR '1'='1",
    "1; DROP TABLE cases",
    "%0d%0aset-cookie:%20a=b",
    "\u202e\u0000",
    "../../etc/passwd",
    "{{7*7}}",
)
#: For queries that a route cannot be asked without.
_QUERY: Final = {
    "since": "2026-11-03T00:00:00Z", "until": "2026-11-04T00:00:00Z", "from": "2026-11-03", "to": "2026-11-04",
    "day": "2026-11-03", "provenance": "interview", "name": "a.pdf",
}  # fmt: skip
_PARAMETER: Final = re.compile(r"\{([a-z_]+)\}")
#: Where each zone lists what a sign-in may see: path, the list's name, the field that names one, and the parameter.
_LISTS: Final = (
    ("/cases", "cases", "reference", "case"),
    ("/sheets", "sheets", "release", "release"),
    ("/referrals", "referrals", "release", "release"),
    ("/reviews", "reviews", "review", "review"),
)


class Heard(NamedTuple):
    """An answer. headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def alike(self) -> tuple[int, Any, dict[str, str], int]:
        """What two refusals are told apart by: all but the moment and the number of the refusal, which is random."""
        try:
            said = json.loads(self.body)
        except ValueError:
            said = self.body
        if isinstance(said, dict):
            said.pop("instance", None)
        return self.status, said, {n: v for n, v in self.headers.items() if n not in ("date", "server")}, len(self.body)


class Request(NamedTuple):
    method: str
    path: str
    token: str = ""
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    content: bytes | None = None


Ask = Callable[[Request], Heard]


@dataclass(frozen=True, slots=True, repr=False)
class SignIn:
    """Somebody's session in one zone. name: as the report calls them, never the token."""

    zone: Zone
    name: str
    token: str
    role: Role | None = None


@dataclass(slots=True)
class Result:
    """One attack. fell: what went wrong, one line each."""

    name: str
    tries: int = 0
    fell: list[str] = field(default_factory=list)
    note: str = ""

    def hold(self, held: bool, fault: str) -> None:
        self.tries += 1
        if not held:
            self.fell.append(fault)


@dataclass(frozen=True, slots=True)
class Route:
    """asks: action, kind and purpose; None where it touches no item. query: what it cannot be asked without."""

    method: str
    path: str
    asks: tuple[Action, Kind, Purpose] | None
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(_PARAMETER.findall(self.path))

    def of(self, zone: Zone) -> bool:
        return self.path.startswith(prefix_of(zone) + "/")


def routes_of(document: Mapping[str, Any]) -> list[Route]:
    """Every route that the installation's own description names."""
    found = []
    for path, operations in document.get("paths", {}).items():
        for method, told in operations.items():
            asks = told.get("x-parefeu", {})
            question = None
            if asks.get("action"):
                question = (Action(asks["action"]), Kind(asks["kind"]), Purpose(asks["purpose"]))
            needed = {
                each["name"]: _QUERY.get(each["name"], "x")
                for each in told.get("parameters", ())
                if each.get("in") == "query" and each.get("required")
            }
            found.append(Route(method.upper(), path, question, needed))
    return found


def filled(route: Route, names: Mapping[str, str]) -> str:
    """The route's path about these things; "" names what is not among them."""
    return _PARAMETER.sub(lambda found: names.get(found[1], names[""]), route.path)


@dataclass(frozen=True, slots=True)
class _Field:
    """What every attack is given."""

    ask: Ask
    routes: Sequence[Route]
    sign_ins: Sequence[SignIn]
    entropy: Entropy
    policy: Firewall | None
    foreign: Sequence[str]

    def reads(self, zone: Zone | None = None) -> list[Route]:
        """Routes that only look, of one zone or of all."""
        looking = [route for route in self.routes if route.method == "GET" and route.asks is not None]
        return [route for route in looking if zone is None or route.of(zone)]

    def nobody(self) -> dict[str, str]:
        """Parameters of the right form that name nothing."""
        item = self.entropy.bytes(16)
        reference = Pseudonym(domain_of(CASEWORK), self.entropy.bytes(16)).text
        return {"case": reference, "version": "1", "": item.hex()}

    def look(self, route: Route, names: Mapping[str, str], token: str) -> Heard:
        return self.ask(Request("GET", filled(route, names), token, {}, route.query))


def attack(
    ask: Ask, sign_ins: Sequence[SignIn], entropy: Entropy, *, policy: Firewall | None = None,
    foreign: Sequence[str] = (), only: str = "",
) -> Iterator[Result]:  # fmt: skip
    """policy: the rules in force there, if they are known here. foreign: references of cases that are nobody's here.

    only: one attack by its name; "" for all.

    Raises ValueError for an address that describes no such installation.
    """
    heard = ask(Request("GET", "/openapi.json"))
    routes = routes_of(json.loads(heard.body)) if heard.status == 200 else []
    if not any(route.asks for route in routes):
        raise ValueError("no vault describes itself there")
    ground = _Field(ask, routes, sign_ins, entropy, policy, foreign)
    for name, how in _ATTACKS.items():
        if only not in ("", name):
            continue
        result = Result(name)
        how(ground, result)
        del result.fell[_TOLD:]
        yield result


def _without_sign_in(ground: _Field, result: Result) -> None:
    for route in ground.routes:
        if route.asks is None:
            continue
        names = ground.nobody()
        for token in ("", _MARK, "0" * 64):
            if route.method == "GET":
                heard = ground.look(route, names, token)
                calendar = heard.status == 404 and "secret" in route.parameters  # a secret address needs no sign-in
                result.hold(heard.status == 401 or calendar, f"GET {route.path} answers {heard.status} to nobody")


def _other_zones(ground: _Field, result: Result) -> None:
    for who in ground.sign_ins:
        for route in ground.reads():
            if not route.of(who.zone) and "secret" not in route.parameters:
                heard = ground.look(route, ground.nobody(), who.token)
                result.hold(heard.status == 401, f"{who.name} of {who.zone} gets {heard.status} from {route.path}")


def _confused_roles(ground: _Field, result: Result) -> None:
    """Where no rule could ever let the role do it, the answer is 403, whatever the item."""
    if ground.policy is None:
        result.note = "left out: the rules in force there are not the ones here (PAREFEU_POLICY_DIR)"
        return
    for who in ground.sign_ins:
        if who.role is None:
            continue
        for route in ground.reads(who.zone):
            assert route.asks is not None
            if not _could(ground.policy, who.role, route.asks):
                heard = ground.look(route, ground.nobody(), who.token)
                fault = f"{who.name}, {who.role}, gets {heard.status} from {route.path}: no rule lets that role"
                result.hold(heard.status == 403, fault)


def _could(policy: Firewall, role: Role, asks: tuple[Action, Kind, Purpose]) -> bool:
    """For any purpose: oversight's two functions share their routes."""
    action, kind, _ = asks
    every = Facts(held=(1 << len(FACTS)) - 1)
    return any(
        isinstance(policy.decide(Question(role, action, kind, purpose, phase), every), Allowed)
        for purpose in Purpose
        for phase in Phase
    )


def _unknown_things(ground: _Field, result: Result) -> None:
    """Two things that never were get one answer, and it shows nothing."""
    for who in ground.sign_ins:
        for route in ground.reads(who.zone):
            if not set(route.parameters) - {"version"}:
                continue
            first, second = (ground.look(route, ground.nobody(), who.token) for _ in range(2))
            shown = first.status in (401, 403, 404, 503) or (first.status == 400 and "desk" in route.parameters)
            result.hold(shown, f"{who.name} gets {first.status} from {route.path} about nothing")
            result.hold(first.alike == second.alike, f"{route.path} tells two unknown things apart")


def _foreign_things(ground: _Field, result: Result) -> None:
    """What is in another sign-in's list and not in one's own is answered like what never was."""
    seen = {who.name: dict(_listed(ground, who)) for who in ground.sign_ins}
    for who in ground.sign_ins:
        for other in ground.sign_ins:
            if other is who:
                continue
            for parameter, theirs in seen[other.name].items():
                own = seen[who.name].get(parameter, [])
                for thing in [each for each in theirs if each not in own][:_TRIED]:
                    _try_foreign(ground, result, who, parameter, thing)
        for reference in ground.foreign:
            if reference not in seen[who.name].get("case", []):
                _try_foreign(ground, result, who, "case", reference)
    if not result.tries:
        result.note = "nothing foreign to try: sign in as two people, or name cases with --foreign"


def _listed(ground: _Field, who: SignIn) -> Iterator[tuple[str, list[str]]]:
    for path, name, key, parameter in _LISTS:
        if any(route.path == prefix_of(who.zone) + path and route.method == "GET" for route in ground.routes):
            heard = ground.ask(Request("GET", prefix_of(who.zone) + path, who.token))
            if heard.status == 200:
                yield parameter, [row[key] for row in json.loads(heard.body).get(name, []) if row.get(key)]


def _try_foreign(ground: _Field, result: Result, who: SignIn, parameter: str, thing: str) -> None:
    for route in ground.reads(who.zone):
        if parameter in route.parameters:
            names = ground.nobody()
            theirs = ground.look(route, names | {parameter: thing}, who.token)
            nothing = ground.look(route, names, who.token)
            fault = f"{who.name} can tell somebody else's {parameter} from none at {route.path}"
            result.hold(theirs.status >= 400 and theirs.alike == nothing.alike, fault)


def _oversize(ground: _Field, result: Result) -> None:
    """Sent without a sign-in: what got past the first check would still be nobody's request."""
    deep = b'{"a":' * 5_000 + b"1" + b"}" * 5_000
    for route in ground.routes:
        if route.method not in ("POST", "PUT") or route.asks is None:
            continue
        names = ground.nobody()
        path = filled(route, names)
        for content in (deep, b"\xff\xfe{}", b'{"a":1e999}', b"[" * 1_000):
            heard = ground.ask(Request(route.method, path, "", _JSON, {}, content))
            result.hold(400 <= heard.status < 500, f"{route.method} {route.path} answers {heard.status} to a bad body")
        if not path.endswith("/attachments") and "/attachments/" not in path:
            heard = ground.ask(Request(route.method, path, "", _JSON, {}, b" " * (BODY_LIMIT + 1)))
            result.hold(heard.status in (401, 413), f"{route.method} {route.path} takes more than {BODY_LIMIT} bytes")


_JSON: Final = {"content-type": "application/json"}


def _injected(ground: _Field, result: Result) -> None:
    for who in ground.sign_ins:
        lists = [route for route in ground.reads(who.zone) if not route.parameters]
        for route in lists:
            for word in _WORDS:
                query = dict.fromkeys(("state", "before", "since", "subject", "limit", "language"), word + _MARK)
                heard = ground.ask(Request("GET", route.path, who.token, {}, query))
                told = any(_MARK in value for value in heard.headers.values()) or _MARK.encode() in heard.body
                result.hold(heard.status < 500, f"{route.path} fails ({heard.status}) at a strange question")
                result.hold(not told, f"{route.path} repeats what was asked")


def _headers(ground: _Field, result: Result) -> None:
    wanted = {name.decode(): value.decode() for name, value in SECURITY_HEADERS}
    for path in ("/health", "/openapi.json", "/nowhere", "/casework/cases"):
        heard = ground.ask(Request("GET", path))
        for name, value in wanted.items():
            result.hold(heard.headers.get(name) == value, f"{path} lacks the header {name}")
        for name in ("x-powered-by", "access-control-allow-origin", "set-cookie"):
            result.hold(name not in heard.headers, f"{path} sends {name}")
    for path in ("/docs", "/redoc", "/.git/config", "/../etc/passwd", "/metrics", "/debug"):
        heard = ground.ask(Request("GET", path))
        result.hold(heard.status in (404, 401), f"{path} answers {heard.status}")
    for method in ("TRACE", "CONNECT_", "PATCH", "DELETE"):
        heard = ground.ask(Request(method, "/casework/cases"))
        result.hold(heard.status in (400, 401, 404, 405, 501), f"{method} is answered {heard.status}")


_ATTACKS: Final[dict[str, Callable[[_Field, Result], None]]] = {
    "without a sign-in": _without_sign_in,
    "on other zones' routes": _other_zones,
    "in a role that may not": _confused_roles,
    "about what never was": _unknown_things,
    "about what is somebody else's": _foreign_things,
    "with bodies that are too large, too deep or no text": _oversize,
    "with words that break a query or a header": _injected,
    "headers, methods and places that tell too much": _headers,
}


def fell(results: Iterable[Result]) -> bool:
    return any(result.fell for result in results)
