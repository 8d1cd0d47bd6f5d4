"""What can be recorded of a person by code: a closed list for each compartment, and what one recorded fact holds.

A fact is a code, where its code has them a value and how far it is, perhaps a date, whom it is about, and free text.
Its provenance is not part of it: that is bound into the seal of the record and never changes (docs/records.md).

    check(Fact("school", "primary", about="[PERSONNE-2]"), Kind.SENSITIVE_FACT)

Which code lives where: health, school, signs of trafficking or violence, faith, orientation, criminal matters,
vulnerabilities and needs in `sensitive`; where somebody stays in `contact`; avenues, procedures and lawyers in
`stay_analysis`; the wish and the way to return, and what stands against it, in `return_plan`; the rest in `narrative`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from vault.cases.corrections import Correction
from vault.errors import InvalidInput, RecordTampered
from vault.vocabulary import Kind

#: Bytes of UTF-8. A fact's text explains a code; a story belongs into a note.
DETAIL_LIMIT: Final = 8 * 1024
SHORT_LIMIT: Final = 400
#: A case has a few dozen; many more is a program that runs away.
FACTS_PER_KIND: Final = 500
#: The free text of a fact, in the order in which names are replaced.
TEXTS: Final = ("about", "detail", "source")
FACT_FIELDS: Final = (
    "fact", "version", "code", "value", "status", "on", "about", "detail", "source", "service", "referral", "holds",
    "provenance", "language", "written_at", "author", "correction",
)  # fmt: skip

_DAY: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_ID: Final = re.compile(r"[0-9a-f]{32}")
_SERVICE: Final = re.compile(r"[a-z][a-z0-9_]{1,23}")


@dataclass(frozen=True, slots=True)
class FactCode:
    """values: what it can be; none: the text alone tells. statuses: how far it is; none: it only is or is not."""

    code: str
    kind: Kind
    values: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()


def _codes(kind: Kind, **codes: str) -> Iterable[FactCode]:
    """`code="value value | status status"`."""
    for code, text in codes.items():
        values, _, statuses = text.partition("|")
        yield FactCode(code, kind, tuple(values.split()), tuple(statuses.split()))


#: What a service can do for the person: a code, so that no story slips into a referral.
NEEDS: Final = (
    "return_counselling", "reintegration", "legal_aid", "medical_care", "psychological_care", "shelter", "social_aid",
)  # fmt: skip
AVENUES: Final = "9bis 9ter family_reunification asylum trafficking_victim study stateless other"
_FAR: Final = "considered filed pending granted refused appealed withdrawn"

CODES: Final[dict[str, FactCode]] = {
    found.code: found
    for codes in (
        _codes(
            Kind.FACT,
            family="partner_here child_here parent_here relative_here partner_abroad child_abroad parent_abroad "
            "relative_abroad separated none",
            work="declared undeclared self_employed none",
            employer="",
            income="work social_aid family charity none",
            debts="family landlord employer smuggler other none",
            route="air land sea mixed",
            entry_date="",
            stay_before="visa residence_card asylum_seeker irregular none",
            fear_of_return="authorities family group armed_conflict poverty other none",
            language_spoken="ar am az bg bn bs cs de el en es fa fr ff ha hi hr hu hy ig it ka kk ku ln mk ml mn my ne "
            "nl om pa pl prs ps pt rm ro ru rw si sk so sq sr sw ta ti tl tr uk ur uz vi wo yo zh other",
            interpreter="needed not_needed preferred_woman preferred_man",
            education="none primary secondary higher",
            document_held="passport passport_expired laissez_passer identity_card birth_certificate "
            "marriage_certificate driving_licence orange_card annex_35 annex_15 annex_49 expired_residence_card "
            "police_report court_roll other none",
            lawful_contact="city centre_staff volunteer guardian other",
        ),
        _codes(
            Kind.WHEREABOUTS,
            housing="reception_centre open_return_place rented with_host shelter squat street other",
            host="family friend acquaintance employer community other",
            moves="recent planned frequent",
        ),
        _codes(
            Kind.SENSITIVE_FACT,
            health="serious_illness chronic_illness under_treatment pregnancy mental_health disability addiction none",
            school="nursery primary secondary special higher not_enrolled absent",
            trafficking_sign="sexual_exploitation labour_exploitation forced_begging forced_crime debt_bondage "
            "papers_withheld other",
            violence="partner family gender_based torture war police detention other",
            orientation="told undisclosed_elsewhere",
            religion="persecuted converted other",
            persecution="religion political_opinion ethnicity gender orientation group other",
            criminal_matter="conviction pending victim witness none",
            vulnerability="minor elderly single_parent pregnant disabled serious_illness trauma trafficking_victim "
            "violence_victim isolated illiterate other",
            need=f"{' '.join(NEEDS)} | open referred met declined",
            health_obstacle="pregnancy illness treatment unfit_to_travel other",
        ),
        _codes(
            Kind.STAY_FACT,
            avenue=f"{AVENUES} none | {_FAR}",
            procedure=f"{AVENUES} | {_FAR}",
            appeal=f"annulment extreme_urgency cassation other | {_FAR}",
            lawyer="private legal_aid none",
            ties="long_stay school_children family work language medical other",
            extension_ground="health no_transport no_identification long_stay school_children return_under_way "
            "family_ties participation other | considered filed granted refused",
            dublin_state="",
        ),
        _codes(
            Kind.RETURN_FACT,
            return_wish="wanted considered undecided conditional refused",
            destination="origin third_country other",
            return_plan="counselling application booked departed cancelled",
            reintegration="business housing education medical family none",
            travel_document="valid expired lost requested refused not_needed",
            embassy_contact="made document_promised document_issued refused not_wanted none",
            obstacle="no_identification no_travel_document no_transport family debts housing_there safety "
            "children_at_school procedure_pending money other",
        ),
    )
    for found in codes
}


def codes_of(kind: Kind) -> tuple[FactCode, ...]:
    """The closed list of one compartment, in the order in which a coach is asked."""
    return tuple(found for found in CODES.values() if found.kind is kind)


@dataclass(frozen=True, slots=True, repr=False)
class Fact:
    """One version of a fact, without what its row says.

    on: a day, month or year (`2024-03-01`, `2024-03`, `2024`), or "". about: whom it concerns, if not everybody of
    the case. source: the document, person or service it comes from. service, referral: for a need, who is to meet it
    and the release it was asked with. holds: False once it is no longer so.
    """

    code: str
    value: str = ""
    status: str = ""
    on: str = ""
    about: str = ""
    detail: str = ""
    source: str = ""
    service: str = ""
    referral: str = ""
    holds: bool = True
    correction: Correction | None = field(default=None)

    def texts(self) -> dict[str, str]:
        return {"about": self.about, "detail": self.detail, "source": self.source}

    def with_texts(self, replaced: dict[str, str]) -> Fact:
        """The same with names replaced."""
        return replace(self, about=replaced["about"], detail=replaced["detail"], source=replaced["source"])

    def encode(self) -> bytes:
        data: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("code", "value", "status", "on", "about", "detail", "source", "service", "referral", "holds")
        }
        data["correction"] = self.correction.to_json() if self.correction is not None else None
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    @classmethod
    def decode(cls, plaintext: bytes) -> Fact:
        """Undo `encode`. Raises RecordTampered. A code that a later version no longer has still reads."""
        try:
            data = json.loads(plaintext)
        except (ValueError, RecursionError):
            raise RecordTampered("an authentic fact of another shape") from None
        match data:
            case {
                "code": str(code), "value": str(value), "status": str(status), "on": str(on), "about": str(about),
                "detail": str(detail), "source": str(source), "service": str(service), "referral": str(referral),
                "holds": bool(holds), "correction": correction, **rest,
            } if not rest:  # fmt: skip
                told = None if correction is None else Correction.from_json(correction)
                return cls(code, value, status, on, about, detail, source, service, referral, holds, told)
        raise RecordTampered("an authentic fact of another shape")


def check(fact: Fact, kind: Kind) -> None:
    """Raises InvalidInput for what cannot be meant: a code of another compartment, a value its code does not have."""
    known = CODES.get(fact.code)
    if known is None or known.kind is not kind:
        listed = ", ".join(code.code for code in codes_of(kind))
        raise InvalidInput(f"in this compartment a fact is one of {listed}", field="code")
    _one_of(fact.value, known.values, "value")
    _one_of(fact.status, known.statuses, "status")
    if not known.values and not fact.detail.strip() and not fact.on:
        raise InvalidInput("this fact has no values: tell it in the detail, or give its date", field="detail")
    if fact.on:
        check_day(fact.on)
    for name, text in fact.texts().items():
        limit = DETAIL_LIMIT if name == "detail" else SHORT_LIMIT
        if _bytes(text, name) > limit:
            raise InvalidInput(f"{name} holds at most {limit} bytes", field=name)
    if (fact.service or fact.referral) and fact.code != "need":
        raise InvalidInput("only a need names a service or its referral", field="service")
    if fact.service and not _SERVICE.fullmatch(fact.service):
        raise InvalidInput("a service is named by 2-24 lower-case letters, digits or '_'", field="service")
    if fact.referral and not _ID.fullmatch(fact.referral):
        raise InvalidInput("a referral is named by its 32 hexadecimal digits", field="referral")


def check_day(text: str) -> None:
    """A day, a month or a year. Raises InvalidInput."""
    if not (text.isascii() and _DAY.fullmatch(text)):
        raise InvalidInput("a date is written YYYY, YYYY-MM or YYYY-MM-DD", field="on")
    try:
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        raise InvalidInput("this day, month or year is in no calendar", field="on") from None


def _one_of(word: str, words: tuple[str, ...], name: str) -> None:
    if words and word not in words:
        raise InvalidInput(f"{name} must be one of {', '.join(words)}", field=name)
    if not words and word:
        raise InvalidInput(f"this fact has no {name}", field=name)


def _bytes(text: str, name: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise InvalidInput("the text holds half a character (a lone surrogate)", field=name) from None
