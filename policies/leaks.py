"""What the profiles must keep to, whatever the rules say: the closed lists of what another zone is shown at all.

A part of the invariants (`policies.invariants`): they look at the fields of the profiles, not at who may ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.compiler import Table
from policies.fields import CONFIDED_FIELDS, CONTRACT, GRANTED_FIELDS, IDENTIFIED_FIELDS, OUTCOME_SHEET_FIELDS
from vault.vocabulary import ZoneKind

#: What each of follow-up's profiles may say at most. A request and its answer say nothing of the person.
_REQUEST_FIELDS: Final = frozenset(
    {
        "request", "version", "filed_at", "due_at", "standing", "grant", "granted", "granted_at", "expires_at",
        "revoked_at", "designation", "asked_for", "purpose", "basis", "reason", "hours", "manner", "minutes",
        "questions", "refused_for",
    }
)  # fmt: skip
_ABOUT_A_PERSON: Final = {
    "outcome_sheet": OUTCOME_SHEET_FIELDS,
    "sheet_list": OUTCOME_SHEET_FIELDS | {"release"},
    "ceremony_identity": IDENTIFIED_FIELDS
    | {"ceremony", "request", "pseudonym", "purpose", "minutes", "opened_at", "expires_at"},
    "granted_fields": GRANTED_FIELDS
    | {"grant", "request", "pseudonym", "purpose", "granted", "granted_at", "expires_at"},
    **dict.fromkeys(("request_receipt", "request_list", "request_own"), _REQUEST_FIELDS),
}


def leaks(table: Table) -> Iterator[str]:
    """The profiles: nothing confided leaves casework, and an outcome sheet keeps to its closed list (F3, F4, F6)."""
    for profile in table.source.profiles.values():
        names = {name for name, _ in profile.fields}
        if CONTRACT[profile.name].zone is not ZoneKind.CASEWORK and names & CONFIDED_FIELDS:
            yield f"invariant: nothing confided leaves casework: profile {profile.name}"
        if CONTRACT[profile.name].zone is ZoneKind.FOLLOW_UP and not names <= _ABOUT_A_PERSON.get(
            profile.name, frozenset()
        ):
            yield f"invariant: follow-up gets the closed lists of sheet and grant: profile {profile.name}"
        if profile.name == "outcome_sheet_oversight" and names & {"oqt_reference", "ov_number"}:
            yield "invariant: oversight gets no reference that names the person"
