"""Files of orders at the command line: looked at first, whole or not at all, nothing twice, no cell in a message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import file as command
from gateway.client import Problem, Unreachable
from gateway.order_files import COLUMNS, LONGEST_LINE, OrderFile, households
from tests.cli.kit import Ran, Shell, signed_in
from tests.crash.checks import faults
from tests.house import House
from tests.orders import ORDER, fresh_order

HEADER = ";".join(COLUMNS)
#: What stands in cells, and in no message.
NAME = "Zonderlingenaam"


def line(reference: str, delimiter: str = ";", **changed: str) -> str:
    told = {
        "oqt_reference": reference, "criterion": "ADDRESS", "language": "fr", "annex": "13",
        "notified_on": "2026-10-28", "street": "rue Inventée 3", "postcode": "1000", "town": "Bruxelles",
        "relation": "head", "family_name": NAME, "given_names": "Awa", "birth_date": "1990-05-04",
    } | changed  # fmt: skip
    return delimiter.join(told.get(name, "") for name in COLUMNS)


def member(reference: str, given: str, relation: str = "child", born: str = "2019-02-11", **changed: str) -> str:
    told = {"oqt_reference": reference, "relation": relation, "family_name": NAME, "given_names": given,
            "birth_date": born} | changed  # fmt: skip
    return ";".join(told.get(name, "") for name in COLUMNS)


@pytest.fixture
def at_the_desk(desk: Shell, lite_house: House) -> Shell:
    signed_in(lite_house, "desk")
    return desk


def written(path: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8", end: str = "\n") -> Path:
    path.write_bytes(end.join([header, *lines]).encode(encoding))
    return path


def told(ran: Ran) -> list[dict[str, str]]:
    header, *lines = [row.split("\t") for row in ran.out.splitlines()]
    assert NAME not in ran.out + ran.err
    return [dict(zip(header, row, strict=True)) for row in lines]


def statuses(ran: Ran) -> list[str]:
    return [row["status"] for row in told(ran)]


def cases(house: House) -> int:
    return len(house.client("desk").get("/cases?limit=200").json()["cases"])


def test_look_write_and_run_again(at_the_desk: Shell, lite_house: House, tmp_path: Path) -> None:
    path = written(
        tmp_path / "week.csv",
        line("A/1"), line("A/2"), member("A/2", "Ibou"), member("A/2", "Kadi"), line("A/3", postcode="4000"),
        line("A/4", criterion=""), "", line("A/1"),
    )  # fmt: skip
    looked = at_the_desk.ok("file", "import", path)
    assert statuses(looked) == ["new", "new", "new", "new", "passed_on", "new", "duplicate"]
    assert "nothing was written" in looked.err
    assert cases(lite_house) == 0
    ran = at_the_desk.ok("file", "import", path, "--write")
    assert statuses(ran) == ["triaged", "triaged", "triaged", "triaged", "passed_on", "waiting", "duplicate"]
    rows = told(ran)
    assert [row["line"] for row in rows] == ["2", "3", "4", "5", "6", "7", "9"]
    assert len({row["case"] for row in rows[1:4]}) == 1
    assert (rows[1]["coach_type"], rows[4]["region"], rows[4]["case"]) == ("families", "liege", "")
    assert rows[5]["missing"] == "criterion"
    assert cases(lite_house) == 3
    assert statuses(at_the_desk.ok("file", "import", path, "--write"))[:6] == [*["same"] * 4, "passed_on", "same"]
    assert cases(lite_house) == 3
    (waiting,) = at_the_desk.ok("file", "missing").rows
    assert waiting == [rows[5]["case"], "2026-11-03", "fr", "criterion"]
    whole = written(tmp_path / "later.csv", line("A/4"), line("A/2", town="Ixelles"))
    changed = at_the_desk.run("file", "import", whole, "--write")
    assert (changed.code, statuses(changed)) == (1, ["differs", "differs"])
    done = at_the_desk.run("file", "import", whole, "--write", "--complete")
    assert (done.code, statuses(done)) == (1, ["completed", "differs"])
    assert at_the_desk.ok("file", "missing").rows == []
    assert faults(lite_house.settings) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_usual_ways_of_writing_csv(
    at_the_desk: Shell, lite_house: House, tmp_path: Path, encoding: str, delimiter: str, end: str
) -> None:
    quoted = line("B/1", delimiter, street=f'"rue ""Inventée""{delimiter} 3"', given_names="Éloïse Зоя 王")
    path = written(
        tmp_path / "a.CSV", quoted, header=HEADER.replace(";", delimiter), encoding=encoding, end=end
    )  # fmt: skip
    assert statuses(at_the_desk.ok("file", "import", path, "--write")) == ["triaged"]
    assert cases(lite_house) == 1


def test_a_broken_line_holds_back_its_household_and_no_other(
    at_the_desk: Shell, lite_house: House, tmp_path: Path
) -> None:
    path = written(
        tmp_path / "broken.csv",
        line("C/1"),
        line("C/2"), member("C/2", "Ibou") + ";more", member("C/2", "Kadi"),
        line("C/3", street='"rue Inventée'),  # broken further on: its reference can be read
        line("C/4"),
        line('"C/5'),  # nobody knows whose it is: the ones beside it wait
        line("C/6"), member("C/6", "Ibou"),
        line("C/7", notified_on="28/10/2026"), line("C/8", extended="oui"), line("C/9", term_days="trente"),
        line("C/10", birth_date=NAME), line("C/11"), member("C/11", "Ibou", relation=""),
        line("C/12"), member("C/12", "Ibou", annex="12"),
        line(""), line("C/13"), line("C/14"),
    )  # fmt: skip
    ran = at_the_desk.run("file", "import", path, "--write")
    assert ran.code == 1
    rows = {int(row["line"]): (row["status"], row["why"]) for row in told(ran)}
    assert [number for number, (status, _) in rows.items() if status != "invalid"] == [2, 21]
    assert cases(lite_house) == 2
    assert "line 4: 28 cells under 27 columns" in rows[3][1]
    assert rows[3] == rows[4] == rows[5]
    assert "quote" in rows[6][1]
    assert rows[7][1] == rows[9][1] == rows[10][1]
    assert "line 8" in rows[7][1]
    assert rows[11][1].startswith("notified_on:")
    assert rows[12][1].startswith("extended: yes, no")
    assert rows[13][1].startswith("term_days:")
    assert rows[14][1].startswith("birth_date:")
    assert "relation: line 16" in rows[15][1]
    assert "annex: line 18 says something else than line 17" in rows[17][1]
    assert rows[19][1] == "oqt_reference: missing"
    assert rows[20][1] == "line 19, beside it, cannot be read and may belong here"
    assert faults(lite_house.settings) == []


def test_lines_of_a_household_that_do_not_stand_together_are_no_household(
    at_the_desk: Shell, lite_house: House, tmp_path: Path
) -> None:
    path = written(tmp_path / "sorted.csv", line("D/1"), line("D/2"), member("D/1", "Ibou"))
    ran = at_the_desk.run("file", "import", path, "--write")
    assert statuses(ran) == ["invalid", "triaged", "invalid"]
    assert "several places" in told(ran)[0]["why"]
    assert cases(lite_house) == 1


def test_a_line_twice_in_a_household_is_one_person(at_the_desk: Shell, lite_house: House, tmp_path: Path) -> None:
    path = written(tmp_path / "twice.csv", line("E/1"), line("E/1"), member("E/1", "Ibou"), member("E/1", "Ibou"))
    assert statuses(at_the_desk.ok("file", "import", path, "--write")) == [
        "triaged", "duplicate", "triaged", "duplicate",
    ]  # fmt: skip


def test_which_person_of_a_household_is_wrong_is_said_by_line(at_the_desk: Shell, tmp_path: Path) -> None:
    path = written(tmp_path / "who.csv", line("F/1"), member("F/1", "Ibou"), member("F/1", "Kadi", born="11/02/2019"))
    why = told(at_the_desk.run("file", "import", path))[0]["why"]
    assert why.startswith("birth_date (line 4): ")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.csv", b"", "names the columns"),
        ("a.csv", b"nom,prenom\n", "names the columns"),
        ("a.csv", b"oqt_reference\tfamily_name\n", "names the columns"),
        ("a.csv", b"oqt_reference;Zonderlingenaam\n", "column 2 has a name"),
        ("a.csv", b"oqt_reference;annex;annex\n", "twice"),
        ("a.csv", b"oqt_reference;annex\n", "columns are missing: language, notified_on"),
        ("a.csv", HEADER.encode() + b"\ncaf\xe9;", "line 2 is not UTF-8 (byte 3)"),
        ("a.csv", HEADER.encode("utf-16"), "UTF-16"),
        ("a.csv", HEADER.encode() + b"\nA\x00;", "NUL"),
        ("a.csv", HEADER.encode() + b"\n" + b"x" * (LONGEST_LINE + 1), "longer than"),
        ("a.xlsx", b"PK", "ends with .csv"),
        ("a.json", b"{", "no JSON"),
        ("a.json", b'{"a": 1, "a": 2}', "no JSON that means one thing"),
        ("a.json", b"[" * 100_000, "no JSON"),
        ("a.json", b'{"cases": []}', "a list of orders"),
        ("a.json", b'["caf\xe9"]', "not UTF-8"),
        ("a.json", b" " * (16 * 1024 * 1024 + 1), "larger than"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_orders_is_refused_before_anything_is_sent(
    at_the_desk: Shell, lite_house: House, tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(content)
    ran = at_the_desk.run("file", "import", tmp_path / name, "--write")
    assert ran.code == 2
    assert why in " ".join(ran.err.replace("│", " ").split())
    assert NAME not in ran.err
    assert cases(lite_house) == 0


def test_a_wrong_byte_at_the_end_of_a_file_stops_it_before_its_first_line(
    at_the_desk: Shell, lite_house: House, tmp_path: Path
) -> None:
    path = tmp_path / "late.csv"
    path.write_bytes("\n".join([HEADER, line("G/1"), ""]).encode() + line("G/2", town="Liège").encode("latin-1"))
    assert at_the_desk.run("file", "import", path, "--write").code == 2
    assert cases(lite_house) == 0


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_json_as_a_list_or_an_order_a_line(at_the_desk: Shell, lite_house: House, tmp_path: Path, suffix: str) -> None:
    good: list[Any] = [fresh_order(), fresh_order(postcode="9000")]
    bad: list[Any] = [
        7, {"annex": "13"}, fresh_order(look=True), fresh_order(people=[]), fresh_order(town="\ud800"),
        fresh_order(language=NAME), fresh_order(notified_on=20261028),
    ]  # fmt: skip
    whole: list[Any] = [*good, *bad, good[0]]
    path = tmp_path / f"orders.{suffix}"
    path.write_text(json.dumps(whole) if suffix == "json" else "\n".join(map(json.dumps, whole)), "utf-8")
    ran = at_the_desk.run("file", "import", path, "--write", "--json")
    assert ran.code == 1
    assert NAME not in ran.out
    lines = ran.json["lines"]
    assert [one["status"] for one in lines] == ["triaged", "passed_on", *["invalid"] * 7, "duplicate"]
    assert [one["line"] for one in lines] == list(range(1, 11))
    assert all(one["why"] for one in lines[2:])
    assert cases(lite_house) == 1


def test_the_templates_can_be_filled_in_and_taken_in(at_the_desk: Shell, lite_house: House, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(at_the_desk.ok("file", "import", "--template", "csv").out + line("H/1") + "\n")
    assert statuses(at_the_desk.ok("file", "import", tmp_path / "t.csv", "--write")) == ["triaged"]
    (tmp_path / "t.json").write_text(at_the_desk.ok("file", "import", "--template", "json").out, "utf-8")
    assert statuses(at_the_desk.ok("file", "import", tmp_path / "t.json", "--write")) == ["passed_on"]
    assert at_the_desk.run("file", "import").code == 2


def test_an_interrupted_run_is_given_again(
    at_the_desk: Shell, lite_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway goes away after it has taken in the second household, before it could say so."""
    path = written(tmp_path / "long.csv", *(line(f"I/{number}") for number in range(4)))
    send, count = command.Desk.post, iter(range(100))

    def lost(self: Any, where: str, body: Any = None) -> Any:
        reply = send(self, where, body)
        if next(count) == 1:
            raise Unreachable("no gateway answers there")
        return reply

    with monkeypatch.context() as patch:
        patch.setattr(command.Desk, "post", lost)
        ran = at_the_desk.run("file", "import", path, "--write")
    assert (ran.code, statuses(ran)) == (1, ["triaged", "unanswered"])
    assert "run it again" in ran.err
    assert cases(lite_house) == 2
    assert statuses(at_the_desk.ok("file", "import", path, "--write")) == ["same", "same", "triaged", "triaged"]
    assert cases(lite_house) == 4


def test_a_conflict_is_asked_again_once(
    at_the_desk: Shell, lite_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "one.csv", line("J/1"))
    send, refusals = command.Desk.post, [409, 500]

    def refused(self: Any, where: str, body: Any = None) -> Any:
        if refusals:
            raise Problem(refusals.pop(0), {"type": "urn:problem-type:parefeu:conflict", "detail": "at this moment"})
        return send(self, where, body)

    monkeypatch.setattr(command.Desk, "post", refused)
    assert statuses(at_the_desk.run("file", "import", path, "--write")) == ["unanswered"]
    assert statuses(at_the_desk.ok("file", "import", path, "--write")) == ["triaged"]
    assert cases(lite_house) == 1


def test_an_order_that_lies_elsewhere_is_refused_in_the_report(
    at_the_desk: Shell, lite_house: House, tmp_path: Path
) -> None:
    lite_house.client("desk").post("/orders", json=ORDER | {"oqt_reference": "K/1", "postcode": "4000"})
    ran = at_the_desk.run("file", "import", written(tmp_path / "k.csv", line("K/1")), "--write")
    assert (ran.code, statuses(ran)) == (1, ["refused"])
    assert "liege" not in ran.out


def test_who_may_not_is_told_once(desk: Shell, lite_house: House, tmp_path: Path) -> None:
    signed_in(lite_house, "coach")
    path = written(tmp_path / "l.csv", line("L/1"), line("L/2"))
    desk.refused("access_denied", "file", "import", path, "--write")
    desk.refused("access_denied", "file", "missing")


def test_a_large_file_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        for number in range(3000):
            file.write(line(f"M/{number}") + "\n" + member(f"M/{number}", "Ibou") + "\n")
    reading = households(OrderFile.at(path))
    assert next(reading).lines == (2, 3)
    assert sum(1 for one in reading if not one.fault) == 2999
