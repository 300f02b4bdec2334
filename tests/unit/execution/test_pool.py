"""A pool of workers, with stand-ins for the JVMs."""

import threading
import time
from typing import cast

import pytest

from tailorbird.execution import worker as module
from tailorbird.execution.worker import Pool, WorkerDiedError, WorkerSettings


class Slow:
    """Takes long to open."""

    opened = threading.Event()
    killed: int = 0

    def __init__(self, _settings: WorkerSettings) -> None:
        self.java_version = "17"

    def open(self) -> None:
        self.opened.wait(30)

    def kill(self) -> None:
        type(self).killed += 1


def test_whoever_waits_for_a_worker_is_told_when_the_pool_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Worker", Slow)
    pool = Pool(cast(WorkerSettings, None))
    said: list[str] = []

    def take() -> None:
        try:
            pool.take()
        except WorkerDiedError as error:
            said.append(str(error))

    takers = [threading.Thread(target=take) for _ in range(3)]
    for one in takers:
        one.start()
    time.sleep(0.3)
    started = time.monotonic()
    threading.Timer(0.3, Slow.opened.set).start()
    pool.close()
    for one in takers:
        one.join(60)
    assert time.monotonic() - started < 60
    assert not any(one.is_alive() for one in takers)
    assert len(said) == len(takers)
    assert Slow.killed >= 1
    with pytest.raises(WorkerDiedError):
        pool.take()
