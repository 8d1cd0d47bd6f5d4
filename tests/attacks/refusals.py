"""How a refusal looks from outside, and how another zone reads what was released to it."""

from __future__ import annotations

from typing import Any

from tests.attacks.estate import CANARY, Process
from tests.house import CARITAS


def refused(reply: Any, code: str) -> None:
    assert reply.status_code == (410 if code == "erased" else 500), reply.text
    assert reply.json()["type"].rpartition(":")[2] == code
    assert not any(mark in reply.text for mark in CANARY.values())


def read_release(process: Process, release: str) -> Any:
    return process.get(f"/{'referrals' if process.zone == CARITAS else 'sheets'}/{release}")
