"""`parefeu figures`, as it is typed."""

from __future__ import annotations

from tests.api.test_figures import played
from tests.cli.kit import Shell, signed_in
from tests.house import House


def test_the_command_prints_them_and_says_what_they_are_not_for(desk: Shell, lite_house: House) -> None:
    played(lite_house)
    signed_in(lite_house, "head")
    ran = desk.ok("figures", "--from", "2026-01-01", "--to", "2027-01-01", "--by", "outcome")
    lines = {row[0]: row[1:] for row in ran.rows}
    assert lines["attended"][:3] == ["files", "invited", "1"]
    assert "NOT FOR PUBLICATION" in ran.err
    assert desk.ok("figures", "--from", "2026-01-01", "--to", "2027-01-01", "--json").json["whole"]["invited"] == 2
