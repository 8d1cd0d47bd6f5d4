"""Open a case on one page: the people, how they are reached, what the official file says."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from gateway.api.models import OpenCaseBody
from gateway.pages.casework import CaseworkPages
from gateway.pages.forms import Form, parsed
from gateway.pages.site import Visit
from vault.cases.model import Origin, Place
from vault.errors import AccessDenied, InvalidIdentifier, InvalidInput
from vault.usecases import open_case
from vault.vocabulary import Role

_MOST_PEOPLE: Final = 12
_PERSON: Final = ("family_name", "given_names", "birth_date", "nationality", "national_number", "aliases", "relation")
_FLAGS: Final = ("minors", "procedure_pending", "fitness_check", "second_measure")
#: Where the form shows what the vault calls otherwise.
_FIELD_OF: Final = {"people": "people-0-family_name"}
#: Parts of the API's body that are one with the form's page.
_PARTS: Final = ("facts-", "contact-")


class OpeningPages(CaseworkPages):
    """Open a case."""

    async def open(self, visit: Visit) -> Response:
        """A new case, the actor's own."""
        actor = await visit.who()
        if actor.role not in {Role.COACH, Role.DESK_OFFICER}:
            raise AccessDenied(reasons=("no_rule",))
        form = visit.form
        count = form.text("count", "1")
        people = min(int(count), _MOST_PEOPLE) if count.isdigit() and len(count) < 3 else 1
        if "_add" in form and visit.saving:
            people = min(people + 1, _MOST_PEOPLE)
        elif visit.saving:
            used = _used(form, people)
            body = parsed(OpenCaseBody, _body(form, used), visit.faults)
            visit.faults.by_field = {_field(name, used): code for name, code in visit.faults.by_field.items()}
            cmd = self._command(visit, body, used) if body is not None else None
            if cmd is not None:
                reply = await visit.attempt(
                    lambda uow, actor: open_case.open_case(uow, actor, cmd, self.casework), main="people"
                )
                if reply is not None:
                    return visit.go(f"/cases/{reply['reference']}", done="opened")
        origins = (Origin.WALK_IN,) if actor.role is Role.COACH else (Origin.ORDER, Origin.SELF_REFERRAL)
        values = {name: form.text(name) for name in _names(people)}
        if not visit.posted:
            values |= {"region": actor.region, "language": visit.language, "origin": origins[0].value}
        annexes = tuple(self.casework.parameters.annexes)
        return visit.draw(
            "open_case.html", values=values, people=max(people, 1), annexes=annexes, origins=origins,
            places=tuple(Place), flags=_FLAGS, added=people if "_add" in form and visit.saving else 0,
        )  # fmt: skip

    @staticmethod
    def _command(visit: Visit, body: OpenCaseBody, used: list[int]) -> open_case.OpenCase | None:
        """None, with the fault told, for a number whose check digits are wrong, or a name with unseen characters."""
        for number, person in zip(used, body.people, strict=True):
            try:
                person.person()
            except InvalidInput as refused:
                name = refused.field if refused.field in _PERSON else "family_name"
                visit.faults.add(f"people-{number}-{name}", _fault(refused))
        if visit.faults:
            return None
        try:
            return open_case.OpenCase(
                body.region, body.language, body.identity(), body.contact.contact(), body.facts.facts(), body.origin,
                body.place, body.coach_type,
            )  # fmt: skip
        except InvalidInput as refused:
            visit.faults.add(_FIELD_OF.get(refused.field or "", refused.field or "people"), _fault(refused))
            return None


def _fault(refused: InvalidInput) -> str:
    return "identifier" if isinstance(refused, InvalidIdentifier) else "unusable"


def _names(people: int) -> list[str]:
    names = ["region", "language", "origin", "place", "ov_number", "oqt_reference", "annex", "notified_on"]
    names += ["term_days", "term_end", "address", "phone", "email", "whereabouts_note", "provenance", *_FLAGS]
    return names + [f"people-{number}-{name}" for number in range(people) for name in _PERSON]


def _used(form: Form, people: int) -> list[int]:
    """Which rows name somebody: the first, and those that were added and used."""
    names = ("family_name", "given_names")
    return [
        number for number in range(people)
        if not number or any(form.text(f"people-{number}-{name}").strip() for name in names)
    ]  # fmt: skip


def _field(name: str, used: list[int]) -> str:
    """What the form calls a field of the body."""
    for part in _PARTS:
        name = name.removeprefix(part)
    people, _, rest = name.partition("-")
    place, _, below = rest.partition("-")
    if people == "people" and place.isdigit() and int(place) < len(used):
        return f"people-{used[int(place)]}-{below.partition('-')[0]}"
    return name


def _body(form: Form, used: list[int]) -> dict[str, Any]:
    """The form as the API's body; what was left empty is left out."""
    found = []
    for number in used:
        person: dict[str, Any] = {name: form.text(f"people-{number}-{name}").strip() for name in _PERSON}
        person["aliases"] = [one.strip() for one in person["aliases"].split(",") if one.strip()]
        found.append({name: value for name, value in person.items() if value or name.endswith("_name")})
    facts: dict[str, Any] = {name: form.ticked(name) for name in _FLAGS}
    for name in ("annex", "notified_on", "term_end"):
        if form.text(name).strip():
            facts[name] = form.text(name).strip()
    days = form.text("term_days").strip()
    if days:
        facts["term_days"] = int(days) if days.isascii() and days.isdigit() and len(days) < 5 else days
    contact = {name: form.text(name).strip() for name in ("address", "phone", "email", "whereabouts_note")}
    return {
        "region": form.text("region"), "language": form.text("language"), "people": found,
        "ov_number": form.text("ov_number").strip(), "oqt_reference": form.text("oqt_reference").strip(),
        "contact": contact | {"provenance": form.text("provenance", "interview")}, "facts": facts,
        "origin": form.text("origin"), "place": form.text("place"),
    }  # fmt: skip
