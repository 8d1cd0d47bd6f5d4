"""Protocols between bodies: what one covers, to the microsecond, and the files that do not load."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.protocol_rules import load_protocols
from gateway.referral_rules import load_referral_rules
from vault.cases.access_requests import GRANTABLE, IDENTITY_FIELDS
from vault.cases.partners import CARRIES, FIELDS, fields_for
from vault.cases.protocols import PURPOSES, Protocols, categories_of, categories_of_referral
from vault.errors import ConfigurationError, ProtocolMissing
from vault.vocabulary import CASEWORK, FOLLOW_UP, OPENS, OVERSIGHT, Compartment, Kind, Opening, Purpose, Zone, ZoneKind

SHIPPED = (Path(__file__).parents[2] / "gateway" / "protocols.toml").read_text("utf-8")
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
CARITAS, FEDASIL = Zone.parse("partner:caritas"), Zone.parse("partner:fedasil")
SHEET = frozenset({Compartment.OUTCOME_SHEET})
#: What most protocols are for.
USUAL = {ZoneKind.FOLLOW_UP: Purpose.OQT_FOLLOW_UP, ZoneKind.PARTNER: Purpose.REFERRAL}
ONE = """
[protocol.{code}]
party = "{party}"
purposes = ["{purpose}"]
categories = [{categories}]
basis = "Loi du 30 juillet 2018, article 20; protocole d'échange"
form = "Copie scellée"
periodicity = "Par dossier"
published_on = {published}
reference = "Publié sur le site de l'Office"
since = {since}
until = {until}
"""


def one(code: str, party: str, *categories: str, since: str, until: str, published: str = "2020-01-01") -> str:
    purpose = USUAL[Zone.parse(party).kind].value
    listed = ", ".join(f'"{each}"' for each in categories)
    return ONE.format(code=code, party=party, purpose=purpose, categories=listed, published=published, since=since,
                      until=until)  # fmt: skip


def loaded(folder: Path, text: str) -> Protocols:
    file = folder / "own.toml"
    file.write_bytes(text.encode())
    return load_protocols(file)


def own(folder: Path, *protocols: str) -> Protocols:
    return loaded(folder, 'version = "own-1"\n' + "".join(protocols))


# -- what is covered ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "covered"),
    [
        # Midnight in Belgium: winter time is an hour before UTC, summer time two.
        (datetime(2026, 3, 9, 23, tzinfo=UTC) - TICK, False),
        (datetime(2026, 3, 9, 23, tzinfo=UTC), True),
        (datetime(2026, 7, 31, 22, tzinfo=UTC) - TICK, True),
        (datetime(2026, 7, 31, 22, tzinfo=UTC), False),
        (datetime(2026, 8, 1, tzinfo=UTC), False),
    ],
)
def test_a_protocol_runs_from_its_first_midnight_to_the_one_after_its_last_day(
    tmp_path: Path, moment: datetime, covered: bool
) -> None:
    found = own(tmp_path, one("sheets", "follow_up", "outcome_sheet", since="2026-03-10", until="2026-07-31"))
    assert found.covers(FOLLOW_UP, Purpose.OQT_FOLLOW_UP, SHEET, moment) is covered
    assert found.covers(FOLLOW_UP, Purpose.OQT_FOLLOW_UP, (), moment) is covered


@pytest.mark.parametrize(
    ("party", "purpose", "categories", "covered"),
    [
        (FOLLOW_UP, Purpose.OQT_FOLLOW_UP, {"outcome_sheet"}, True),
        (FOLLOW_UP, Purpose.OQT_FOLLOW_UP, {"outcome_sheet", "identity"}, True),  # two protocols together
        (FOLLOW_UP, Purpose.OQT_FOLLOW_UP, {"contact"}, False),
        (FOLLOW_UP, Purpose.OQT_FOLLOW_UP, {"narrative"}, False),
        (FOLLOW_UP, Purpose.REFERRAL, {"outcome_sheet"}, False),  # for another purpose
        (FOLLOW_UP, Purpose.EMERGENCY, (), False),
        (CARITAS, Purpose.REFERRAL, {"identity"}, True),
        (CARITAS, Purpose.REFERRAL, {"identity", "contact"}, False),
        (FEDASIL, Purpose.REFERRAL, {"identity"}, False),  # somebody else's protocol
        (FEDASIL, Purpose.REFERRAL, (), False),
        (OVERSIGHT, Purpose.ACCESS_REVIEW, {"outcome_sheet"}, True),  # the office itself
        (CASEWORK, Purpose.REFERRAL, {"narrative"}, True),
    ],
)
def test_only_what_a_protocol_names_for_that_body_and_purpose_is_covered(
    tmp_path: Path, party: Zone, purpose: Purpose, categories: set[str], covered: bool
) -> None:
    found = own(
        tmp_path, one("sheets", "follow_up", "outcome_sheet", since="2026-01-01", until="2026-12-31"),
        one("names", "follow_up", "identity", since="2026-01-01", until="2026-12-31"),
        one("caritas", "partner:caritas", "identity", since="2026-01-01", until="2026-12-31"),
    )  # fmt: skip
    wanted = {Compartment(each) for each in categories}
    assert found.covers(party, purpose, wanted, NOON) is covered
    if covered:
        found.require(party, purpose, wanted, NOON)
    else:
        with pytest.raises(ProtocolMissing):
            found.require(party, purpose, wanted, NOON)


def test_a_protocol_that_is_published_after_its_first_day_begins_when_it_is_published(tmp_path: Path) -> None:
    found = own(
        tmp_path,
        one("late", "follow_up", "identity", since="2026-01-01", until="2026-12-31", published="2026-11-04"),
    )
    assert not found.covers(FOLLOW_UP, Purpose.OQT_FOLLOW_UP, (), NOON)
    assert found.covers(FOLLOW_UP, Purpose.OQT_FOLLOW_UP, (), NOON + timedelta(days=1))


def test_an_empty_file_lets_nothing_flow_to_any_body(tmp_path: Path) -> None:
    found = own(tmp_path)
    for party in (FOLLOW_UP, CARITAS, FEDASIL):
        assert not any(found.covers(party, purpose, (), NOON) for purpose in PURPOSES[party.kind])


def test_what_lapses_is_what_nothing_follows(tmp_path: Path) -> None:
    found = own(
        tmp_path, one("old", "partner:caritas", "identity", "contact", since="2026-01-01", until="2026-11-10"),
        one("new", "partner:caritas", "identity", since="2026-11-11", until="2027-12-31"),
    )  # fmt: skip
    month = timedelta(days=30)
    assert found.lapsing(NOON, timedelta(days=1)) == []
    assert found.lapsing(NOON, month) == [(CARITAS, Compartment.CONTACT)], "identity goes on without a gap"
    gap = own(
        tmp_path, one("old", "partner:caritas", "identity", since="2026-01-01", until="2026-11-10"),
        one("new", "partner:caritas", "identity", since="2026-11-12", until="2027-12-31"),
    )  # fmt: skip
    assert gap.lapsing(NOON, month) == [(CARITAS, Compartment.IDENTITY)], "a day between is a day without"


def test_everything_that_can_leave_for_another_body_is_in_a_category() -> None:
    for name, field in FIELDS.items():
        assert categories_of(Kind.REFERRAL, [name]) == {field.compartment}
    assert categories_of_referral(["phone"]) == {Compartment.CONTACT, Compartment.STATUS}, "the need leaves with it"
    assert categories_of(Kind.GRANT, GRANTABLE) == {Compartment.IDENTITY, Compartment.CONTACT, Compartment.STATUS}
    assert categories_of(Kind.CEREMONY, IDENTITY_FIELDS) == {Compartment.IDENTITY}
    assert categories_of(Kind.OUTCOME_SHEET, ["anything"]) == SHEET
    with pytest.raises(ProtocolMissing):
        categories_of(Kind.GRANT, ["family_name", "nobody_declared_this"])


@pytest.mark.parametrize("day", [NOON, datetime(2000, 1, 2, 12, tzinfo=UTC)], ids=["today", "long ago"])
def test_the_shipped_examples_cover_what_the_shipped_rules_let_go(day: datetime) -> None:
    """Also long ago: a simulation lives in years before this program, and releases in them."""
    found = load_protocols()
    assert all(each.example for each in found.entries)
    for zone, organisation in load_referral_rules(None).organisations.items():
        wanted = categories_of_referral(fields_for(organisation.kind))
        assert wanted <= CARRIES[organisation.kind]
        assert found.covers(zone, Purpose.REFERRAL, wanted, day)
    for kind, fields in ((Kind.OUTCOME_SHEET, ()), (Kind.GRANT, GRANTABLE), (Kind.CEREMONY, IDENTITY_FIELDS)):
        assert found.covers(FOLLOW_UP, Purpose.OQT_FOLLOW_UP, categories_of(kind, fields), day)


# -- the file ----------------------------------------------------------------------------------------


def test_the_digest_tells_every_change_of_what_a_file_says_and_no_other(tmp_path: Path) -> None:
    plain = loaded(tmp_path, SHIPPED)
    assert len(plain.digest) == 32
    assert loaded(tmp_path, SHIPPED.replace("\n", "\r\n")) == plain, "other line ends say the same"
    assert loaded(tmp_path, "# a remark\n" + SHIPPED).digest == plain.digest
    for old, new in (
        ("until = 2099-12-31", "until = 2098-12-31"), ('"outcome_sheet", "identity"', '"outcome_sheet"'),
        ("example = true\n", ""), ('version = "shipped-1"', 'version = "shipped-2"'), ("(law of", "(the law of"),
    ):  # fmt: skip
        assert old in SHIPPED
        assert loaded(tmp_path, SHIPPED.replace(old, new, 1)).digest != plain.digest


def test_letters_of_other_languages_may_stand_in_a_text(tmp_path: Path) -> None:
    found = own(tmp_path, one("names", "follow_up", "identity", since="2026-01-01", until="2026-12-31"))
    assert found.entries[0].basis.endswith("protocole d'échange")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('party = "follow_up"', 'party = "oversight"'), ('party = "follow_up"', 'party = "casework"'),
        ('party = "follow_up"', 'party = "nobody"'), ('party = "follow_up"', 'party = "follow_up "'),
        ('party = "follow_up"', 'party = "f\u043ellow_up"'),  # with a Cyrillic letter
        ('party = "partner:iom"', 'party = "partner:"'), ('party = "partner:iom"', 'party = "partner:iom\\u0000"'),
        ('purposes = ["oqt_follow_up"]', 'purposes = ["referral"]'), ('purposes = ["oqt_follow_up"]', "purposes = []"),
        ('purposes = ["oqt_follow_up"]', 'purposes = ["oqt_follow_up", "referral"]'),
        ('purposes = ["oqt_follow_up"]', 'purposes = ["oqt_follow_up", "oqt_follow_up"]'),
        ('"outcome_sheet", "identity"', '"narrative", "identity"'),
        ('"outcome_sheet", "identity"', '"stay_analysis", "identity"'),
        ('"outcome_sheet", "identity"', '"sensitive", "identity"'),
        ('"outcome_sheet", "identity"', '"return_plan", "identity"'),
        ('"outcome_sheet", "identity"', '"audit", "identity"'),
        ('"outcome_sheet", "identity"', '"identity", "identity"'),
        ("until = 2099-12-31", "until = 1999-12-31"), ("until = 2099-12-31", 'until = "soon"'),
        ("until = 2099-12-31", "until = 9999-12-31"), ("until = 2099-12-31", "until = 2099-12-31T10:00:00"),
        ("until = 2099-12-31", "until = 2099-12-31T10:00:00Z"), ("since = 2000-01-01", "since = 0001-01-01"),
        ("since = 2000-01-01", "since = 2100-01-01"), ("published_on = 2000-01-01", "published_on = 2100-01-01"),
        ('form = "Sealed copy in this vault, per case"', 'form = "Sealed\\u202ecopy"'),
        ('form = "Sealed copy in this vault, per case"', 'form = "Sealed\\ncopy"'),
        ('form = "Sealed copy in this vault, per case"', 'form = "   "'),
        ("example = true", "example = true\nsecret = 1"), ("example = true", "example = 1"),
        ("example = true", "example = true\nexample = false"),  # said twice
        ("[protocol.iom]", "[protocol.fedasil]"), ("[protocol.iom]", "[protocol.IOM]"),
        ('version = "shipped-1"', ""), ("[protocol.iom]", "[protocols.iom]"),
    ],
)  # fmt: skip
def test_a_file_that_says_more_than_could_ever_flow_does_not_load(tmp_path: Path, old: str, new: str) -> None:
    assert old in SHIPPED
    with pytest.raises(ConfigurationError, match=r"own\.toml") as refused:
        loaded(tmp_path, SHIPPED.replace(old, new, 1))
    assert "Example" not in str(refused.value), "places, and no value"


def test_a_file_that_cannot_be_read_whole_does_not_load(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_protocols(tmp_path / "none.toml")
    for content in (b"\xef\xbb\xbf" + SHIPPED.encode(), SHIPPED.encode("utf-16"), b"\xff", b'version = "a"\x00'):
        (tmp_path / "own.toml").write_bytes(content)
        with pytest.raises(ConfigurationError, match="no TOML"):
            load_protocols(tmp_path / "own.toml")
    (tmp_path / "own.toml").write_bytes(b"#" * 300_000)
    with pytest.raises(ConfigurationError, match="larger"):
        load_protocols(tmp_path / "own.toml")


def test_no_file_can_name_what_a_zone_of_that_kind_never_opens(tmp_path: Path) -> None:
    """Every category by every kind of body, against the one table of what a zone can open."""
    granted = {Compartment.CONTACT, Compartment.STATUS}  # an official address and one flag, by grant
    for party in (FOLLOW_UP, CARITAS):
        for category in Compartment:
            text = one("any", str(party), category.value, since="2026-01-01", until="2026-12-31")
            possible = OPENS[party.kind][category] is not Opening.NEVER
            if possible or (party.kind is ZoneKind.FOLLOW_UP and category in granted):
                assert own(tmp_path, text).covers(party, USUAL[party.kind], {category}, NOON)
            else:
                with pytest.raises(ConfigurationError):
                    own(tmp_path, text)


def test_a_protocol_whose_end_comes_first_never_runs() -> None:
    entry = load_protocols().entries[0]
    backwards = replace(entry, begins=entry.ends, ends=entry.begins)
    assert not any(backwards.runs(moment) for moment in (entry.begins, NOON, entry.ends))
