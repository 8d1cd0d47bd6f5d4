"""Passkeys: only this key, here, for this, by somebody it knew. Everything else is refused, and in one way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.authenticator import BE, ORIGIN, UP, UV, Authenticator, raw, text
from vault.crypto.passkey import Assertion, Origin, challenge_of, enrolled, fingerprint, verify
from vault.errors import ConfigurationError, EnvelopeRejected, InvalidInput

HERE = Origin.parse(ORIGIN)
CHALLENGE = bytes(range(56))
USER = text(b"u" * 32)
DEVICE = Authenticator()


def asked(challenge: bytes = CHALLENGE) -> dict[str, Any]:
    return {"challenge": text(challenge), "user": {"id": USER}}


def assertion(device: Authenticator = DEVICE, origin: str = ORIGIN, **said: Any) -> Assertion:
    return Assertion.parse(device.sign(asked(), origin, **said))


def test_what_its_key_signed_here_for_this_is_taken() -> None:
    device = Authenticator()
    made = device.make(asked(), ORIGIN)
    key = enrolled(made, CHALLENGE, HERE)
    assert challenge_of(made) == CHALLENGE
    assert (key.credential, key.public, key.counter) == (device.credential, device.public, 0)
    assert (key.synced, key.transports) == (False, ("internal", "usb"))
    said = assertion(device)
    assert (said.challenge(), said.origin(), said.user) == (CHALLENGE, HERE, b"u" * 32)
    assert verify(said, CHALLENGE, key.public, HERE).counter == 1
    assert len(fingerprint(key.public)) == 64
    assert fingerprint(key.public) != fingerprint(Authenticator().public)


def test_a_key_that_other_devices_may_have_says_so() -> None:
    assert enrolled(Authenticator(flags=UP | UV | BE).make(asked(), ORIGIN), CHALLENGE, HERE).synced


@pytest.mark.parametrize(
    ("device", "origin", "said"),
    [
        (Authenticator(), "https://parefeu.test.evil.example", {}),
        (Authenticator(), "https://evil.parefeu.test", {}),
        (Authenticator(), "http://parefeu.test", {}),
        (Authenticator(), "https://parefeu.test:444", {}),
        (Authenticator(flags=UP), ORIGIN, {}),  # nobody was verified
        (Authenticator(flags=UV), ORIGIN, {}),  # nobody was there
        (Authenticator(), ORIGIN, {"type": "webauthn.get2"}),
        (Authenticator(), ORIGIN, {"challenge": text(bytes(56))}),
        (Authenticator(), ORIGIN, {"challenge": None}),
        (Authenticator(), ORIGIN, {"crossOrigin": True}),
        (Authenticator(), ORIGIN, {"crossOrigin": "yes"}),
        (Authenticator(), ORIGIN, {"topOrigin": "https://evil.example"}),
    ],
)
def test_another_place_another_purpose_or_nobody_verified_is_refused(
    device: Authenticator, origin: str, said: dict[str, Any]
) -> None:
    with pytest.raises(EnvelopeRejected):
        verify(assertion(device, origin, **said), CHALLENGE, device.public, HERE)
    with pytest.raises(EnvelopeRejected):
        enrolled(device.make(asked(), origin, **said), CHALLENGE, HERE)


def test_an_assertion_is_no_enrolment_and_the_reverse() -> None:
    with pytest.raises(EnvelopeRejected):
        verify(assertion(type="webauthn.create"), CHALLENGE, DEVICE.public, HERE)
    with pytest.raises(EnvelopeRejected):
        enrolled(Authenticator().make(asked(), ORIGIN, type="webauthn.get"), CHALLENGE, HERE)
    with pytest.raises(EnvelopeRejected):
        enrolled(DEVICE.sign(asked(), ORIGIN), CHALLENGE, HERE)


def test_another_key_another_challenge_and_no_key_are_refused() -> None:
    for challenge, public in (
        (CHALLENGE, Authenticator().public), (bytes(56), DEVICE.public), (b"", DEVICE.public), (CHALLENGE, b""),
        (CHALLENGE, b"\xff" * 70), (CHALLENGE, DEVICE.public[:-1]),
    ):  # fmt: skip
        with pytest.raises(EnvelopeRejected):
            verify(assertion(), challenge, public, HERE)


_WHOLE = assertion()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["client_data", "authenticator_data", "signature"]), st.data())
def test_any_changed_bit_is_noticed(part: str, data: st.DataObject) -> None:
    told = bytearray(getattr(_WHOLE, part))
    place = data.draw(st.integers(0, len(told) - 1))
    told[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(EnvelopeRejected):
        verify(replace(_WHOLE, **{part: bytes(told)}), CHALLENGE, DEVICE.public, HERE)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=80), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "rawId", "response", "type", "clientDataJSON", "signature", "x"]), inner, max_size=4
    ), max_leaves=12,
).map(json.dumps)))  # fmt: skip
def test_nonsense_is_refused_as_nonsense(said: str) -> None:
    for parse in (Assertion.parse, challenge_of):
        with pytest.raises((InvalidInput, EnvelopeRejected)):
            parse(said)
    with pytest.raises((InvalidInput, EnvelopeRejected)):
        enrolled(said, CHALLENGE, HERE)


def test_what_is_too_long_or_deep_is_refused() -> None:
    told = json.loads(DEVICE.sign(asked(), ORIGIN))
    told["response"]["signature"] = text(bytes(5000))
    for said in (json.dumps(told), "[" * 20_000, json.dumps({"response": {}, "pad": "x" * 40_000})):
        with pytest.raises(InvalidInput):
            Assertion.parse(said)


@pytest.mark.parametrize(
    "wrong", ["", "parefeu.test", "http://parefeu.test", "https://parefeu.test/", "https://a b", "ftp://localhost",
              "http://localhost.evil.example", "https://PAREFEU.test"],
)  # fmt: skip
def test_an_address_that_no_browser_would_stand_on_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigurationError):
        Origin.parse(wrong)


def test_a_host_is_never_widened() -> None:
    assert Origin.parse("https://vault.office.example:8460").host == "vault.office.example"
    assert Origin.parse("http://localhost:8460").host == "localhost"
    assert raw(text(b"\x00\xff")) == b"\x00\xff"
