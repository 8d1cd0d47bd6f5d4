"""Samples by command: asked for, read while they run, done; and the coach's notices."""

from __future__ import annotations

import pytest

from tests.cli.kit import HouseGateway, Shell, signed_in
from tests.house import House

WHY = ("--reason", "quality", "--explanation", "Contrôle mensuel de la qualité")


@pytest.fixture
def head(shell: Shell, lite_house: House) -> Shell:
    shell.hooks.gateway = HouseGateway(lite_house)
    return shell


def test_a_sample_goes_its_way_by_command(head: Shell, lite_house: House) -> None:
    house = lite_house
    case = house.open_case(house.client("coach"))
    note = house.write_note(house.client("coach"), case)
    house.client("head")
    signed_in(house, "head")
    number, reference, *_ = head.ok("sample", "ask", *WHY, "--coach", house.staff["coach"].id.hex()).out.split("\t")
    assert reference == case
    assert [row[5] for row in head.ok("sample", "list").rows] == [number]
    assert head.ok("sample", "notes", number).rows[0][4] == note
    assert "Entretien avec [PERSONNE-1]." in head.ok("sample", "read", number, note).out
    for kind in ("stay", "return"):
        assert head.ok("sample", "facts", number, "--of", kind).rows == []
    assert head.run("sample", "facts", number, "--of", "health").code != 0
    head.refused("invalid_input", "sample", "done", number, "--finding", "vite")
    assert head.ok("sample", "done", number, "--finding", "Notes claires et complètes").out.strip() == "done"
    assert "Notes claires et complètes" in head.ok("sample", "show", number).out
    head.refused("not_found", "sample", "read", number, note)
    signed_in(house, "coach")
    assert [row[1:5] for row in head.ok("sample", "notices").rows] == [["done", "quality", "regional_head", case]]
