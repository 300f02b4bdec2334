"""A pool of workers, without any JVM."""

from typing import cast

import pytest

from tailorbird.execution.worker import Pool, WorkerDiedError, WorkerSettings


def test_a_closed_pool_keeps_nobody_waiting() -> None:
    pool = Pool(cast(WorkerSettings, None))
    pool.close()
    with pytest.raises(WorkerDiedError):
        pool.take()
