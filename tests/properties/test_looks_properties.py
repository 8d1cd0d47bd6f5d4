"""Whatever happens to a case in whatever order, and to the second, nobody reads of it who may not at that moment.

Hypothesis plays one case: it changes hands by head, conflict of interest, holiday and return; it is suspended, closed
and reopened; colleagues ask for emergencies, open, refuse and end them; the head has it drawn and ends the sample; time
passes, to just before what ends next, and to the very moment. A model of a few lines says who may read what; after each
step everybody tries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from tests import samples
from tests.api.stage_people import ABSENCE, CONFLICT, People
from tests.emergencies import ASK
from tests.properties.walks import Walk
from vault.cases.calendar import belgian_day

COACHES: Final = ("coach", "colleague", "third_coach")
LOGINS: Final = (*COACHES, "head", "far_head")
WHO: Final = st.sampled_from(COACHES)
TICK: Final = timedelta(microseconds=1)


@dataclass
class Emergency:
    number: str
    asker: str
    ends: datetime  # the time to open it, then its own
    open: bool = False
    over: bool = False


@dataclass
class Sample:
    number: str
    ends: datetime
    over: bool = False


class Looks(Walk):
    @initialize()
    def open(self) -> None:
        self.move_in()
        self._sign_in()
        coach = self.house.client("coach")
        self.case = self.house.open_case(coach)
        self.note = self.house.write_note(coach, self.case)
        made = People(self.house, lambda: self.case)
        self.ids = {login: made.profile(login) for login in COACHES}
        self.owner, self.phase = "coach", "active"
        self.barred: set[str] = set()
        self.absences: list[tuple[str, str]] = []
        self.emergencies: list[Emergency] = []
        self.samples: list[Sample] = []

    def _sign_in(self) -> None:
        for login in LOGINS:
            self.house.renew(login)

    def _post(self, login: str, path: str, body: Any = None) -> Any:
        return self.house.client(login).post(path, json=body)

    def _given(self, login: str) -> None:
        """The case is theirs now; nobody's, if "": a conflict of interest keeps it from every coach of the region."""
        assert login not in self.barred, "no road leads to whom a conflict of interest keeps from it"
        self.owner = login

    # -- whose it is ------------------------------------------------------------------------------

    @rule(to=WHO)
    def assign(self, to: str) -> None:
        if self._post("head", f"/cases/{self.case}/assignment", {"coach": self.ids[to]}).status_code == 200:
            self._given(to)

    @rule(who=WHO)
    def declare(self, who: str) -> None:
        told = self._post("head", f"/cases/{self.case}/conflicts", CONFLICT | {"coach": self.ids[who]})
        if told.status_code == 201:
            self.barred.add(who)
            if self.owner == who:
                name = self.house.client("head").get(f"/cases/{self.case}/assignment").json()["coach"]
                self._given(name.lower().replace(" ", "_"))

    @rule(who=WHO)
    def lift(self, who: str) -> None:
        reply = self.house.client("head").delete(f"/cases/{self.case}/conflicts/{self.ids[who]}")
        if reply.status_code == 200:
            self.barred.discard(who)

    @rule(who=WHO, stand_in=WHO)
    def go_away(self, who: str, stand_in: str) -> None:
        today = belgian_day(self.house.clock.moment)
        days = {"first_day": today.isoformat(), "last_day": (today + timedelta(days=3)).isoformat()}
        reply = self._post("head", f"/coaches/{self.ids[who]}/absences", ABSENCE | days)
        if reply.status_code != 201:
            return
        absence = reply.json()["absence"]
        self.absences.append((absence, who))
        handed = self._post("head", f"/absences/{absence}/hand-over", {"coach": self.ids[stand_in]})
        if handed.status_code == 200 and handed.json()["moved"]:
            assert self.owner == who
            self._given(stand_in)

    @precondition(lambda self: self.absences)
    @rule(data=st.data())
    def come_back(self, data: st.DataObject) -> None:
        absence, who = data.draw(st.sampled_from(self.absences))
        back = self._post("head", f"/absences/{absence}/return")
        if back.status_code == 200 and back.json()["moved"]:
            self._given(who)

    # -- where it stands --------------------------------------------------------------------------

    @rule(step=st.sampled_from(["suspend", "resume", "close", "reopen", "begin-intake"]))
    def step(self, step: str) -> None:
        day = belgian_day(self.house.clock.moment).isoformat()
        told = {
            "suspend": {"reason": "new_procedure"}, "resume": {}, "close": {"outcome": "OTHER"},
            "reopen": {"day": day, "language": "fr", "leaflet": "2026-1"},
            "begin-intake": {"attendees": [], "interpreter": "not_needed"},
        }[step]  # fmt: skip
        login = "head" if step in {"suspend", "resume"} else self.owner or "coach"
        reply = self._post(login, f"/cases/{self.case}/steps/{step}", told)
        if reply.status_code == 201:
            assert login in {self.owner, "head"}, "a case that nobody has is nobody's to step"
            phases = {"suspended": "suspended", "closed": "closed", "invited": "pending"}
            self.phase = phases.get(reply.json()["state"], "active")

    # -- emergencies and samples ------------------------------------------------------------------

    @rule(who=WHO, second=st.sampled_from(["", "head", "head", *COACHES]))
    def ask(self, who: str, second: str) -> None:
        """second: who opens it at once."""
        reply = self._post(who, f"/cases/{self.case}/emergencies", ASK)
        assert (reply.status_code == 201) is (self.owner != who and self.phase != "closed")
        if reply.status_code == 201:
            lapses = datetime.fromisoformat(reply.json()["lapses_at"])
            self.emergencies.append(Emergency(reply.json()["emergency"], who, self._whole(lapses, minutes=60)))
            if second:
                self._answer(self.emergencies[-1], second, "opening")

    def _whole(self, told: datetime, **after: float) -> datetime:
        """The moment of which the answer tells the second: that long after now, or a little less."""
        found = self.house.clock.moment + timedelta(**after)
        assert timedelta(0) <= found - told < timedelta(seconds=1), "told to the second"
        return found

    @precondition(lambda self: self.emergencies)
    @rule(
        back=st.integers(1, 3), by=st.sampled_from(["head", *COACHES, "far_head"]),
        what=st.sampled_from(["end", "opening", "refusal"]),
    )  # fmt: skip
    def answer(self, back: int, by: str, what: str) -> None:
        self._answer(self.emergencies[-min(back, len(self.emergencies))], by, what)

    def _answer(self, one: Emergency, by: str, what: str) -> None:
        asked_at = self.house.clock.moment
        reply = self._post(by, f"/emergencies/{one.number}/{what}")
        if reply.status_code != 201:
            return
        assert by != "far_head"
        assert self.phase != "closed"
        assert not one.over
        assert asked_at < one.ends, "what is over is answered no more"
        if what == "opening":
            assert by != one.asker, "two people"
            assert not one.open
            one.open = True
            one.ends = self._whole(datetime.fromisoformat(reply.json()["expires_at"]), minutes=30)
        else:
            assert one.open is (what == "end")
            one.over = True

    @rule()
    def draw(self) -> None:
        reply = self._post("head", "/samples", samples.ASK)
        assert (reply.status_code == 201) is (self.phase == "active")
        if reply.status_code == 201:
            ends = datetime.fromisoformat(reply.json()["expires_at"])
            self.samples.append(Sample(reply.json()["sample"], ends))

    @precondition(lambda self: self.samples)
    @rule(data=st.data())
    def say_what_came_of_it(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.samples))
        shown = self._shows(one)
        reply = self._post("head", f"/samples/{one.number}/end", samples.FINDING)
        assert (reply.status_code == 201) is shown
        one.over = one.over or shown

    # -- time -------------------------------------------------------------------------------------

    @rule(data=st.data())
    def time_passes(self, data: st.DataObject) -> None:
        clock = self.house.clock
        ahead = sorted(one.ends for one in (*self.emergencies, *self.samples) if one.ends > clock.moment)
        choices = [clock.moment + timedelta(minutes=minutes) for minutes in (1, 31, 600)]
        if ahead:
            choices += [ahead[0] - timedelta(seconds=20), ahead[0] - TICK] * 2
        self._be_at(max(clock.moment, data.draw(st.sampled_from(choices))))

    def _be_at(self, moment: datetime) -> None:
        """Everybody signs in anew, an hour before: so that the very next moment is the one that was meant."""
        self.house.clock.moment = moment - timedelta(hours=1)
        self._sign_in()
        self.house.clock.moment = moment

    # -- who may read what ------------------------------------------------------------------------

    def _shows(self, one: Sample) -> bool:
        return not one.over and self.phase in {"active", "suspended"} and self.house.clock.moment + TICK < one.ends

    @invariant()
    def everybody_tries(self) -> None:
        if not hasattr(self, "house"):
            return
        for login in LOGINS:
            there = self.house.client(login).get(f"/cases/{self.case}/notes/{self.note}")
            assert (there.status_code == 200) is (login == self.owner), (login, self.owner)
        for one in self.emergencies[-2:]:
            for login in ("head", *COACHES):
                runs = one.open and not one.over and self.house.clock.moment + TICK < one.ends
                may = runs and login == one.asker and self.phase != "closed"
                reply = self.house.client(login).get(f"/emergencies/{one.number}/identity")
                assert (reply.status_code == 200) is may, (login, one)
        for drawn in self.samples[-2:]:
            for login in ("head", "far_head"):
                may = login == "head" and self._shows(drawn)
                reply = self.house.client(login).get(f"/samples/{drawn.number}/notes/{self.note}")
                assert (reply.status_code == 200) is may, (login, drawn)


def test_one_way_of_all() -> None:
    """What chance may leave out: each end, at its moment and a moment before."""
    play = Looks()
    play.open()
    try:
        play.ask("colleague", "head")
        one = play.emergencies[-1]
        for moment in (one.ends - timedelta(seconds=1), one.ends - TICK):
            play._be_at(moment)
            play.everybody_tries()
        play.ask("third_coach", "colleague")
        assert play.emergencies[-1].open
        play.answer(1, "head", "end")
        assert play.emergencies[-1].over
        play.everybody_tries()
        play.draw()
        for moment in (play.samples[-1].ends - timedelta(seconds=1), play.samples[-1].ends - TICK):
            play._be_at(moment)
            play.everybody_tries()
        for login in COACHES:
            play.declare(login)
            play.everybody_tries()
        assert not play.owner, "nobody is left who may have it"
        play.step("close")
        play.everybody_tries()
        play.lift("third_coach")
        play.assign("third_coach")
        assert play.owner == "third_coach"
        play.everybody_tries()
    finally:
        play.teardown()


TestLooks = Looks.TestCase
TestLooks.settings = settings(max_examples=6, stateful_step_count=20, deadline=None)
