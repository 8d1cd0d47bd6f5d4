"""Signing in at the office's identity provider, without a browser: what is believed, and what is not."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from joserfc.jwk import RSAKey

from gateway.auth.sessions import cookie_name
from gateway.pages.site import door_path, form_token
from gateway.settings import Settings
from tests.house import House, house_on, sqlite_home
from tests.identity_provider import GOOD_ACR, STEP_UP_ACR, IdentityProvider, identity_provider, rules_file
from vault.vocabulary import CASEWORK

BASE = door_path(CASEWORK)
SAME = {"sec-fetch-site": "same-origin"}
RETURN = f"http://localhost:8460{BASE}/sign-in/return"


@pytest.fixture(scope="module")
def shared_provider() -> Iterator[IdentityProvider]:
    with identity_provider() as provider:
        yield provider


@pytest.fixture
def provider(shared_provider: IdentityProvider) -> IdentityProvider:
    key = shared_provider.key
    shared_provider.__init__(shared_provider.address, key, published=[key])  # type: ignore[misc]
    shared_provider.claims = {"sub": "employee-17", "preferred_username": "Head", "acr": GOOD_ACR}
    return shared_provider


@dataclass
class Browser:
    """One browser: its cookies, and the way there and back."""

    house: House
    provider: IdentityProvider

    def __post_init__(self) -> None:
        self.provider.moment = self.house.clock.moment.timestamp()
        self.cookies: dict[str, str] = {"__Host-parefeu-language": "en"}

    def get(self, path: str, **headers: str) -> Any:
        return self._kept(self.house.app.get(path, headers=self._sent(headers), follow_redirects=False))

    def post(self, path: str, **values: str) -> Any:
        data = {"_token": form_token(self.cookies.get(cookie_name(CASEWORK), ""))} | values
        return self._kept(self.house.app.post(path, headers=self._sent({}), data=data, follow_redirects=False))

    def _sent(self, headers: dict[str, str]) -> dict[str, str]:
        return SAME | headers | {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def _kept(self, reply: Any) -> Any:
        for line in reply.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
            if not value or "Max-Age=0" in line:
                del self.cookies[name]
        self.house.app.cookies.clear()
        return reply

    def leave(self, path: str = "/sign-in/provider") -> str:
        reply = self.get(BASE + path)
        assert reply.status_code == 303, reply.text
        return str(reply.headers["location"])

    def come_back(self, answer: dict[str, str]) -> Any:
        """Both requests of the way back: the provider's redirect, and our own page's."""
        path = f"{BASE}/sign-in/return?{urlencode(answer)}"
        first = self.get(path, **{"sec-fetch-site": "cross-site"})
        assert first.status_code == 200, first.text
        found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', first.text)
        assert found is not None
        return self.get(html.unescape(found[1]))

    def sign_in(self) -> Any:
        return self.come_back(self.provider.visit(self.leave()))


@pytest.fixture
def browser(sqlite_settings: Settings, provider: IdentityProvider, tmp_path: Path) -> Iterator[Browser]:
    with _house(sqlite_settings, provider, tmp_path) as house:
        yield Browser(house, provider)


@pytest.fixture(scope="module")
def shared_house(
    sqlite_template: Path, shared_provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """For what leaves nothing behind but refusals."""
    folder = tmp_path_factory.mktemp("provider")
    with _house(sqlite_home(sqlite_template, folder / "home"), shared_provider, folder) as house:
        yield house


@pytest.fixture
def refused(shared_house: House, provider: IdentityProvider) -> Browser:
    shared_house.clock.move(hours=2)  # what was refused before, and what the provider told of itself, is forgotten
    shared_house.renew("auditor")
    return Browser(shared_house, provider)


@contextmanager
def _house(settings: Settings, provider: IdentityProvider, folder: Path) -> Iterator[House]:
    changed = settings.model_copy(update={"oidc_file": rules_file(folder, provider.address)})
    with house_on(changed) as house:
        for login in ("head", "coach"):
            house.hire(login)
        yield house


def noted(house: House) -> list[tuple[str, str]]:
    """Action and outcome of what the log says of sessions and identities, the oldest first."""
    entries = house.client("auditor").get("/entries", params={"limit": 200}).json()["entries"]
    wanted = {"session", "identity_provider"}
    return [(e["action"], e["outcome"]) for e in reversed(entries) if e["kind"] in wanted and e["zone"] == "casework"]


def test_who_signs_in_there_is_signed_in_here_and_the_log_says_how(browser: Browser) -> None:
    url = browser.leave("/sign-in/provider?next=" + BASE + "/cases")
    asked = dict(parse_qsl(urlsplit(url).query))
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == RETURN
    assert asked["acr_values"] == GOOD_ACR
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    reply = browser.come_back(browser.provider.visit(url))
    assert reply.status_code == 303, reply.text
    assert reply.headers["location"] == BASE + "/cases"
    assert "__Host-parefeu-provider-casework" not in browser.cookies
    assert browser.get(BASE + "/cases").status_code == 200
    assert [what for what, _ in noted(browser.house)][-2:] == ["identity_linked", "signed_in"]


def test_the_login_counts_once_and_the_person_behind_it_from_then_on(browser: Browser) -> None:
    """A login that the provider gives to somebody else opens nothing; a new login of the same person does."""
    assert browser.sign_in().status_code == 303
    browser.provider.claims["sub"] = "employee-18"
    assert browser.sign_in().status_code == 401
    assert noted(browser.house)[-1] == ("sign_in_refused", "provider_other_identity")
    browser.provider.claims |= {"sub": "employee-17", "preferred_username": "renamed"}
    assert browser.sign_in().status_code == 303


def test_who_is_unlinked_is_linked_anew_at_the_next_sign_in(browser: Browser) -> None:
    from vault.usecases import federated

    assert browser.sign_in().status_code == 303
    service = browser.house.services.sign_in[CASEWORK]
    browser.house.services.worker.run(CASEWORK, lambda uow: federated.unlink(uow, "head", service))
    browser.provider.claims["sub"] = "employee-99"
    assert browser.sign_in().status_code == 303
    browser.provider.claims["sub"] = "employee-17"
    assert browser.sign_in().status_code == 401


def _claim(**wrong: Any) -> Callable[[IdentityProvider], None]:
    return lambda provider: provider.wrong.update(wrong)


def _unsigned(provider: IdentityProvider) -> None:
    provider.header = {"alg": "none"}


def _by_another_key(provider: IdentityProvider) -> None:
    provider.published = [RSAKey.generate_key(2048, private=True)]


def _by_a_shared_secret(provider: IdentityProvider) -> None:
    provider.token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJlbXBsb3llZS0xNyJ9.AAAA"


def _two_audiences(provider: IdentityProvider) -> None:
    provider.wrong = {"aud": ["parefeu-tests", "another"], "azp": "parefeu-tests"}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (_claim(acr=None), "assurance_missing"),
        (_claim(acr=""), "assurance_missing"),
        (_claim(acr="urn:test:password"), "assurance_missing"),
        (_claim(acr=[GOOD_ACR]), "assurance_missing"),
        (_claim(nonce="another"), "token_claims"),
        (_claim(nonce=None), "token_claims"),
        (_claim(aud="another"), "token_claims"),
        (_two_audiences, "token_claims"),
        (_claim(iss="https://elsewhere.example"), "token_claims"),
        (_claim(exp=1_700_000_000), "token_claims"),
        (_claim(exp=None), "token_claims"),
        (_claim(iat=4_000_000_000), "token_claims"),
        (_claim(sub=None), "token_claims"),
        (_claim(sub=""), "token_claims"),
        (_claim(sub=17), "token_claims"),
        (_claim(sub="x" * 300), "token_claims"),
        (_claim(preferred_username="nobody"), "unknown"),
        (_claim(preferred_username=["head"]), "unknown"),
        (_claim(preferred_username=None), "unknown"),
        (_claim(preferred_username="officer"), "unknown"),
        (_unsigned, "token_unsigned"),
        (_by_another_key, "token_unsigned"),
        (_by_a_shared_secret, "token_unsigned"),
    ],
)
def test_a_token_that_does_not_say_it_all_lets_nobody_in(
    refused: Browser, wrong: Callable[[IdentityProvider], None], why: str
) -> None:
    wrong(refused.provider)
    reply = refused.sign_in()
    assert reply.status_code == 401
    assert cookie_name(CASEWORK) not in refused.cookies
    assert noted(refused.house)[-1] == ("sign_in_refused", f"provider_{why}")


def test_nobody_is_signed_in_with_what_another_browser_began(browser: Browser) -> None:
    """Sign-in CSRF, a stolen code, a code that was used: each needs what lies in this very browser."""
    mine = browser.provider.visit(browser.leave())
    other = Browser(browser.house, browser.provider)
    assert other.come_back(mine).status_code == 401  # no cookie
    other.leave()
    assert other.come_back(mine).status_code == 401  # another state
    stolen = other.provider.visit(other.leave())
    browser.leave()
    cookie = browser.cookies["__Host-parefeu-provider-casework"]
    answer = {"code": stolen["code"], "state": _state(cookie)}
    assert browser.come_back(answer).status_code == 401  # right state, a code for another verifier
    assert noted(browser.house)[-1] == ("sign_in_refused", "provider_code_refused")
    used = browser.provider.visit(browser.leave())
    assert browser.come_back(used).status_code == 303
    assert browser.come_back(used).status_code == 401


def _state(cookie: str) -> str:
    import json

    state: str = json.loads(bytes.fromhex(cookie))[0]
    return state


@pytest.mark.parametrize("cookie", ["", "zz", "5b5d", "7b7d", "22", "ff" * 4000])
def test_a_cookie_that_is_none_of_ours_is_refused(refused: Browser, cookie: str) -> None:
    refused.leave()
    refused.cookies["__Host-parefeu-provider-casework"] = cookie
    assert refused.come_back({"code": "x", "state": "y"}).status_code == 401


def test_a_provider_that_says_no_or_is_another_is_believed_in_nothing(refused: Browser) -> None:
    answer = refused.provider.visit(refused.leave())
    assert refused.come_back(answer | {"error": "access_denied"}).status_code == 401
    answer = refused.provider.visit(refused.leave())
    assert refused.come_back(answer | {"iss": "https://elsewhere.example"}).status_code == 401
    assert noted(refused.house)[-1] == ("sign_in_refused", "provider_other_issuer")


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": "ftp://127.0.0.1/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": ["x"]},
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_asked(refused: Browser, metadata: dict[str, Any]) -> None:
    refused.provider.metadata = metadata
    reply = refused.get(BASE + "/sign-in/provider")
    assert reply.status_code == 503
    assert "sign in with your password" in reply.text


def test_a_provider_that_is_gone_leaves_the_password(browser: Browser) -> None:
    browser.house.services.providers[CASEWORK].rules = browser.house.services.providers[CASEWORK].rules.model_copy(
        update={"issuer": "http://127.0.0.1:1"}
    )
    assert browser.get(BASE + "/sign-in/provider").status_code == 503
    assert "Sign in with 127.0.0.1" in browser.get(BASE + "/sign-in").text


@pytest.mark.parametrize("reply", [b"", b"[]", b"no json", b'"text"', b'{"id_token": 7}', b'{"id_token": null}'])
def test_a_token_endpoint_that_answers_nonsense_lets_nobody_in(refused: Browser, reply: bytes) -> None:
    refused.provider.raw_reply = reply
    assert refused.sign_in().status_code in {401, 503}
    assert cookie_name(CASEWORK) not in refused.cookies


def test_keys_that_nobody_understands_are_passed_over_and_a_shared_secret_is_none(browser: Browser) -> None:
    odd = [{"kty": "LATTICE", "kid": "x"}, {"kid": "y"}, "text", {"kty": "oct", "k": "AAAA"}]
    browser.provider.odd_keys = odd
    assert browser.sign_in().status_code == 303
    browser.house.clock.move(hours=2)
    browser.provider.moment = browser.house.clock.moment.timestamp()
    browser.provider.published = []
    assert browser.sign_in().status_code == 503


def test_where_one_goes_afterwards_is_inside_whatever_the_address_says(browser: Browser) -> None:
    for wanted in ("https://elsewhere.example", "//elsewhere.example", BASE + "/../../x", "/pages/oversight/", "x"):
        reply = browser.come_back(
            browser.provider.visit(browser.leave("/sign-in/provider?" + urlencode({"next": wanted})))
        )
        assert reply.headers["location"] == BASE + "/"


def test_a_changed_key_is_found_and_keys_are_not_fetched_at_every_wrong_token(browser: Browser) -> None:
    assert browser.sign_in().status_code == 303
    fresh = RSAKey.generate_key(2048, private=True)
    browser.provider.key, browser.provider.published = fresh, [fresh]
    browser.house.clock.move(minutes=2)
    browser.provider.moment = browser.house.clock.moment.timestamp()
    assert browser.sign_in().status_code == 303
    before = browser.provider.asked.count("/keys")
    browser.provider.key = RSAKey.generate_key(2048, private=True)
    for _ in range(3):
        assert browser.sign_in().status_code == 401
    assert browser.provider.asked.count("/keys") == before


def test_another_site_sends_nobody_to_the_provider(refused: Browser) -> None:
    assert refused.get(BASE + "/sign-in/provider", **{"sec-fetch-site": "cross-site"}).status_code == 403


def test_where_no_provider_is_there_are_no_such_pages(lite_house: House) -> None:
    for path in ("/sign-in/provider", "/sign-in/return?code=x&state=y"):
        assert lite_house.app.get(BASE + path, headers=SAME, follow_redirects=False).status_code == 404


def _ready_to_hand_over(house: House) -> str:
    coach = house.client("coach")
    case = house.open_case(coach)
    house.begin_closing(coach, case)
    return case


def test_nothing_is_released_before_somebody_has_stepped_up(browser: Browser) -> None:
    case = _ready_to_hand_over(browser.house)
    assert browser.sign_in().status_code == 303
    path = f"{BASE}/cases/{case}/steps/hand-over"
    assert browser.get(path).status_code == 200
    refused = browser.post(path)
    assert refused.status_code == 403
    assert "Prove anew who you are" in refused.text
    token = browser.cookies[cookie_name(CASEWORK)]
    direct = browser.house.app.post(
        f"/casework/cases/{case}/steps/hand-over", headers={"authorization": f"Bearer {token}"}, json={}
    )
    assert direct.status_code == 403
    assert direct.json()["type"].endswith("step_up_needed")

    url = browser.leave(f"/step-up?next={path}")
    asked = dict(parse_qsl(urlsplit(url).query))
    assert (asked["acr_values"], asked["prompt"], asked["max_age"]) == (STEP_UP_ACR, "login", "0")
    # The same proof as at sign-in is none: what was asked for must come back.
    assert browser.come_back(browser.provider.visit(url)).status_code == 401
    browser.provider.claims["acr"] = STEP_UP_ACR
    browser.provider.wrong = {"auth_time": int(browser.house.clock.moment.timestamp()) - 3600}
    assert browser.come_back(browser.provider.visit(browser.leave(f"/step-up?next={path}"))).status_code == 401
    browser.provider.wrong = {"auth_time": None}
    assert browser.come_back(browser.provider.visit(browser.leave(f"/step-up?next={path}"))).status_code == 401
    browser.provider.wrong = {}
    back = browser.come_back(browser.provider.visit(browser.leave(f"/step-up?next={path}")))
    assert (back.status_code, back.headers.get("location")) == (303, path)
    assert browser.post(path).status_code == 303
    outcomes = [outcome for what, outcome in noted(browser.house) if what == "sign_in_refused"]
    assert outcomes == ["provider_assurance_missing", "provider_assurance_old", "provider_assurance_old"]


def test_stepping_up_ends_and_is_only_for_who_is_signed_in(browser: Browser) -> None:
    case = _ready_to_hand_over(browser.house)
    assert browser.sign_in().status_code == 303
    browser.provider.claims |= {"acr": STEP_UP_ACR, "sub": "employee-18", "preferred_username": "coach"}
    assert browser.come_back(browser.provider.visit(browser.leave("/step-up"))).status_code == 401  # somebody else
    browser.provider.claims |= {"sub": "employee-17"}
    assert browser.come_back(browser.provider.visit(browser.leave("/step-up"))).status_code == 303
    browser.house.clock.move(minutes=11)
    assert browser.post(f"{BASE}/cases/{case}/steps/hand-over").status_code == 403


def test_what_was_typed_outlives_a_session_that_ended(browser: Browser) -> None:
    page = browser.house.app.post(
        f"{BASE}/open", headers=SAME | {"cookie": "__Host-parefeu-language=en"}, data={"family_name": "Diallo"},
        follow_redirects=False,
    )  # fmt: skip
    assert page.status_code == 401
    assert "in a new tab" in page.text
    assert "Diallo" in html.unescape(page.text)
    values = {"elsewhere": "1", "_kept": "family_name=Diallo", "_next": f"{BASE}/open"}
    assert "You are not signed in yet." in browser.post(f"{BASE}/sign-in", **values).text
    assert browser.sign_in().status_code == 303
    reply = browser.post(f"{BASE}/sign-in", **values)
    assert reply.status_code == 200
    assert 'value="Diallo"' in reply.text


def test_a_source_that_is_refused_again_and_again_waits_and_nobody_else_does(browser: Browser) -> None:
    for _ in range(51):
        assert browser.come_back({"code": "x", "state": "y"}).status_code == 401
    assert browser.come_back({"code": "x", "state": "y"}).status_code == 429
    before = len(noted(browser.house))
    for _ in range(3):
        browser.come_back({"code": "x", "state": "y"})
    assert len(noted(browser.house)) == before  # what waits writes nothing
    browser.house.clock.move(minutes=2)
    browser.provider.moment = browser.house.clock.moment.timestamp()
    assert browser.sign_in().status_code == 303
