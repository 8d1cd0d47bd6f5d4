"""Two processes of one zone count the failures of one login: none is lost between them."""

from __future__ import annotations

import threading
import time

import pytest

from tests.house import House
from tests.patience import PATIENCE
from tests.storage.test_grant_race import process_of
from vault.unit_of_work import UnitOfWork
from vault.usecases import sign_in
from vault.vocabulary import CASEWORK


@pytest.mark.usefixtures("patient")
def test_failures_that_two_processes_count_at_once_are_both_counted(house: House) -> None:
    service, whose = house.services.sign_in[CASEWORK], sign_in.Candidate(None, "somebody", "192.0.2.9")
    house.services.worker.run(CASEWORK, lambda uow: sign_in.refuse(uow, whose, service))
    inside, go_on = threading.Event(), threading.Event()

    def first(uow: UnitOfWork) -> None:
        sign_in.refuse(uow, whose, service)
        inside.set()
        go_on.wait(PATIENCE)

    with process_of(house, CASEWORK) as other:
        threads = [
            threading.Thread(target=lambda: house.services.worker.run(CASEWORK, first)),
            threading.Thread(
                target=lambda: other.worker.run(CASEWORK, lambda uow: sign_in.refuse(uow, whose, service))
            ),
        ]
        threads[0].start()
        assert inside.wait(PATIENCE)
        threads[1].start()
        time.sleep(0.2)  # so long the second one waits, on what the first one holds
        go_on.set()
        for thread in threads:
            thread.join(PATIENCE)
    for kind, value in (("login", whose.login), ("source", whose.source)):
        subject = service.attempt_subject(kind, value)
        row = house.services.worker.run(CASEWORK, lambda uow, it=subject: uow.attempts.find(CASEWORK, it))
        assert row.failures == 3
