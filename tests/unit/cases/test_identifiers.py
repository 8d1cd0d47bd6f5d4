"""The numbers of a file: what is accepted, what is refused, and that no message repeats a value."""

from __future__ import annotations

import re
from datetime import date

import pytest

from vault.cases.identifiers import CgraNumber, NationalNumber, OqtReference, OvNumber, normalise_for_index
from vault.errors import InvalidIdentifier, InvalidInput


def _with_check(nine: str, *, from_2000: bool = False) -> str:
    return f"{nine}{97 - int(('2' if from_2000 else '') + nine) % 97:02d}"


@pytest.mark.parametrize(
    ("typed", "digits", "is_bis", "birth_year"),
    [
        ("93051822361", "93051822361", False, 1993),
        ("93.05.18-223.61", "93051822361", False, 1993),
        (" 93 05 18 223 61 ", "93051822361", False, 1993),
        ("93.05.18–223.61", "93051822361", False, 1993),
        ("98.47.28-997.65", "98472899765", True, 1998),
        ("01 49 07 001 85", "01490700185", True, 2001),
        ("17 07 30 033 84", "17073003384", False, 2017),
        (_with_check("930000001"), _with_check("930000001"), False, 1993),
        (_with_check("930500001"), _with_check("930500001"), False, 1993),
        (_with_check("000001001"), _with_check("000001001"), False, None),
        (_with_check("932000001"), _with_check("932000001"), True, 1993),
    ],
)
def test_a_national_number_is_read_in_every_usual_form(
    typed: str, digits: str, is_bis: bool, birth_year: int | None
) -> None:
    number = NationalNumber.parse(typed)
    assert (number.digits, number.is_bis, number.birth_year) == (digits, is_bis, birth_year)
    assert NationalNumber.parse(number.formatted) == number


@pytest.mark.parametrize("century", [False, True])
def test_the_check_of_each_century_is_its_own(century: bool) -> None:
    number = NationalNumber.parse(_with_check("050301123", from_2000=century))
    assert number.birth_year == (2005 if century else 1905)


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "00000000000", "00.00.00-000.00", "93051822362", "9305182236", "930518223611", "93051822361a",
        _with_check("931301001"), _with_check("936001001"), "٩٣٠٥١٨٢٢٣٦١", "９３０５１８２２３６１", "93051822361\n1",
        "9" * 500, "93...05.18-223.61", "\ud800",
    ],
)  # fmt: skip
def test_a_wrong_national_number_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        NationalNumber.parse(typed)
    assert refused.value.field == "national_number"
    assert not re.search("[0-9]{5}", str(refused.value))


@pytest.mark.parametrize(
    ("nine", "from_2000"),
    [
        ("930532223", False),  # no month has 32 days
        ("930231223", False),  # 31 February
        ("010229001", True),  # 29 February outside a leap year
        ("930099001", False),  # month 00 goes with a day of 00-09
        ("930518000", False),  # serials begin at 001
        ("930518999", False),  # and end at 998
        ("000000000", False),  # zeros with check digits that fit
        ("000000000", True),
        ("934231001", False),  # the same in a bis number
    ],
)
def test_fitting_check_digits_do_not_save_an_impossible_number(nine: str, from_2000: bool) -> None:
    number = _with_check(nine, from_2000=from_2000)
    with pytest.raises(InvalidIdentifier) as refused:
        NationalNumber.parse(number)
    assert nine not in str(refused.value)


@pytest.mark.parametrize(
    ("nine", "from_2000", "born"),
    [
        ("930518223", False, date(1993, 5, 18)),
        ("000229001", True, date(2000, 2, 29)),
        ("984728997", False, date(1998, 7, 28)),
        ("930500001", False, None),
        ("930003001", False, None),
        ("000001001", False, None),
    ],
)
def test_a_birth_date_is_told_only_when_the_number_holds_all_of_it(
    nine: str, from_2000: bool, born: date | None
) -> None:
    assert NationalNumber.parse(_with_check(nine, from_2000=from_2000)).birth_date == born


def test_every_single_wrong_digit_of_a_national_number_is_found() -> None:
    for place in range(11):
        for digit in "0123456789":
            changed = "93051822361"[:place] + digit + "93051822361"[place + 1 :]
            if changed != "93051822361":
                with pytest.raises(InvalidIdentifier):
                    NationalNumber(changed)


@pytest.mark.parametrize(
    "typed",
    [
        "8123456",
        "8.123.456",
        "8 123 456",
        "SP 8123456",
        "S.P. 8.123.456",
        "ov8123456",
        "O.V.: 8.123.456",
        "SP/OV 8123456",
    ],
)
def test_an_ov_number_is_read_with_or_without_label(typed: str) -> None:
    assert OvNumber.parse(typed).digits == "8123456"


@pytest.mark.parametrize(
    "typed", ["", "SP", "812345", "812345678", "0000000", "8123456x", "8-123-456", "٨١٢٣٤٥٦", "PS 8123456"]
)
def test_a_wrong_ov_number_is_refused(typed: str) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        OvNumber.parse(typed)
    assert refused.value.field == "ov_number"


def test_a_leading_zero_of_an_ov_number_counts() -> None:
    assert OvNumber.parse("0812345").digits == "0812345"


@pytest.mark.parametrize(
    ("typed", "text"), [(" ab-12/34.5 ", "AB-12/34.5"), ("a b 1", "AB1"), ("7", "7"), ("x" * 40, "X" * 40)]
)
def test_a_reference_is_read_in_upper_case_without_spaces(typed: str, text: str) -> None:
    assert OqtReference.parse(typed).text == text


@pytest.mark.parametrize("typed", ["", "-", "A-", "/A", "A_1", "é1", "x" * 41, "A\n1", "А1", "ß"])
def test_a_wrong_reference_is_refused(typed: str) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        OqtReference.parse(typed)
    assert refused.value.field == "oqt_reference"


def test_an_office_may_know_the_shape_of_its_references() -> None:
    shape = re.compile("OQT-[0-9]{4}")
    assert OqtReference.parse("oqt-1234", shape).text == "OQT-1234"
    with pytest.raises(InvalidIdentifier):
        OqtReference.parse("AB-12", shape)


@pytest.mark.parametrize(
    ("typed", "text"), [("24/12345", "24/12345"), ("24/12345z", "24/12345Z"), ("24 / 12345 B", "24/12345B")]
)
def test_a_cgra_number_is_read(typed: str, text: str) -> None:
    assert CgraNumber.parse(typed).text == text


@pytest.mark.parametrize("typed", ["", "2412345", "24/1234", "24/123456", "24/12345ZZ", "2/12345"])
def test_a_wrong_cgra_number_is_refused(typed: str) -> None:
    with pytest.raises(InvalidIdentifier):
        CgraNumber.parse(typed)


@pytest.mark.parametrize(
    ("field", "text", "canonical"),
    [
        ("national_number", "93.05.18-223.61", "93051822361"),
        ("ov_number", "S.P. 8.123.456", "8123456"),
        ("oqt_reference", "ab 12/34", "AB12/34"),
    ],
)
def test_an_index_gets_the_canonical_form(field: str, text: str, canonical: str) -> None:
    assert normalise_for_index(field, text) == canonical
    assert normalise_for_index(field, canonical) == canonical


def test_names_have_no_index() -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise_for_index("family_name", "Diallo")
    assert "Diallo" not in str(refused.value)


def test_numbers_never_print_themselves() -> None:
    assert "93051822361" not in repr(NationalNumber("93051822361"))
