"""Samples on the screen: a head has a case drawn, reads it while it runs, and says what came of it.

What is recorded about stay and return stands in the answer to a pressed button alone: nobody opens it in passing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from gateway.pages.casework import CaseworkPages
from gateway.pages.site import Visit
from vault.access.actor import Actor
from vault.cases.calendar import belgian_day
from vault.cases.case_samples import EXPLANATION_LONGEST, FINDING_LONGEST, Standing
from vault.errors import MalformedId, NotFound
from vault.ids import ActorId, CaseSampleId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases import case_samples, coaches
from vault.vocabulary import Kind

#: What can be looked at besides notes; the button's word.
_SEEN: Final = {"stay": Kind.STAY_FACT, "return": Kind.RETURN_FACT}


class CaseSamplePages(CaseworkPages):
    """For heads of a region."""

    async def all(self, visit: Visit) -> Response:
        """What was drawn for whoever is signed in, how long each runs; and the form to have another drawn."""
        form = visit.form
        if visit.saving:
            cmd = self._command(visit)
            reply = None
            if cmd is not None:
                reply = await visit.attempt(
                    lambda uow, actor: case_samples.ask(uow, actor, cmd, self.casework), quick=False,
                    main="explanation",
                )  # fmt: skip
            if reply is not None:
                return visit.go(f"/samples/{reply['sample']}", done="sample_drawn")
            self._say_which_words(visit, "explanation")
            if visit.faults.by_field.get("form") == "budget_spent":
                visit.faults.by_field["form"] = "samples_spent"

        def work(uow: UnitOfWork, actor: Actor) -> tuple[Any, Any]:
            own = case_samples.list_own(uow, actor, self.casework)
            return own, coaches.list_coaches(uow, actor, self.casework)

        own, staff = await visit.run(work)
        rows = [row | {"left": self._days_left(row)} for row in own["samples"]]
        values = {name: form.text(name) for name in ("reason", "explanation", "coach")}
        return visit.draw("case_samples.html", **(own | {"samples": rows}), coaches=staff, values=values)

    def _command(self, visit: Visit) -> case_samples.Ask | None:
        """What the form says; None, with what is wrong told."""
        form = visit.form
        reason, explanation = form.text("reason"), form.text("explanation").strip()
        for name in ("reason", "explanation"):
            if not form.text(name).strip():
                visit.faults.add(name, "missing")
        if len(explanation) > EXPLANATION_LONGEST:
            visit.faults.add("explanation", "too_long")
        try:
            coach = ActorId.parse(form.text("coach")) if form.text("coach") else None
        except MalformedId:
            visit.faults.add("coach", "unusable")
        return case_samples.Ask(reason, explanation, coach) if not visit.faults else None

    async def one(self, visit: Visit) -> Response:
        """One's own sample: while it runs its notes, and what is recorded about stay and return at a press."""
        wanted, act = CaseSampleId.parse(visit.place("sample")), visit.form.text("act")
        shown: Any = None
        if visit.saving and act in _SEEN:
            shown = await visit.run(
                lambda uow, actor: case_samples.read_facts(uow, actor, wanted, _SEEN[act], self.casework)
            )
        elif visit.saving:
            if act != "done":
                raise NotFound("no such page")
            finding = visit.form.text("finding").strip()
            if not finding or len(finding) > FINDING_LONGEST:
                visit.faults.add("finding", "too_long" if finding else "missing")
            elif await visit.attempt(
                lambda uow, actor: case_samples.end(uow, actor, wanted, finding, self.casework), main="finding"
            ):
                return visit.go(f"/samples/{wanted.hex()}", done="sample_done")
            self._say_which_words(visit, "finding")

        def work(uow: UnitOfWork, actor: Actor) -> tuple[Any, Any]:
            found = case_samples.read(uow, actor, wanted, self.casework)
            runs = found["standing"] == Standing.RUNNING.value
            return found, case_samples.list_notes(uow, actor, wanted, self.casework) if runs else []

        found, notes = await visit.run(work)
        return visit.draw(
            "case_sample.html", found=found, notes=notes, shown=shown, looked_at=act if shown else "",
            runs=found["standing"] == Standing.RUNNING.value, left=self._days_left(found),
            finding=visit.form.text("finding"),
        )  # fmt: skip

    async def note(self, visit: Visit) -> Response:
        """One note with its stand-ins. Looking is the entry."""
        wanted, note = CaseSampleId.parse(visit.place("sample")), RecordId.parse(visit.place("note"))
        found = await visit.run(
            lambda uow, actor: case_samples.read_note(uow, actor, wanted, note, self.casework)
        )  # fmt: skip
        return visit.draw("case_sample_note.html", note=found, sample=wanted.hex())

    def _days_left(self, row: dict[str, Any]) -> int | None:
        """Until the last day on which one looks; None for a sample that does not run."""
        if row["standing"] != Standing.RUNNING.value:
            return None
        last = datetime.fromisoformat(row["expires_at"])
        return (belgian_day(last) - belgian_day(self.casework.clock.now())).days - 1

    @staticmethod
    def _say_which_words(visit: Visit, name: str) -> None:
        if visit.faults.by_field.get(name) == "unusable":
            visit.faults.by_field[name] = "words_of_a_head"
