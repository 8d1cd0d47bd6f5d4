"""What the canary hunt plants: each marked word where it belongs, and a good request for every operation."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from tests import emergencies, erasures, passkeys, recorded, samples
from tests.api.stage_people import ABSENCE, BOOKING, CALL, PROFILE, WALK_IN, People, booked
from tests.attacks.canary import CANARY
from tests.attacks.canary_access import ACCESS_BODIES, ACCESS_PARAMETERS, plant_access, plant_exceptions
from tests.attacks.canary_reviews import plant_reviews
from tests.flow_paths import Paths
from tests.house import CASE, House
from tests.orders import ORDER
from vault.cases.flow import Step

#: The mark in the facts of each compartment.
FACT_MARKS: Final = {
    "narrative": "fact", "contact": "host", "sensitive": "health", "stay-analysis": "stay", "return-plan": "plan",
}  # fmt: skip
#: The day on which the house's clock stands.
TODAY: Final = "2026-11-03"
PEOPLE_PARAMETERS: Final = ("appointment", "coach", "absence", "desk", "feed", "secret")
COMPANY: Final[dict[str, Any]] = {
    "attendees": [{"role": "lawyer", "name": CANARY["companion"]}], "interpreter": CANARY["interpreter"],
}  # fmt: skip


@dataclass
class Planted:
    case: str
    note: str
    releases: dict[str, str]
    entry: str
    items: dict[str, str]  # by the beginning of their path
    ended: dict[str, str]  # releases that were withdrawn, by partner
    #: Of a second case: its reference, a referral nobody decided about, one that was answered, and that answer.
    second: tuple[str, str, str, str]

    def values(self, path: str, login: str, operation: str) -> dict[str, str]:
        """What the parameters of this path stand for. What ends a referral ends one of the second case."""
        second, proposed, answered, answer = self.second
        release = self.releases.get(login, self.releases["officer"])
        if operation.endswith("give_receipt"):
            release = self.ended.get(login, self.ended["caritas"])
        casework = operation.startswith("casework_")
        found = {
            "case": second if casework and ("referral" in operation or operation in SECOND) else self.case,
            "note": self.note, "release": release, "entry": self.entry, "version": "1",
            "referral": answered if operation.endswith("_answer") else proposed, "answer": answer,
            "session": self.note,  # nobody's: ending one that is somebody's would end the hunt
            "passkey": self.note,
        }  # fmt: skip
        item = next((item for beginning, item in self.items.items() if beginning in path), "")
        if "/staff-passkeys/" in path:
            found["passkey"] = item
        if path.endswith(("/assignment", "/erasure")):
            found["case"] = item
        return found | dict.fromkeys(
            (
                "fact",
                "attachment",
                "task",
                "letter",
                "review",
                "question",
                "emergency",
                "sample",
                "erasure",
                *PEOPLE_PARAMETERS,
                *ACCESS_PARAMETERS,
            ),
            item,
        )


SECOND: Final = {
    "casework_record_consent", "casework_record_refusal", "casework_review_answer", "casework_take_answer",
    "casework_read_answer",
    "casework_withdraw_all",
}  # fmt: skip


def plant(house: House) -> Planted:
    """Confide each marked word where it belongs; nothing of it may be anywhere else afterwards."""
    coach, head = house.client("coach"), house.client("head")
    people = [
        CASE["people"][0]
        | {"family_name": CANARY["family"], "given_names": CANARY["given"], "aliases": [CANARY["alias"]]}
    ]
    contact = CASE["contact"] | {
        "address": CANARY["address"], "email": f"{CANARY['email']}@example.be",
        "whereabouts_note": CANARY["whereabouts"],
    }  # fmt: skip
    releases = {}
    other = house.open_case(coach, people=people, contact=contact, ov_number="8123457")
    house.write_note(coach, other, f"Un mot: {CANARY['note']}, sur {CANARY['family']}.")
    releases["officer"] = house.hand_over(coach, head, other)
    case = house.open_case(coach, people=people, contact=contact)
    note = house.write_note(coach, case, f"{CANARY['given']} a dit {CANARY['note']}.")
    revised = {
        "text": f"Puis {CANARY['revised']}.", "language": "fr", "template": "intake", "based_on": 1,
        "correction": f"pas {CANARY['why']}",
    }  # fmt: skip
    assert coach.put(f"/cases/{case}/notes/{note}", json=revised).status_code == 200
    revealed = coach.post(f"/cases/{case}/notes/{note}/reveal", json={"reason": CANARY["reason"]})
    assert revealed.status_code == 200
    releases["caritas"] = house.refer(coach, case, "caritas", fields=["phone", "language"])
    releases["fedasil"] = house.refer(coach, case, "fedasil", fields=["family_name"])
    with sqlite3.connect(house.settings.home / "main.db") as connection:
        row = connection.execute(
            "SELECT release_id FROM releases WHERE kind = 'outcome_sheet' AND reader = 'oversight'"
        ).fetchone()
    connection.close()
    releases["auditor"] = row[0].hex()
    releases["dpo"] = coach.post(f"/cases/{case}/access-report").json()["release"]
    second, ended = _refer_again(house, people, contact)
    entries = house.client("auditor").get("/entries?limit=100").json()["entries"]
    entry = next(e["entry"] for e in entries if e["action"] == "read" or e["kind"] == "note")
    items = record(house, case, note)
    items |= plant_exceptions(house, case, items["/facts/sensitive"])  # the first beginning that fits counts
    items |= organise(house, case) | plant_reviews(house, entry) | plant_access(house)
    items |= plant_emergencies(house, case) | plant_passkeys(house) | plant_samples(house, case)
    items |= plant_erasures(house, people)
    return Planted(case, note, releases, entry, items, ended, second)


def record(house: House, case: str, note: str) -> dict[str, str]:
    """A fact of each compartment, a file of each, a task, a draft and letters."""
    coach, made = house.client("coach"), {}
    for section, mark in FACT_MARKS.items():
        fact = recorded.record_fact(coach, case, section, detail=f"Il dit {CANARY[mark]} à {CANARY['family']}.")
        made[f"/facts/{section}"] = fact
    for section in recorded.FILE_SECTIONS:
        content = recorded.pdf(90_000).replace(b"trailer", CANARY["file"].encode() + b" trailer")
        name = f"{CANARY['file_name']}.pdf"
        made[f"/attachments/{section}"] = recorded.attach(coach, case, content, section, name, CANARY["caption"])
    made["/tasks"] = recorded.set_task(coach, case, title=f"{CANARY['task']} pour {CANARY['given']}")
    recorded.save_draft(coach, case, note, text=f"Pas dit: {CANARY['draft']}", based_on=1)
    made["/letters"] = recorded.compose(coach, case, recorded.CONSEQUENCES | {"place": CANARY["place"]})
    invitation = recorded.INVITATION | {"place": CANARY["place"]}
    made["/invitations"] = recorded.compose(coach, case, invitation)
    return made


def organise(house: House, case: str) -> dict[str, str]:
    """Appointments, who came along, a conflict of interest, an absence of each sort, calendars: one for each route."""
    coach, head = house.client("coach"), house.client("head")
    made = People(house, lambda: case)
    path = f"/cases/{case}/appointments"
    found = {
        f"/appointments/{{appointment}}/{tail}": booked(coach, case, **CALL, interpreter=CANARY["interpreter"],
                                                        interpreting="ti")["appointment"]
        for tail in ("move", "cancel", "attendance")
    }  # fmt: skip
    today = booked(coach, case, starts_at=f"{TODAY}T15:00")["appointment"]
    assert coach.put(f"{path}/{today}/attendees", json=COMPANY | {"based_on": 0}).status_code == 200
    spare = house.open_case(coach, ov_number="8123458")
    made.profile("third_coach")
    who = made.profile("colleague")
    why = {"coach": who, "reason": f"Connaît {CANARY['conflict']}."}
    assert head.post(f"/cases/{case}/conflicts", json=why).status_code == 201
    return found | {
        "/appointments/{appointment}/attendees": today,
        "/assignment": spare,
        "/coaches/": who,
        "/conflicts/": who,
        "/absences/{absence}/hand-over": made.absence(),
        "/absences/{absence}/return": made.absence(),
        "/desks/": "brussels-1",
        "/calendar/{secret}": made.calendar()["address"].split("/")[-2],
        "/calendar/{feed}": made.calendar()["feed"],
    }


def plant_emergencies(house: House, case: str) -> dict[str, str]:
    """One for each route, asked for by the coach's colleague."""
    return {
        **{f"/emergencies/{{emergency}}/{tail}": emergencies.ask(house, case) for tail in ("opening", "refusal")},
        "/emergencies/{emergency}/end": emergencies.opened(house, case),
        "/emergencies/{emergency}": emergencies.opened(house, case),
    }


def plant_samples(house: House, case: str) -> dict[str, str]:
    """Of this very case: one to be ended, one that runs on."""
    why = f"Contrôle de qualité: {CANARY['reason']}"
    return {
        "/samples/{sample}/end": samples.of(house, case, explanation=why),
        "/samples/{sample}": samples.of(house, case, explanation=why),
    }


def plant_erasures(house: House, people: list[dict[str, Any]]) -> dict[str, str]:
    """Closed cases of the marked people: one to be asked for, one to be agreed to, one to be refused."""
    coach, found = house.client("coach"), list[str]()
    for number in range(3):
        case = house.open_case(coach, people=people, ov_number=f"850000{number}")
        house.write_note(coach, case, f"Un mot: {CANARY['note']}.")
        house.step(coach, case, "close", outcome="STAY_OBTAINED")
        found.append(case)
    asked = [erasures.ask(house, case).json()["erasure"] for case in found[1:]]
    return {
        "/cases/{case}/erasure": found[0], "/erasures/{erasure}/approve": asked[0],
        "/erasures/{erasure}/refuse": asked[1],
    }  # fmt: skip


def plant_passkeys(house: House) -> dict[str, str]:
    """One for each route of oversight's."""
    return {f"/staff-passkeys/{{passkey}}/{tail}": passkeys.enrolled(house, "far_head")[1]
            for tail in ("countersignature", "revocation")}  # fmt: skip


def _refer_again(house: House, people: Any, contact: Any) -> tuple[tuple[str, str, str, str], dict[str, str]]:
    coach = house.client("coach")
    case = house.open_case(coach, people=people, contact=contact, ov_number="8123459")
    ended = {}
    for partner in ("caritas", "fedasil"):
        referral = house.consent(coach, case, partner, fields=["phone"])
        ended[partner] = house.send(coach, case, referral)
        house.withdraw(coach, case, referral)
    answered = house.consent(coach, case, fields=["phone"])
    release = house.send(coach, case, answered)
    house.answer(house.client("caritas"), release, f"{CANARY['family']} est venue: {CANARY['answer']}.")
    return (case, house.propose(coach, case), answered, house.waiting(coach)[0]["answer"]), ended


#: Bodies of routes that have a module of their own.
TAKEN_OUT: Final[dict[str, Any]] = ACCESS_BODIES | {
    "casework_ask_sample": samples.ASK | {"explanation": f"Contrôle de qualité: {CANARY['reason']}"},
    "casework_end_sample": {"finding": f"Constat: {CANARY['reason']}"},
    "casework_ask_emergency": emergencies.ASK | {"reason": f"L'hôpital appelle: {CANARY['reason']}"},
}


def bodies(house: House) -> dict[str, Any]:
    """A good body for every operation that takes one."""
    text = {"text": f"Nouveau: {CANARY['note']}", "language": "fr", "template": "intake"}
    person = {"family_name": CANARY["family"], "given_names": CANARY["given"]}
    return {
        "casework_open_case": CASE | {"people": [person]},
        "casework_take_in_order": ORDER | {"people": [person], "street": CANARY["address"]},
        "casework_find_case": {"field": "ov_number", "value": "8123456"},
        "casework_search_notes": {"word": CANARY["note"]},
        "casework_revise_identity": {"people": [person], "ov_number": "8123456", "based_on": 1},
        "casework_revise_contact": {"address": CANARY["address"], "based_on": 1},
        "casework_propose_referral": {"partner": "caritas", "need": "shelter", "fields": ["phone"]},
        "casework_review_answer": {"language": "fr"},
        "casework_record_consent": {"fields": ["phone"], "expires_on": "2026-12-31"},
        **{
            f"partner_{name}_{operation}": body
            for name in ("caritas", "fedasil")
            for operation, body in (
                ("answer_referral", {"status": "answered", "message": "Rien de neuf."}),
                ("give_receipt", {"outcome": "deleted"}),
            )
        },
        "casework_write_note": text,
        "casework_review_note": {"text": text["text"], "language": "fr"},
        "casework_revise_note": text | {"based_on": 1},  # stale by now
        "casework_reveal_note": {"reason": CANARY["reason"]},
        **{
            f"casework_{name}_{section.replace('-', '_')}": recorded.FACTS[section] | more
            for section in recorded.FACTS
            for name, more in (
                ("record_fact", {"provenance": "interview", "detail": CANARY[FACT_MARKS[section]]}),
                ("revise_fact", {"based_on": 1, "correction": CANARY["why"]}),
            )
        },
        **{
            f"casework_describe_attachment_{section.replace('-', '_')}": {
                "name": f"{CANARY['file_name']}.pdf", "caption": CANARY["caption"], "language": "fr", "based_on": 2,
            }
            for section in recorded.FILE_SECTIONS
        },
        "casework_set_task": recorded.TASK | {"title": CANARY["task"]},
        "casework_change_task": recorded.TASK | {"title": CANARY["task"], "based_on": 1},
        "casework_read_agenda": {"until": "2026-12-31"},
        "casework_save_draft": recorded.DRAFT | {"text": CANARY["draft"], "based_on": 1},
        "casework_compose_letter": recorded.CONSEQUENCES | {"place": CANARY["place"]},
        "casework_compose_invitation": recorded.INVITATION | {"place": CANARY["place"]},
        "casework_book_appointment": CALL | {"occasion": "interview"},
        "casework_look_for_clashes": BOOKING,
        "casework_move_appointment": CALL,
        "casework_settle_appointment": {"status": "excused"},
        "casework_receive_walk_in": WALK_IN,
        "casework_record_attendees": COMPANY | {"based_on": 1},
        "casework_set_profile": PROFILE,
        "casework_record_coach_absence": ABSENCE,
        "casework_hand_over_caseload": {"coach": None},
        "casework_assign_case": {"coach": None},
        "casework_declare_conflict": {
            "coach": house.staff["colleague"].id.hex(), "reason": f"Connaît {CANARY['conflict']}.",
        },
        "casework_make_calendar": {"language": "fr"}, "oversight_record_verification": recorded.CHECKED,
    } | {f"casework_{step.value}": Paths(house).details(step) for step in Step} | TAKEN_OUT  # fmt: skip
