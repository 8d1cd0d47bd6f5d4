"""What keeps a case from being erased, and why. A hold ends by itself or by somebody's act; nothing overrides one.

Held are things that still run, and whom the person or somebody else must be told of first: erasing is no way around an
answer, a receipt or a notice.
"""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Final


@unique
class Hold(StrEnum):
    OPEN = "open"
    NOT_DUE = "not_due"
    REFERRAL = "referral"
    RECEIPT = "receipt"
    REQUEST = "request"
    COPY = "copy"
    NOTICE = "notice"
    EMERGENCY = "emergency"
    SAMPLE = "sample"
    REPORT = "report"


#: Why each holds, in words: documentation and command line print it.
WHY: Final[dict[Hold, str]] = {
    Hold.OPEN: "the case is not closed: somebody accompanies the person",
    Hold.NOT_DUE: "its time has not come, and this ground cannot be used before",
    Hold.REFERRAL: "a partner may still read a referral: withdraw it first, so that the partner is told",
    Hold.RECEIPT: "a partner still has time to confirm a withdrawal, and has not",
    Hold.REQUEST: "a request for access about the case can still be answered: answer it",
    Hold.COPY: "what was granted, or a ceremony, still runs: revoke it, or wait for its end",
    Hold.NOTICE: "the person was not yet told of a lawful exception",
    Hold.EMERGENCY: "an emergency is open",
    Hold.SAMPLE: "a head still reads the case as a sample",
    Hold.REPORT: "the person asked who consulted what, and can still be answered",
}
