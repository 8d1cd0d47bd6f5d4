"""The public page of who sees what tells the rules that answer at this moment, also where they can be replaced."""

from __future__ import annotations

from policies.firewall import LiveFirewall, rules_in_force
from tests.house import House
from vault.vocabulary import Decision, Denied, Facts, Question, Role


class Locked:
    """Refuses everybody everything; there are no rules behind it."""

    digest = bytes(32)

    def decide(self, question: Question, facts: Facts) -> Decision:
        return Denied("", (), self.digest)


def test_the_public_page_names_what_the_rules_in_force_let_each_role_see(lite_house: House) -> None:
    assert isinstance(lite_house.services.firewall, LiveFirewall)  # as a server holds it
    page = lite_house.app.get("/pages/who-sees-what")
    assert page.status_code == 200
    assert lite_house.services.firewall.digest.hex()[:16] in page.text
    assert page.text.count("<h2") >= len(Role)
    assert page.text.count("<li>") > 3 * len(Role)


def test_a_firewall_without_rules_has_none_in_force() -> None:
    assert rules_in_force(Locked()) is None
