"""The acts of gated access, each with what must be there first."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from gateway.approver_key import sign
from gateway.auth.sessions import hash_token
from tests import passkeys
from tests.authenticator import text
from tests.house import STAFF
from tests.unit.crypto.kit import signer
from vault.access.evidence import Evidence
from vault.cases.access_requests import Manner, Naming, Revocation
from vault.cases.model import AdminFacts
from vault.cases.people import Contact, Identity, Person
from vault.crypto.passkey import Assertion
from vault.ids import CaseId, ReleaseId, RequestId
from vault.usecases import answering, asking, ceremony, disclosing, exceptions, granting, open_case, sign_in
from vault.vocabulary import CASEWORK, Provenance, Zone

if TYPE_CHECKING:
    from tests.crash.plays import Stagehand

Act = Callable[[], None]
FIELDS: Final = ("family_name", "address")
RECIPIENT: Final = Zone.parse("partner:fedasil")  # stands in for a court


def _as(hand: Stagehand, login: str, work: Callable[..., Any]) -> Any:
    """Run a use case in the zone of this member of staff."""
    house, zone = hand.house, STAFF[login][0]
    hand.hire(login)
    hashed = hash_token(house.tokens[login])
    return house.services.worker.run(
        zone, lambda uow: work(uow, sign_in.authenticate(uow, hashed, "10.0.0.7", house.clock))
    )


def _desk(hand: Stagehand, login: str) -> answering.AnsweringDesk:
    services = hand.house.services
    zone = STAFF[login][0]
    return answering.desk_of(services.access[zone], services.casework, services.passkeys[zone])


def _case(hand: Stagehand) -> str:
    """A case with a number of its own, and an address of the official file."""
    number = f"7{secrets.randbelow(10**7):07}"
    contact = Contact("rue Inventée 3", provenance=Provenance.ADMIN)
    cmd = open_case.OpenCase(
        "brussels", "fr", Identity((Person("Diallo", "Aminata"),), number), contact, AdminFacts("13")
    )
    hand.as_("coach", open_case.open_case, cmd)
    return number


def _file(hand: Stagehand, number: str) -> RequestId:
    cmd = asking.Ask(Naming.OV_NUMBER, number, FIELDS, "oqt_execution", "Pour réserver un vol", 24)
    office = hand.house.services.access[STAFF["officer"][0]]
    return RequestId.parse(_as(hand, "officer", lambda uow, actor: asking.file(uow, actor, cmd, office))["request"])


def _approve(hand: Stagehand, login: str, request: RequestId) -> None:
    desk = _desk(hand, login)
    _as(hand, login, lambda uow, actor: answering.approve(uow, actor, request, desk, based_on=1))


def _take_in(hand: Stagehand) -> None:
    """All new ones are; of those before them, a few are listed: how many there are is not what a play is about."""
    desk = _desk(hand, "head")
    _as(hand, "head", lambda uow, actor: answering.list_before(uow, actor, desk, limit=3))


def _grant_of(hand: Stagehand, number: str) -> ReleaseId:
    return _grant(hand, _ready(hand, number))


def _ready(hand: Stagehand, number: str = "") -> RequestId:
    request = _file(hand, number or _case(hand))
    _take_in(hand)
    for login in ("head", "dpo"):
        _approve(hand, login, request)
    return request


def _grant(hand: Stagehand, request: RequestId) -> ReleaseId:
    desk, sender = _desk(hand, "head"), hand.house.services.sender
    assert sender is not None
    leave = _as(hand, "head", lambda uow, actor: granting.authorise(uow, actor, request, desk))
    given = _as(hand, "head", lambda uow, actor: granting.grant(uow, actor, leave, desk, sender))
    return ReleaseId.parse(given["grant"])


def _signed(hand: Stagehand, login: str, request: RequestId) -> None:
    """Approve with one's own key."""
    desk, role = _desk(hand, login), STAFF[login][1]
    shown = _as(hand, login, lambda uow, actor: answering.read_request(uow, actor, request, desk))
    told = sign(shown, shown["answerable"], role, login, hand.house.clock.now(), signer(f"approver {login}"))
    _as(
        hand, login,
        lambda uow, actor: answering.approve(
            uow, actor, request, desk, based_on=1, evidence=Evidence.from_json(told)
        ),
    )  # fmt: skip


def _agreed(hand: Stagehand) -> RequestId:
    """A ceremony that both functions signed for, about a case that follow-up knows by a name."""
    number = _case(hand)
    granted = _grant_of(hand, number)
    office = hand.house.services.access[STAFF["officer"][0]]
    pseudonym = _as(
        hand, "officer",
        lambda uow, actor: asking.read_granted(
            uow, actor, granted, office, hand.house.services.reception[STAFF["officer"][0]]
        ),
    )["pseudonym"]  # fmt: skip
    cmd = asking.Ask(
        Naming.PSEUDONYM, pseudonym, (), "oqt_execution", "Pour reconnaître la personne", 0, Manner.CEREMONY, 5
    )
    request = RequestId.parse(_as(hand, "officer", lambda uow, actor: asking.file(uow, actor, cmd, office))["request"])
    _take_in(hand)
    for login in ("head", "dpo"):
        _signed(hand, login, request)
    return request


def _begin(hand: Stagehand, request: RequestId) -> ReleaseId:
    desk, sender = _desk(hand, "head"), hand.house.services.sender
    assert sender is not None
    leave = _as(hand, "head", lambda uow, actor: ceremony.authorise_beginning(uow, actor, request, desk))
    begun = _as(hand, "head", lambda uow, actor: ceremony.begin(uow, actor, leave, desk, sender))
    return ReleaseId.parse(begun["ceremony"])


def _let_go(hand: Stagehand, release: ReleaseId) -> None:
    desk = _desk(hand, "dpo")
    leave = _as(hand, "dpo", lambda uow, actor: ceremony.authorise_opening(uow, actor, release, desk))
    _as(hand, "dpo", lambda uow, actor: ceremony.let_go(uow, actor, leave, desk))


def _destroy(hand: Stagehand, some: Callable[..., int]) -> int:
    """Some keys of grants, or of ceremonies, that are over; how many."""
    casework = hand.house.services.casework
    assert casework is not None
    count: int = hand.house.services.worker.run(CASEWORK, lambda uow: some(uow, casework))
    return count


def _destroy_all(hand: Stagehand, some: Callable[..., int]) -> None:
    while _destroy(hand, some):
        pass


def hold_a_ceremony(hand: Stagehand) -> Act:
    """Begun, its second share let go, ended by oversight, its first share destroyed; others' are destroyed before."""
    request, desk = _agreed(hand), _desk(hand, "dpo")

    def act() -> None:
        release = _begin(hand, request)
        _let_go(hand, release)
        _as(hand, "dpo", lambda uow, actor: ceremony.end(uow, actor, release, Revocation.MISUSED, desk))
        _destroy(hand, ceremony.destroy_keys)

    _destroy_all(hand, ceremony.destroy_keys)
    return act


def ask(hand: Stagehand) -> Act:
    number = _case(hand)
    hand.hire("officer")

    def act() -> None:
        _file(hand, number)

    return act


def answer(hand: Stagehand) -> Act:
    """It is taken in, and approved; what others left is taken in before."""
    _take_in(hand)
    request = _file(hand, _case(hand))

    def act() -> None:
        _take_in(hand)
        _approve(hand, "head", request)

    return act


def answer_by_passkey(hand: Stagehand) -> Act:
    """The approval with what was signed, and the passkey's counter: both or neither."""
    request = _file(hand, _case(hand))
    _take_in(hand)
    passkeys.cleared(hand.house, "head")
    device, _ = passkeys.vouched(hand.house, "head")
    desk = _desk(hand, "head")

    def act() -> None:
        asked = _as(
            hand, "head", lambda uow, actor: answering.prepare(uow, actor, request, desk, based_on=1, fields=FIELDS)
        )
        said = Assertion.parse(device.sign({"challenge": text(asked.challenge)}, passkeys.origin(hand.house)))
        _as(
            hand,
            "head",
            lambda uow, actor: answering.approve_by_passkey(
                uow, actor, request, desk, based_on=1, fields=FIELDS, assertion=said, signed_at=asked.signed_at
            ),
        )

    return act


def grant(hand: Stagehand) -> Act:
    request = _ready(hand)

    def act() -> None:
        _grant(hand, request)

    return act


def revoke(hand: Stagehand) -> Act:
    """Taken back, and its key destroyed; the keys that others left are destroyed before."""
    release, desk = _grant(hand, _ready(hand)), _desk(hand, "head")

    def act() -> None:
        _as(hand, "head", lambda uow, actor: granting.revoke(uow, actor, release, Revocation.MISUSED, desk))
        _destroy(hand, granting.destroy_keys)

    _destroy_all(hand, granting.destroy_keys)
    return act


def _file_exception(hand: Stagehand, case: CaseId) -> RequestId:
    desk = _desk(hand, "coach")
    cmd = exceptions.File(case, "court_order", RECIPIENT, ("family_name", "address"), "Ordonnance du juge", 24)
    return RequestId.parse(_as(hand, "coach", lambda uow, actor: exceptions.file(uow, actor, cmd, desk))["request"])


def file_an_exception(hand: Stagehand) -> Act:
    """The request, a copy for each who reads it, and whom it is about: all of it or none."""
    case = hand.open()

    def act() -> None:
        _file_exception(hand, case)

    return act


def _disclosed(hand: Stagehand) -> ReleaseId:
    """What left by a lawful exception."""
    request, desk, sender = _file_exception(hand, hand.open()), _desk(hand, "head"), hand.house.services.sender
    assert sender is not None
    for login in ("head", "dpo"):
        _signed(hand, login, request)
    leave = _as(hand, "head", lambda uow, actor: disclosing.authorise(uow, actor, request, desk))
    given = _as(hand, "head", lambda uow, actor: disclosing.disclose(uow, actor, leave, desk, sender))
    return ReleaseId.parse(given["disclosure"])


def stop_an_exception(hand: Stagehand) -> Act:
    """Oversight's word, and then casework destroys the key: the word or nothing, and no key for long.

    Its key and that of another, stopped before, are destroyed at once; what others left is destroyed before.
    """
    _destroy_all(hand, granting.destroy_keys)
    other, release, dpo = _disclosed(hand), _disclosed(hand), _desk(hand, "dpo")
    _as(hand, "dpo", lambda uow, actor: disclosing.stop(uow, actor, other, Revocation.MISUSED, dpo))

    def act() -> None:
        _as(hand, "dpo", lambda uow, actor: disclosing.stop(uow, actor, release, Revocation.MISUSED, dpo))
        _destroy(hand, granting.destroy_keys)

    return act


def make_an_exception(hand: Stagehand) -> Act:
    """Let go in two halves, taken note of, told to the person, taken back, its key destroyed; others' are before."""
    case = hand.open()
    request, head, dpo = _file_exception(hand, case), _desk(hand, "head"), _desk(hand, "dpo")
    for login in ("head", "dpo"):
        _signed(hand, login, request)
    sender = hand.house.services.sender
    assert sender is not None

    def act() -> None:
        leave = _as(hand, "head", lambda uow, actor: disclosing.authorise(uow, actor, request, head))
        given = _as(hand, "head", lambda uow, actor: disclosing.disclose(uow, actor, leave, head, sender))
        release = ReleaseId.parse(given["disclosure"])
        _as(hand, "dpo", lambda uow, actor: answering.acknowledge(uow, actor, request, dpo))
        _as(hand, "coach", lambda uow, actor: exceptions.record_notice(uow, actor, case, request, head))
        _as(hand, "head", lambda uow, actor: disclosing.revoke(uow, actor, release, Revocation.MISUSED, head))
        _destroy(hand, granting.destroy_keys)

    _destroy_all(hand, granting.destroy_keys)
    return act
