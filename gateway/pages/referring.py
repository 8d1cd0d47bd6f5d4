"""A coach's pages of referrals: propose one, write down what the person decided, send it, take answers in, end it.

Nothing leaves before the person agreed; what is proposed, agreed and sent stands side by side on one page. An answer
stays as the partner sealed it until the coach opens it, and is kept only with its names replaced.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from starlette.responses import Response

from gateway.api.models import ConsentBody
from gateway.looking import looking_of
from gateway.pages.casework import CaseworkPages, told_unusable
from gateway.pages.forms import parsed
from gateway.pages.reviewing import Look, decided
from gateway.pages.site import Door, Visit
from vault.cases.calendar import belgian_day
from vault.cases.partners import FIELDS
from vault.cases.referrals import ReferralStatus, ReferralStep, possible_steps
from vault.errors import ConfigurationError, InvalidInput, NotFound, ReviewNeeded, ReviewStale
from vault.ids import AnswerId, CaseId, ReferralId
from vault.usecases import answers, referrals, taking_in, withdrawals
from vault.vocabulary import CASEWORK, Zone, ZoneKind

#: How long a consent is offered for at first; the person decides, the office's longest term ends it.
_OFFERED: Final = timedelta(days=90)


class ReferralPages(CaseworkPages):
    """Each button is one use case; the table of a referral's steps says which buttons there are."""

    def __init__(self, door: Door) -> None:
        super().__init__(door)
        services = door.gate.services
        if services.sender is None:
            raise ConfigurationError("this process has no casework keys")
        self.sender = services.sender
        self.correspondence = services.correspondence[CASEWORK]
        self.looking = looking_of(door.gate)

    # -- the referrals of a case --------------------------------------------------------------------

    async def all(self, visit: Visit) -> Response:
        """The referrals of a case, the newest first, and how far each is."""
        case = self.wanted(visit)
        rows = await visit.run(lambda uow, actor: referrals.list_referrals(uow, actor, case, self.casework))
        return visit.draw("referrals.html", rows=rows, **self._names(visit), reference=visit.place("case"))

    async def new(self, visit: Visit) -> Response:
        """Propose one to the person: to whom, for what, with which fields."""
        case, form = self.wanted(visit), visit.form
        await visit.run(lambda uow, actor: referrals.list_referrals(uow, actor, case, self.casework))
        if visit.saving:
            cmd = self._proposal(visit, case)
            if cmd is not None:
                reply = await visit.attempt(
                    lambda uow, actor: referrals.propose(uow, actor, cmd, self.casework), main="need"
                )
                if reply is not None:
                    return visit.go(f"/cases/{visit.place('case')}/referrals/{reply['referral']}", done="proposed")
                if "partner" in visit.faults.by_field:
                    visit.faults.by_field = {"need": visit.faults.by_field["partner"]}
        return visit.draw(
            "referral_form.html", reference=visit.place("case"), chosen=form.text("need"), fields=tuple(FIELDS),
            ticked=form.all("fields"), organisations=list(self.casework.rules.organisations.values()),
            **self._names(visit),
        )  # fmt: skip

    @staticmethod
    def _proposal(visit: Visit, case: CaseId) -> referrals.Propose | None:
        """What the form proposes; None, with the faults told. One choice names the partner and the need."""
        partner, _, need = visit.form.text("need").partition("/")
        fields = visit.form.all("fields")
        if not partner or not need:
            visit.faults.add("need", "missing")
        if not fields:
            visit.faults.add("fields", "missing")
        if visit.faults:
            return None
        try:
            zone = Zone(ZoneKind.PARTNER, partner)
        except ValueError:
            visit.faults.add("need", "unusable")
            return None
        return referrals.Propose(case, zone, need, fields)

    # -- one of them --------------------------------------------------------------------------------

    async def one(self, visit: Visit) -> Response:
        """How far it is, and what can be done next."""
        case, wanted = self.wanted(visit), ReferralId.parse(visit.place("referral"))
        if visit.saving:
            done = await self._act(visit, case, wanted)
            if done:
                return visit.go(f"/cases/{visit.place('case')}/referrals/{wanted.hex()}", done=done)
        found = await visit.run(
            lambda uow, actor: referrals.read_referral(uow, actor, case, wanted, self.casework, self.correspondence),
            quick=False,
        )
        found |= {name: sorted(found[name], key=list(FIELDS).index) for name in ("fields", "consented_fields")}
        now, longest = self.casework.clock.now(), self.casework.rules.longest_consent.length
        offered = min(belgian_day(now) + _OFFERED, belgian_day(now + longest) - timedelta(days=1))  # to its end
        return visit.draw(
            "referral.html", found=found, reference=visit.place("case"),
            able=possible_steps(ReferralStatus(found["status"])),
            agreed=visit.form.all("fields") if visit.posted else found["consented_fields"] or found["fields"],
            until=visit.form.text("expires_on", offered.isoformat()), **self._names(visit),
        )  # fmt: skip

    async def _act(self, visit: Visit, case: CaseId, wanted: ReferralId) -> str:
        """Do what the pressed button says. Returns what was done; "" where it was refused."""
        act = visit.form.text("act")
        if act == ReferralStep.CONSENT.value:
            reply = await self._consent(visit, case, wanted)
        elif act == ReferralStep.DECLINE.value:
            reply = await visit.attempt(
                lambda uow, actor: referrals.record_refusal(uow, actor, case, wanted, self.casework)
            )
        elif act == ReferralStep.SEND.value:
            reply = await self._send(visit, case, wanted)
        elif act == ReferralStep.WITHDRAW.value:
            reply = await visit.attempt(
                lambda uow, actor: withdrawals.withdraw(uow, actor, case, wanted, self.casework, self.correspondence),
                quick=False,  # it may have to wait for a reader
            )
        else:
            raise NotFound("no such page")
        return "" if reply is None else "referral_" + act

    async def _consent(self, visit: Visit, case: CaseId, wanted: ReferralId) -> Any:
        fields, until = visit.form.all("fields"), visit.form.text("expires_on").strip()
        if not fields:
            visit.faults.add("fields", "missing")
        if not until:
            visit.faults.add("expires_on", "missing")
        if visit.faults:
            return None
        body = parsed(ConsentBody, {"fields": list(fields), "expires_on": until}, visit.faults)
        if body is None:
            return None
        try:
            cmd = referrals.RecordConsent(case, wanted, fields, body.expires_at())
        except InvalidInput as refused:
            visit.faults.add(refused.field or "expires_on", "unusable")
            return None
        return await visit.attempt(
            lambda uow, actor: referrals.record_consent(uow, actor, cmd, self.casework), main="fields"
        )

    async def _send(self, visit: Visit, case: CaseId, wanted: ReferralId) -> Any:
        """Two halves: the entry stands before anything leaves."""
        granted = await visit.attempt(
            lambda uow, actor: referrals.authorise_sending(uow, actor, case, wanted, self.casework)
        )
        if granted is None:
            return None
        return await visit.attempt(lambda uow, actor: referrals.send(uow, actor, granted, self.casework, self.sender))

    # -- answers ------------------------------------------------------------------------------------

    async def answer(self, visit: Visit) -> Response:
        """An answer: as it was taken in; or, after a click that is logged, to be looked through and taken in."""
        case, wanted = self.wanted(visit), ReferralId.parse(visit.place("referral"))
        which = AnswerId.parse(visit.place("answer"))
        taken, review, reading = None, None, None
        if visit.saving:
            asked = taking_in.Asked(case, wanted, which)
            reading, review = await self._take(visit, asked)
            if reading is None:
                path = f"/cases/{visit.place('case')}/referrals/{wanted.hex()}/answers/{which.hex()}"
                return visit.go(path, done="answer_taken")
        found = await visit.run(
            lambda uow, actor: referrals.read_referral(uow, actor, case, wanted, self.casework, self.correspondence),
            quick=False,
        )
        line = next((line for line in found["answers"] if line["answer"] == which.hex()), None)
        if line is None:
            raise NotFound("no such item, or not for you")
        if line["taken_at"] is not None:
            taken = await visit.run(
                lambda uow, actor: answers.read_answer(uow, actor, case, wanted, which, self.casework)
            )
        return visit.draw(
            "referral_answer.html", found=found, line=line, taken=taken, review=review, reading=reading,
            reference=visit.place("case"), **self._names(visit),
        )  # fmt: skip

    async def _take(self, visit: Visit, asked: taking_in.Asked) -> tuple[Any, Look | None]:
        """(None, None) once it is taken in; else what is to be decided first."""
        text, language = await visit.run(
            lambda uow, actor: taking_in.message_to_look_at(uow, actor, asked, self.casework, self.correspondence)
        )
        looked = await self.looking.look(visit.request, text, language)
        if "_look" not in visit.form and not told_unusable(visit):
            ready = asked.looking(looked, decided(visit.form))
            try:
                await visit.run(
                    lambda uow, actor: taking_in.take_in(uow, actor, ready, self.casework, self.correspondence)
                )
            except (ReviewNeeded, ReviewStale) as refused:
                visit.faults.add("review", refused.code)
            except InvalidInput as refused:
                visit.faults.add(refused.field or "form", "unusable")
            else:
                return None, None
        seen = asked.looking(looked)
        return await self.shown_with(
            visit,
            lambda choices: (
                lambda uow, actor: taking_in.review_answer(
                    uow, actor, seen, self.casework, self.correspondence, choices
                )
            ),
        )

    # -- every consent at once ----------------------------------------------------------------------

    async def withdrawal(self, visit: Visit) -> Response:
        """The person takes back whatever it agreed to. For the regional head too, while the coach is away."""
        case = self.wanted(visit)
        if visit.saving:
            reply = await visit.attempt(
                lambda uow, actor: withdrawals.withdraw_all(uow, actor, case, self.casework, self.correspondence),
                quick=False,
            )
            if reply is not None:
                return visit.go(f"/cases/{visit.place('case')}", done="withdrawn_all")
        await visit.who()
        return visit.draw("withdrawal.html", reference=visit.place("case"))

    def _names(self, visit: Visit) -> dict[str, Any]:
        """What organisations and needs are called here: the office's own file says it, in each language."""
        rules, language = self.casework.rules, visit.language
        return {
            "partner_names": {zone.organisation: one.names[language] for zone, one in rules.organisations.items()},
            "need_names": {code: names[language] for code, names in rules.needs.items()},
        }
