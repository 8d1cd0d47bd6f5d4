"""What is closed is let go: nothing in the process holds an installation, and with it its keys, once it is over."""

from __future__ import annotations

import gc
from weakref import ref

from gateway.settings import Settings
from tests.api.stage import Stage
from tests.house import house_on
from vault.crypto.hpke import SealingKeyPair


def test_nothing_holds_an_installation_that_is_closed(house_settings: Settings) -> None:
    """API and pages were asked, a text was looked through, copies were made for each kind of zone."""
    gc.collect()
    others = _keys()
    with house_on(house_settings) as house:
        stage = Stage(house)
        stage.noted()
        stage.sheet()
        stage.referral("caritas")
        house.client("auditor").get("/entries")
        house.app.get("/casework/")
        held = {
            "worker": ref(house.services.worker),
            "database": ref(house.services.store.main.engine),
            "application": ref(house.app.app),
        }
        assert len(_keys()) > len(others)
    del house, stage
    gc.collect()
    assert [name for name, each in held.items() if each() is not None] == []
    assert all(any(each is other for other in others) for each in _keys())


def _keys() -> list[SealingKeyPair]:
    return [each for each in gc.get_objects() if type(each) is SealingKeyPair]
