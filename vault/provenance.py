"""What is derived from what, from the note to what leaves: so that nothing which was told reaches who must not know it.

Each kind of the vocabulary stands here with the fields that matter, and each field that leaves casework with the one or
two places where its value comes from. `labels` walks from a field to its roots: that something was told sticks to
everything made of it. Three things take a label away, and each is closed:

- `OFFICIAL`: the value is taken only where the record it stands in was sealed with provenance ADMIN. Checked when it
  leaves (`checked_out`), so only fields that leave may say so.
- `CODED`: a person types a code out of a closed list. Of what was said, the outcome code is all that follow-up gets:
  the declared exception (`MAY_BE_CODED`).
- `COUNTED`: a number over many cases. It goes to no zone whose people decide about one.

The policy compiler holds the rules' profiles against this table (`policies.derivations`); `Sender.seal` holds what
leaves against it. Neither can be configured.

    labels("outcome_sheet.outcome_code")      frozenset({Label.CODE})
    paths_to(Label.TOLD, "letter.texts")      [("letter.texts", "letter.fields")]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Final, NamedTuple

from vault.errors import ProvenanceRefused
from vault.vocabulary import Kind, Provenance, ZoneKind


@unique
class Label(StrEnum):
    """Where a value comes from in the end."""

    ADMIN = "admin"  # the official file
    TOLD = "told"  # confided, or learnt by meeting the person
    PARTNER = "partner"  # written by a partner about the person
    ACT = "act"  # what the office did, and when
    CODE = "code"  # typed out of a closed list, about what was said
    COUNT = "count"  # a number over cases
    ASKED = "asked"  # written by the zone that reads it
    STAFF = "staff"  # about who works here, or written by them about their own acts
    LOG = "log"  # what the log says: pseudonyms, acts, moments


@unique
class How(StrEnum):
    ROOT = "root"
    COPIED = "copied"  # or shortened, replaced, joined: what it is made of sticks to it
    OFFICIAL = "official"
    CODED = "coded"
    COUNTED = "counted"


class Node(NamedTuple):
    """labels: of a root. sources: of everything else."""

    how: How
    sources: tuple[str, ...] = ()
    labels: frozenset[Label] = frozenset()


def _root(*labels: Label) -> Node:
    return Node(How.ROOT, labels=frozenset(labels))


def _from(*sources: str, how: How = How.COPIED) -> Node:
    return Node(how, sources)


def _each(kind: str, fields: str, node: Node) -> dict[str, Node]:
    return {f"{kind}.{name}": node for name in fields.split()}


#: A record whose provenance was sealed with it: any of the three, until it is opened.
_SEALED: Final = _root(Label.ADMIN, Label.TOLD, Label.PARTNER)
_TOLD, _ACT, _ADMIN = _root(Label.TOLD), _root(Label.ACT), _root(Label.ADMIN)
_STAFF, _LOG, _ASKED = _root(Label.STAFF), _root(Label.LOG), _root(Label.ASKED)
_PERSON: Final = "family_name given_names birth_date nationality"

_RECORDS: Final[dict[str, Node]] = {
    **_each("identity", f"{_PERSON} national_number aliases relation ov_number oqt_reference", _SEALED),
    **_each("contact", "address phone email whereabouts_note", _SEALED),
    **_each("order", "content", _ADMIN),
    # Columns of a case: facts of the official file, and what the office did.
    **_each("case", "annex notified_on term_end extended procedure_pending minors fitness_check", _ADMIN),
    **_each("case", "region language coach opened_at closed_at state criterion", _ACT),
    "case.outcome": _from("note.text", "fact.value", "sensitive_fact.value", "stay_fact.value", "return_fact.value",
                          how=How.CODED),
    "note.text": _TOLD,
    "draft.text": _TOLD,
    "task.title": _from("note.text", "fact.value"),
    **{f"{kind}.{name}": _SEALED for kind in ("fact", "whereabouts", "sensitive_fact", "stay_fact", "return_fact")
       for name in ("value", "detail")},
    **{f"{kind}.content": _SEALED for kind in ("attachment", "identity_attachment", "sensitive_attachment",
                                               "stay_attachment", "return_attachment")},
    "token_map.text": _from("note.text", "identity.family_name", "identity.aliases", "contact.address",
                            "referral_answer.message"),
    "letter.fields": _TOLD,
    "letter.texts": _from("letter.fields", "identity.family_name", "contact.address"),
    "invitation.texts": _from("identity.family_name", "contact.address", "appointment.starts_at"),
    **_each("appointment", "starts_at desk occasion", _TOLD),
    "day_list.people": _from("appointment.starts_at", "identity.family_name"),
    "attendees.name": _TOLD,
    "avenue.code": _from("note.text", "stay_fact.value"),
    "return_plan.code": _from("note.text", "return_fact.value"),
    "ground.code": _from("note.text", "sensitive_fact.value"),
    "step.codes": _from("avenue.code", "return_plan.code", "ground.code", "case.state"),
    "deadline.day": _from("case.term_end", "case.state"),
    "notice.leaflet": _ACT,
    "assignment.coach": _ACT,
    "conflict.reason": _from("note.text", "coach.profile"),
    "coach.profile": _STAFF,
    "desk.hours": _STAFF,
    "calendar.times": _from("appointment.starts_at"),
    "break_glass.reason": _TOLD,
    **_each("case_sample", "explanation finding", _TOLD),  # a head's words, after reading
    "referral_answer.message": _root(Label.PARTNER),
    "review_question.asks": _LOG,
    "review_question.answer": _STAFF,  # about their own look, to oversight; a text that casework does not read back
    "figures.count": _from("case.state", "case.outcome", "step.codes", "appointment.starts_at", how=How.COUNTED),
}  # fmt: skip

_LEAVES: Final[dict[str, Node]] = {
    # C7, the outcome sheet: official numbers and facts, one code, dates of the office.
    "outcome_sheet.oqt_reference": _from("identity.oqt_reference", how=How.OFFICIAL),
    "outcome_sheet.ov_number": _from("identity.ov_number", how=How.OFFICIAL),
    "outcome_sheet.closing_date": _from("case.closed_at"),
    "outcome_sheet.outcome_code": _from("case.outcome"),
    **{f"outcome_sheet.{name}": _from(f"case.{name}")
       for name in ("term_end", "extended", "procedure_pending", "minors", "fitness_check", "language")},
    **_each("outcome_sheet", "release pseudonym handed_over_at", _ACT),
    # What was granted upon a request, and the request as its own zone wrote it.
    **{f"grant.{name}": _from(f"identity.{name}", how=How.OFFICIAL) for name in _PERSON.split()},
    "grant.address": _from("contact.address", how=How.OFFICIAL),
    "grant.procedure_pending": _from("case.procedure_pending"),
    **_each("grant", "grant request pseudonym purpose granted granted_at expires_at", _ACT),
    # Who hides behind a pseudonym, by ceremony.
    **{f"ceremony.{name}": _from(f"identity.{name}", how=How.OFFICIAL) for name in _PERSON.split()},
    **_each("ceremony", "ceremony request pseudonym purpose minutes begun_at open_until opened_at expires_at ended_at "
            "standing", _ACT),
    # By a lawful exception, to another body: items that two functions signed for. Never to follow-up.
    **{f"disclosure.{name}": _from(f"identity.{name}") for name in _PERSON.split()},
    **{f"disclosure.{name}": _from(f"contact.{name}") for name in ("phone", "email", "address")},
    **{f"disclosure.{kind}": _from(f"{kind}.value") for kind in ("whereabouts", "sensitive_fact", "return_fact")},
    **_each("disclosure", "disclosure request pseudonym purpose basis disclosed_at expires_at recipient disclosed "
            "revoked_at standing ended_at", _ACT),
    **_each("access_request", "designation asked_for purpose basis reason hours manner minutes version filed_at",
            _ASKED),
    **_each("access_request", "request due_at standing questions refused_for grant granted granted_at expires_at "
            "revoked_at", _ACT),
    # To a partner, as the person consented.
    **{f"referral.{name}": _from(f"identity.{name}") for name in _PERSON.split()},
    **{f"referral.{name}": _from(f"contact.{name}") for name in ("phone", "email", "address")},
    "referral.language": _from("case.language"),
    "referral.need": _from("note.text", how=How.CODED),
    **_each("referral", "release pseudonym expires_on received_at", _ACT),
    **_each("referral_answer", "release pseudonym answer_status answered_at", _root(Label.PARTNER)),
    **_each("withdrawal", "release pseudonym recipient withdrawn_at receipt_due receipt receipt_at overdue authentic",
            _ACT),
    # To oversight: forms of requests without the person, names of a case for its report, and the log itself.
    **_each("access_form", "request filed_at due_at answer_soon standing version asked_for purpose basis reason hours "
            "manner minutes asked_by canonical answers missing releasable answerable grant granted granted_at "
            "expires_at revoked_at recipient silence silent_until notice notice_by acknowledge acknowledge_by "
            "acknowledged_at",
            _ASKED),
    "erasure.closed_at": _from("case.closed_at"),
    **_each("erasure", "erasure subject cause legal asked_by asked_at standing refused_for answered_at", _ACT),
    **_each("access_report", "release pseudonym received_at expires_on made_at since until", _ACT),
    "access_report.*": _LOG,
    **{f"{kind}.*": _LOG for kind in ("audit_entry", "audit_detail", "log_state", "finding", "sample", "review_case",
                                      "emergency_use", "ceremony_use", "log_figures", "operation")},
    **_each("ceremony_use", "manner asked_for purpose basis reason asked_by version canonical answers signatures "
            "trusted", _ASKED),
    "passkey.*": _STAFF,
}  # fmt: skip
GRAPH: Final[Mapping[str, Node]] = _RECORDS | _LEAVES

#: What each zone may be shown, whatever the rules say. A partner gets what the person agreed to.
MAY_REACH: Final[dict[ZoneKind, frozenset[Label]]] = {
    ZoneKind.FOLLOW_UP: frozenset({Label.ADMIN, Label.ACT, Label.ASKED}),
    ZoneKind.PARTNER: frozenset({Label.ADMIN, Label.TOLD, Label.PARTNER, Label.ACT, Label.CODE}),
    ZoneKind.OVERSIGHT: frozenset({Label.ADMIN, Label.ACT, Label.ASKED, Label.LOG, Label.STAFF}),
    ZoneKind.CASEWORK: frozenset(Label),
}
#: The declared exception: a code and nothing else of what was said.
MAY_BE_CODED: Final = frozenset({"outcome_sheet.outcome_code"})


class Sourced(NamedTuple):
    """A value on its way out. source: the field it was taken from. provenance: sealed with the record, None for a
    column."""

    value: Any
    source: str
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is to be sealed to another zone. around: ids and names of the transaction itself, nothing of a person.

    under: where the fields stand in the content, "" for beside what is around.
    """

    fields: Mapping[str, Sourced]
    around: Mapping[str, Any] | None = None
    under: str = ""

    def content(self, kind: Kind, reader: ZoneKind) -> dict[str, Any]:
        """The plaintext's content. Raises ProvenanceRefused for a value that may not go there."""
        values = {name: checked_out(kind, reader, name, each) for name, each in self.fields.items()}
        return {**(self.around or {}), **({self.under: values} if self.under else values)}


def node_of(kind: str, field: str) -> str | None:
    """The node of a field of a kind; a kind of the log has one for all of them."""
    name = f"{kind}.{field}"
    if name in GRAPH:
        return name
    return f"{kind}.*" if f"{kind}.*" in GRAPH else None


def checked_out(kind: Kind, reader: ZoneKind, field: str, given: Sourced) -> Any:
    """The value, if the table says that it may go there from where it comes. Raises ProvenanceRefused."""
    target = f"{kind.value}.{field}"
    node = GRAPH.get(target)
    if node is None or given.source not in node.sources:
        raise ProvenanceRefused("a field would leave that is derived from something else than declared")
    if node.how is How.OFFICIAL:
        if given.value is not None and given.provenance is not Provenance.ADMIN:
            raise ProvenanceRefused("a field would leave that is not the official file's")
        return given.value
    if not reaches(target, reader):
        raise ProvenanceRefused("a field would leave for a zone that must not know where it comes from")
    return given.value


def reaches(target: str, reader: ZoneKind, graph: Mapping[str, Node] = GRAPH) -> bool:
    """Whether everything that a field is made of may be known in that zone."""
    more = frozenset({Label.CODE}) if target in MAY_BE_CODED else frozenset[Label]()
    return labels(target, graph) <= MAY_REACH[reader] | more


def labels(name: str, graph: Mapping[str, Node] = GRAPH) -> frozenset[Label]:
    """Everything that a field is made of."""
    return frozenset(label for label, _ in _roots(name, graph, ()))


def paths_to(label: Label, name: str, graph: Mapping[str, Node] = GRAPH) -> list[tuple[str, ...]]:
    """Every way from a field back to something of that label."""
    return [path for found, path in _roots(name, graph, ()) if found is label]


_BECOMES: Final = {How.OFFICIAL: Label.ADMIN, How.CODED: Label.CODE, How.COUNTED: Label.COUNT}


def _roots(name: str, graph: Mapping[str, Node], walked: tuple[str, ...]) -> Iterator[tuple[Label, tuple[str, ...]]]:
    path, node = (*walked, name), graph.get(name)
    if node is None or name in walked:  # what nobody declared, or what feeds itself, may be anything
        yield from ((label, path) for label in Label)
    elif node.how is How.ROOT:
        yield from ((label, path) for label in sorted(node.labels))
    elif node.how in _BECOMES:
        yield _BECOMES[node.how], path
    else:
        for source in node.sources:
            yield from _roots(source, graph, path)


def faults_of(graph: Mapping[str, Node] = GRAPH) -> Iterator[str]:
    """What is wrong with the table itself: unknown sources, circles, kinds that are missing, labels lost where none
    may be."""
    kinds = {name.partition(".")[0] for name in graph}
    for kind in Kind:
        if kind.value not in kinds:
            yield f"provenance: the kind {kind.value} is missing"
    for name, node in graph.items():
        root = bool(node.labels) and not node.sources
        if root is not (node.how is How.ROOT) or not (node.labels or node.sources):
            yield f"provenance: {name} is neither a root nor made of anything"
        for source in node.sources:
            if source not in graph:
                yield f"provenance: {name} is made of {source}, which nobody declared"
            elif name == source or name in _ancestors(source, graph):
                yield f"provenance: {name} is made of itself, by way of {source}"
        if node.how is How.OFFICIAL and name not in _LEAVES:
            yield f"provenance: {name} is not checked when it leaves, so it cannot be called official"


def _ancestors(name: str, graph: Mapping[str, Node]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        node = graph.get(waiting.pop())
        for source in node.sources if node is not None else ():
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found
