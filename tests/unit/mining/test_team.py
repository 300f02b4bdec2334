"""Several processes mine the same as one, and losing one loses nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tailorbird.mining.messages import Job, Rest, receive, send
from tailorbird.mining.parsing import Parsed
from tailorbird.mining.share import Share
from tailorbird.mining.team import Team, WorkerLostError, team_size
from tailorbird.mining.tree import mine_tree
from tests.unit.mining.java_projects import JUNIT4, JUNIT5


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Several small projects in one tree, one file of a name that is no Unicode, one that is not parsed."""
    root = tmp_path / "project"
    for one in (JUNIT4, JUNIT5):
        shutil.copytree(one, root / one.name)
    some = next(root.rglob("*Test.java"))
    shutil.copy(some, os.fsdecode(os.fsencode(some.parent) + b"/Odd\xff.java"))
    (root / "Angles.java").write_text("class A { int x = a" + "<a" * 3_000 + "; }")
    return root


@pytest.mark.parametrize("processes", [2, 3])
def test_a_team_finds_what_one_process_does(project: Path, tmp_path: Path, processes: int) -> None:
    alone = mine_tree(project, processes=1)
    assert alone.pairs
    assert alone.skipped
    assert mine_tree(project, processes=processes) == alone
    cache = tmp_path / "cache" / "parsed.sqlite"
    assert mine_tree(project, processes=processes, cache=cache) == alone
    assert mine_tree(project, processes=processes, cache=cache) == alone
    assert mine_tree(project, processes=1, cache=cache) == alone


def test_a_team_without_files_to_share(tmp_path: Path) -> None:
    (tmp_path / "A.java").write_text("class A {}")
    assert mine_tree(tmp_path, processes=4) == mine_tree(tmp_path, processes=1)


def test_what_a_lost_worker_leaves_is_done_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[bool] = []

    def shares(self: Team) -> list[Share]:
        lost.append(True)
        raise WorkerLostError

    expected = mine_tree(project, processes=1)
    monkeypatch.setattr(Team, "shares", shares)
    assert mine_tree(project, processes=2) == expected
    assert lost


def test_a_worker_that_cannot_start_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with Team(1) as workers:
        workers._processes[0].wait()
        with pytest.raises(WorkerLostError):
            workers.parsed()
        with pytest.raises(WorkerLostError):
            workers.start([Job(root=b".", files=(), cache=None, heuristics="tailorbird", published="fm")])


def test_no_worker_outlives_its_team() -> None:
    with Team(2) as workers:
        processes = list(workers._processes)
        assert all(process.poll() is None for process in processes)
    assert all(process.poll() is not None for process in processes)


def test_a_worker_speaks_the_protocol(tmp_path: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "tailorbird.mining.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    with worker:
        send(
            worker.stdin,
            Job(root=os.fsencode(tmp_path), files=(b"No.java",), cache=None, heuristics="tailorbird", published="fm"),
        )
        (parsed,) = receive(worker.stdout, list[Parsed])
        assert parsed.path == "No.java"
        assert parsed.reason is not None
        send(worker.stdin, Rest(types=(None,)))
        assert receive(worker.stdout, Share) == Share(cases=(), pairs=(), test_classes=(), classes=(), known=())
    assert worker.returncode == 0


def test_a_message_that_breaks_off_is_an_end(tmp_path: Path) -> None:
    place = tmp_path / "message"
    with place.open("wb") as pipe:
        send(pipe, Rest(types=(b"abc", None)))
    whole = place.read_bytes()
    with place.open("rb") as pipe:
        assert receive(pipe, Rest) == Rest(types=(b"abc", None))
    for length in range(len(whole)):
        place.write_bytes(whole[:length])
        with place.open("rb") as pipe, pytest.raises(EOFError):
            receive(pipe, Rest)


def test_small_trees_are_mined_alone() -> None:
    assert team_size(100) == 1
    assert 1 <= team_size(10_000) <= 8
