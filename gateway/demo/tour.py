"""The guided tour: one whole case on a vault of its own, from the first interview to an attack.

Everything is done by the real parts: the gateway in this process, the real policy, sealed records, both
databases. What is printed was answered, stored or refused just before.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from gateway.cli.file import answers, report_rows
from gateway.cli.home import Hooks, settings_of
from gateway.cli.init import create_home
from gateway.cli.output import as_called
from gateway.client import InProcess, Problem
from gateway.clock import SystemEntropy
from gateway.demo import orders
from gateway.demo.attack import Findings, Loot, attack, hexdump
from gateway.demo.people import BY_LOGIN, PARTNERS, Caller, hire, token_for
from gateway.demo.seed_data import SeedCase, load_seed
from gateway.instance import load_zones, read_directory
from gateway.order_files import OrderFile, survey
from gateway.reviewing import accept_all, pending, send_note
from gateway.settings import Settings
from gateway.wiring import build
from policies.explainer import explain
from policies.firewall import TableFirewall, rules_in_force
from vault.cases.calendar import belgian_day
from vault.cases.flow import Step
from vault.storage.store import Store
from vault.vocabulary import Action, Facts, Kind, Phase, Purpose, Question, Role, Zone

_EXCERPT: Final = 420
_PLAYERS: Final = ("amina", "hugo", "nele", "frank", "cari", "odile")


def play_tour(home: Path | None, hooks: Hooks, *, pause: Callable[[], None], console: Console) -> list[Findings]:
    """Play the tour. home: where to build its vault, kept afterwards; None: a temporary folder. Returns the attacks."""
    with tempfile.TemporaryDirectory(prefix="parefeu-tour-") as folder:
        place = home or Path(folder) / "vault"
        with console.status("Making a vault of its own: keys for every zone, both databases …"):
            create_home(place, PARTNERS, hooks, mark="demo")
            settings = settings_of(place)
            services = build(settings, note=lambda: "the tour", **hooks.parts())
        with InProcess(services) as gateway:
            hire(services, "$argon2id$unusable")
            hour = timedelta(hours=1)
            callers = {login: Caller(gateway, BY_LOGIN[login], token_for(services, login, hour)) for login in _PLAYERS}
            firewall = rules_in_force(services.firewall)
            if firewall is None:
                raise TypeError("the tour explains decisions of the compiled table")
            return _Tour(console, pause, settings, hooks, firewall, callers).play()


@dataclass
class _Tour:
    console: Console
    pause: Callable[[], None]
    settings: Settings
    hooks: Hooks
    firewall: TableFirewall
    callers: dict[str, Caller]
    case: str = ""
    note: str = ""
    chapter: int = 0

    def play(self) -> list[Findings]:
        seed = next(case for case in load_seed() if case.outcome == "REFUSED")
        self._opening()
        self._file()
        self._order(seed)
        self._coach(seed)
        self._database(seed)
        referral = self._partner()
        self._follow_up(referral)
        self._auditor()
        findings = self._attack()
        self._ending(findings)
        return findings

    # -- printing ---------------------------------------------------------------------------------

    def head(self, title: str) -> None:
        if self.chapter:
            self.pause()
        self.chapter += 1
        self.console.print()
        self.console.print(Rule(Text(f"{self.chapter}. {title}", style="bold"), align="left"))

    def say(self, *sentences: str) -> None:
        self.console.print(Text(" ".join(sentences)))

    def block(self, text: str, style: str = "cyan") -> None:
        self.console.print(Padding(Text(text, style=style), (0, 0, 0, 4)))

    def record(self, values: Mapping[str, Any]) -> None:
        table = Table(show_header=False, box=None, padding=(0, 2))
        for name, value in values.items():
            table.add_row(Text(name, style="bold"), Text(_shown(value), style="cyan"))
        self.console.print(Padding(table, (0, 0, 0, 2)))

    def refused(self, what: str, ask: Callable[[], Any], question: Question | None, facts: Facts | None = None) -> None:
        """Ask, show the refusal, and say why in the policy's words."""
        try:
            ask()
        except Problem as problem:
            self.console.print(Text.assemble(f"{what}: ", (f"{problem.status} {problem.sentence}", "bold red")))
        else:
            raise AssertionError("the tour shows a refusal that did not happen")
        if question is not None:
            self.block(explain(self.firewall, question, facts or Facts()).text(), "yellow")

    # -- chapters ---------------------------------------------------------------------------------

    def _opening(self) -> None:
        self.head("A vault with five zones")
        self.say(
            "Coaches (casework), the follow-up service, two partner organisations and oversight each have keys of",
            "their own. A record can be opened only by zones that its key was sealed to. Everything here is invented.",
        )
        directory = read_directory(self.settings)
        self.record({str(entry.zone): f"key version {entry.key_version}" for entry in directory.entries})

    def step(self, login: str, step: Step, **told: Any) -> str:
        """Take one step; the state that it led to."""
        reply = self.callers[login].post(f"/cases/{self.case}/steps/{step.value.replace('_', '-')}", told)
        return str(reply["state"])

    def _file(self) -> None:
        desk, today = self.callers["nele"], belgian_day(datetime.now(UTC))
        self.head("Orders come in as a file")
        path = orders.write_orders(self.settings.home, orders.EXAMPLE_FILE, today)
        self.say(
            "The official file hands orders over as a table. The desk first looks what would become of each line;",
            "nothing is written, and no message repeats what stands in a cell:",
        )
        self._taken_in(desk, path, write=False)
        self.say(
            "A minor who is alone is refused, and so is a day that is no day. An order of Liege is not kept here. The",
            "rest is triaged by criterion, address and people, to a region and a kind of coach. Now for real:",
        )
        self._taken_in(desk, path, write=True)
        self.say("The same file once more changes nothing:")
        again = self._taken_in(desk, path, write=True)
        if "triaged" in again or "same" not in again:
            raise AssertionError("an order was taken in twice")

    def _taken_in(self, desk: Caller, path: Path, *, write: bool) -> set[str]:
        """Send the file as `parefeu file import` does; show its report. Returns what became of the orders."""
        how = {"look": not write, "complete": False, "update": False}
        file = OrderFile.at(path)
        found = [row for one, told in answers(desk, file, survey(file), how) for row in report_rows(one, told)]
        table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
        names = ("line", "status", "region", "coach_type", "criterion", "missing", "why")
        for name in names:
            table.add_column(name.replace("_", " "), overflow="fold")
        for row in found:
            cells = ["; ".join(row[name]) if isinstance(row[name], list) else str(row[name]) for name in names]
            table.add_row(*(Text(cell, style="red" if row["status"] == "invalid" else "") for cell in cells))
        self.console.print(Padding(table, (0, 0, 0, 4)))
        return {row["status"] for row in found}

    def _order(self, seed: SeedCase) -> None:
        desk, today = self.callers["nele"], belgian_day(datetime.now(UTC))
        self.head("From the order to leave to the first interview")
        notified = (today - timedelta(days=seed.notified_days_ago)).isoformat()
        facts = seed.body["facts"] | {"notified_on": notified, "term_end": None}
        self.case = str(desk.post("/cases", seed.body | {"origin": "order", "facts": facts})["reference"])
        at = f"/cases/{self.case}"
        self.say("The desk registers an order. The case gets a reference that tells nothing:", self.case)
        self.step("nele", Step.TRIAGE, criterion="ADDRESS", coach="amina")
        state = self.step("nele", Step.INVITE, day=today.isoformat(), language="nl", leaflet="2026-1")
        self.say(f"It is triaged and given to Amina; the person is invited. State: {state}.")
        closing = {"outcome": "NO_SHOW"}
        self.refused(
            "The coach begins a closing at once",
            lambda: self.callers["amina"].post(f"{at}/steps/begin-closing", closing),
            None,
        )
        self.step("nele", Step.RECORD_ABSENCE)
        self.say("Nobody came. The desk sees what this case can take now, and why the rest must wait:")
        reply: Any = desk.get(f"{at}/steps")
        self.record({row["step"]: "; ".join(r["text"] for r in row["reasons"]) or "possible" for row in reply["steps"]})
        self.step("nele", Step.INVITE, day=today.isoformat(), language="nl", leaflet="2026-1")
        self.step("amina", Step.BEGIN_INTAKE, attendees=[], interpreter="by_phone")
        self.say("The days that count, each with its rule and source:")
        found: Any = self.callers["amina"].get(f"{at}/deadlines")
        self.record({row["deadline"]: _reasons(row) for row in found["deadlines"]})

    def _coach(self, seed: SeedCase) -> None:
        coach = self.callers["amina"]
        self.head("The coach writes down what was confided")
        at = f"/cases/{self.case}"
        body = {"text": seed.notes[0].text, "language": seed.notes[0].language, "template": seed.notes[0].template}
        self.refused("She writes a note at once", lambda: coach.post(f"{at}/notes", body), None)
        self.step("amina", Step.GIVE_NOTICE, language=seed.body["language"], leaflet="2026-1")
        look: Any = coach.post(f"{at}/note-review", {"text": body["text"], "language": body["language"]})
        found, unsure = len(look["spans"]), len(pending(look))
        self.say("Once the privacy notice is given, she may. What she typed begins:")
        self.block(_excerpt(seed.notes[0].text))
        self.say(
            f"Before anything is stored it is looked through: {found} places identify somebody, {unsure} of them",
            "only perhaps. She decides about those; here, all are replaced. Until she has, the note is refused.",
        )
        self.note = str(send_note(coach.ask, "POST", f"{at}/notes", body, accept_all)["note"])
        stored = str(coach.get(f"{at}/notes/{self.note}")["text"])
        self.say(
            "What anybody who may read it sees: stand-ins for names and numbers, the same ones all through the case."
        )
        self.block(_excerpt(stored))
        revealed = coach.post(f"{at}/notes/{self.note}/reveal", {"reason": "appeal to be filed under the real name"})
        spans: Any = revealed["restored_spans"]
        self.say(f"Restoring the {len(spans)} names is an act of its own, with a reason, logged before anything opens.")

    def _database(self, seed: SeedCase) -> None:
        self.head("What the database holds")
        rows = self._loot().rows
        note = next(row for row in rows["records"] if row["record_id"].hex() == self.note)
        wrap = next(row for row in rows["wraps"] if row["key_id"] == note["key_id"])
        self.say("The note, as it lies on the disk:")
        self.block(hexdump(note["sealed"]))
        self.say("The key it was sealed under, itself under casework's key, in a database of its own:")
        self.block(hexdump(wrap["wrap"]))
        words = _words(seed)
        raw = b"".join(path.read_bytes() for path in sorted(self.settings.home.glob("*.db*")))
        hits = sum(raw.lower().count(word.lower().encode()) for word in words)
        self.say(
            f"{len(words)} names, numbers and addresses of it, looked for in {len(raw):,} bytes of both databases:",
            f"{hits} hits.",
        )
        if hits:
            raise AssertionError("a name stands in the database")

    def _partner(self) -> str:
        coach, agent = self.callers["amina"], self.callers["cari"]
        self.head("A partner gets what the person consented to")
        at = f"/cases/{self.case}"
        fields = ["family_name", "phone", "language"]
        proposal = {"partner": "caritas", "need": "shelter", "fields": [*fields, "address"]}
        referral = f"{at}/referrals/{coach.post(f'{at}/referrals', proposal)['referral']}"
        self.refused(
            "Amina proposes a referral. Before the person agreed, it cannot be sent",
            lambda: coach.post(f"{referral}/send"),
            Question(Role.COACH, Action.RELEASE, Kind.REFERRAL, Purpose.COACHING, Phase.ACTIVE),
            Facts.of(own=True),
        )
        until = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
        coach.post(f"{referral}/consent", {"fields": fields, "expires_on": until})
        release = str(coach.post(f"{referral}/send")["release"])
        self.say(
            "The person agrees to three of the four fields. Caritas opens exactly these, under a pseudonym of its own:"
        )
        self.record(agent.get(f"/referrals/{release}"))
        self.refused(
            "Caritas asks for the note",
            lambda: agent.elsewhere(f"/casework{at}/notes/{self.note}"),
            Question(Role.PARTNER_AGENT, Action.READ, Kind.NOTE, Purpose.REFERRAL, Phase.ACTIVE),
        )
        agent.post(f"/referrals/{release}/answers", {"status": "accepted", "message": "A bed is free from Monday on."})
        waiting: Any = coach.get("/answers")["answers"]
        self.say(
            "Caritas answers; only casework opens it. Amina takes the answer in, and it is kept under casework's key:"
        )
        self.record(coach.post(f"{referral}/answers/{waiting[0]['answer']}"))
        due = str(coach.post(f"{referral}/withdraw")["receipt_due"])
        self.refused(
            "The person takes the consent back. The very next request of Caritas",
            lambda: agent.get(f"/referrals/{release}"),
            Question(Role.PARTNER_AGENT, Action.READ, Kind.REFERRAL, Purpose.REFERRAL, Phase.NONE),
        )
        agent.post(f"/withdrawals/{release}/receipt", {"outcome": "deleted"})
        self.say(
            f"Caritas was asked to confirm by {due[:10]} that it keeps no copy, and does so under its own signature."
        )
        return release

    def _follow_up(self, referral: str) -> None:
        coach, head, officer = self.callers["amina"], self.callers["hugo"], self.callers["frank"]
        self.head("The follow-up service gets its outcome sheet, and nothing else")
        at = f"/cases/{self.case}"
        self.refused(
            "Before the consequences were explained, no closing begins",
            lambda: coach.post(f"{at}/steps/begin-closing", {"outcome": "REFUSED"}),
            None,
        )
        self.step("amina", Step.EXPLAIN_CONSEQUENCES, language="nl")
        self.step("amina", Step.BEGIN_CLOSING, outcome="REFUSED")
        self.refused(
            "The coach begins the closing, but cannot hand over alone",
            lambda: coach.post(f"{at}/steps/hand-over"),
            Question(Role.COACH, Action.RELEASE, Kind.OUTCOME_SHEET, Purpose.CASE_ADMINISTRATION, Phase.CLOSING),
            Facts.of(own=True),
        )
        release = str(head.post(f"{at}/steps/hand-over")["release"])
        self.say("The regional head gives the second signature. The officer opens the sheet:")
        self.record(officer.get(f"/sheets/{release}"))
        self.say("Of what was said it carries a code and a date. The officer asks for more:")
        self.refused(
            "the note",
            lambda: officer.elsewhere(f"/casework{at}/notes/{self.note}"),
            Question(Role.FOLLOW_UP_OFFICER, Action.READ, Kind.NOTE, Purpose.OQT_FOLLOW_UP, Phase.HANDED_OVER),
        )
        self.refused("the referral to Caritas, as if it were a sheet", lambda: officer.get(f"/sheets/{referral}"), None)
        self.say("Unknown and forbidden answer alike: a refusal tells nothing about what exists.")

    def _auditor(self) -> None:
        auditor = self.callers["odile"]
        self.head("The auditor sees the trace")
        reply: Any = auditor.get("/entries?limit=200")
        wanted = ("time", "role", "action", "kind", "decision", "rule")
        entries = [entry for entry in reversed(reply["entries"]) if entry["role"] and entry["rule"] + entry["purpose"]]
        table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
        for name in wanted:
            table.add_column(name, no_wrap=True)
        for entry in entries:
            row = {**entry, "time": entry["time"][11:19]}
            table.add_row(
                *(Text(str(row[name]), style="red" if entry["decision"] == "deny" else "") for name in wanted)
            )
        self.console.print(table)
        reveal = next(entry for entry in entries if entry["action"] == "reveal")
        self.say("Who exactly, from where and why is sealed to oversight, one opening at a time, itself logged:")
        self.record(auditor.get(f"/entries/{reveal['entry']}/detail"))
        self.refused(
            "The note itself is not the auditor's",
            lambda: auditor.elsewhere(f"/casework/cases/{self.case}/notes/{self.note}"),
            Question(Role.AUDITOR, Action.READ, Kind.NOTE, Purpose.ACCESS_REVIEW, Phase.HANDED_OVER),
        )

    def _attack(self) -> list[Findings]:
        self.head("The attack: somebody owns a whole zone")
        self.say(
            "Now take the policy and the database's own walls away. The attacker has everything of one zone, keys",
            "included, and every row of both databases, and tries each key on each record, wrap and release.",
        )
        zones = [Zone.parse(name) for name in ("follow_up", "partner:caritas", "partner:fedasil", "oversight")]
        keyrings = load_zones(self.settings, zones, SystemEntropy(), self.hooks.root_class())
        directory, loot = read_directory(self.settings), self._loot()
        found = [attack(loot, keyrings[zone], directory, datetime.now(UTC)) for zone in zones]
        for one in found:
            table = Table(title=f"Owned: {one.zone} ({loot.count} rows taken)", title_justify="left")
            for name in ("what", "there", "addressed to it", "tries", "opened"):
                table.add_column(name, justify="left" if name == "what" else "right")
            for name, tally in one.tallies.items():
                style = "bold red" if tally.opened > tally.own else "green" if tally.opened == 0 else "yellow"
                counts = (tally.there, tally.own, tally.tries)
                table.add_row(name, *map(str, counts), Text(str(tally.opened), style=style))
            self.console.print(table)
        return found

    def _ending(self, findings: list[Findings]) -> None:
        self.head("What was shown")
        confided = sum(one.confided for one in findings)
        beyond = sum(one.beyond for one in findings)
        self.say(
            f"{len(findings)} zones were taken over whole; {confided} notes, identities or contacts opened, and",
            f"{beyond} of the things addressed to somebody else. What each zone had opened had been released to it.",
        )
        self.say(
            "Not shown: casework itself. Whoever owns that process reads what coaches read. SECURITY.md says, store by",
            "store, what whoever controls it can do at most.",
        )
        self.say(as_called("Read on: docs/policy.md, docs/formats/, docs/operations.md. Look around: `parefeu demo`."))

    def _loot(self) -> Loot:
        store = Store(self.settings.main_url, self.settings.keys_url).connect()
        try:
            return Loot.take(store)
        finally:
            store.close()


def _words(seed: SeedCase) -> list[str]:
    """What names the people of a case: as long as a search can mean it."""
    body = seed.body
    words = [body.get("ov_number", ""), body.get("oqt_reference", "")]
    for person in body["people"]:
        words += [person["family_name"], *person["given_names"].split(), person.get("national_number", "")]
        words += person.get("aliases", [])
    contact = body.get("contact", {})
    words += [contact.get(name, "") for name in ("address", "phone", "email")]
    return sorted({word for word in words if len(word) > 3})


def _reasons(row: Mapping[str, Any]) -> str:
    """A deadline's day and the first reason for it."""
    first = row["because"][0]
    return f"{row['day'] or 'not known'} ({first['rule'].replace('_', ' ')}: {first['source']})"


def _excerpt(text: str) -> str:
    return text if len(text) <= _EXCERPT else text[:_EXCERPT].rsplit(" ", 1)[0] + " …"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value in (None, "") else str(value)
