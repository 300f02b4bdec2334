"""Workers' users are numbers that a container knows and nobody else has, and nothing of theirs is left."""

import os
import pwd
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.execution import users as module
from tailorbird.execution.users import end_processes, free_user, remove_files, unprivileged_users

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only a superuser can have things of another user's")
maps = st.lists(st.tuples(st.integers(0, 70_000), st.integers(1, 70_000)), min_size=1, max_size=3)


def as_text(ranges: list[tuple[int, int]]) -> str:
    return "".join(f"{first:>10} {first + 100_000:>10} {count:>10}\n" for first, count in ranges)


@given(users=maps, groups=maps)
def test_a_number_is_both_a_user_and_a_group_and_no_services(
    users: list[tuple[int, int]], groups: list[tuple[int, int]]
) -> None:
    found = unprivileged_users(as_text(users), as_text(groups))
    for number in {*found[:1], *found[-1:]}:
        assert 1_000 <= number < 65_534
        assert any(first <= number < first + count for first, count in users)
        assert any(first <= number < first + count for first, count in groups)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 0 4294967295\n", range(40_000, 60_000)),
        ("0 100000 65536\n", range(40_000, 60_000)),
        ("0 1000 1\n1 100000 20000\n", range(1_000, 20_001)),
        ("0 1000 1\n", range(0)),
    ],
    ids=["machine", "container", "few", "rootless"],
)
def test_numbers_of_usual_machines(text: str, expected: range) -> None:
    assert unprivileged_users(text, text) == expected


def test_a_user_with_a_name_or_a_process_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    named, busy = 1_003, 1_004
    monkeypatch.setattr(module, "users_here", lambda: range(1_003, 1_008))
    monkeypatch.setattr(module, "_has_a_name", lambda user: user == named)
    monkeypatch.setattr(module, "_owners_of_processes", lambda: {0, busy})
    assert {free_user(number) for number in range(5)} == {1_005, 1_006, 1_007}
    monkeypatch.setattr(module, "users_here", lambda: range(1_003, 1_005))
    with pytest.raises(OSError, match="no user is free"):
        free_user(0)


def test_names_are_looked_up() -> None:
    assert module._has_a_name(os.geteuid()) == (os.geteuid() in {one.pw_uid for one in pwd.getpwall()})


@root_only
def test_all_processes_of_a_user_end_and_no_others() -> None:
    user, other = free_user(0), free_user(1)
    command = ["sleep", "60"]
    theirs = [subprocess.Popen(command, user=user, start_new_session=True) for _ in range(2)]
    bystander = subprocess.Popen(command, user=other)
    try:
        end_processes(user)
        assert [one.wait(timeout=10) for one in theirs] == [-9, -9]
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@root_only
def test_what_a_user_left_in_shared_folders_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHARED_FOLDERS", (tmp_path, tmp_path / "not-there"))
    user = free_user(0)
    (tmp_path / "folder").mkdir()
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "folder" / "inside").write_text("theirs")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    for name in ("folder", "link"):
        os.chown(tmp_path / name, user, user, follow_symlinks=False)
    remove_files(user)
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]
