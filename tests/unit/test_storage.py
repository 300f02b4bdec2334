"""Files appear whole or not at all, and records come back as they were."""

import dataclasses
import errno
import os
import signal
import subprocess
import sys
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird import records, storage
from tailorbird.errors import StorageError

_NOUNS = [noun for noun in vars(records).values() if dataclasses.is_dataclass(noun) and isinstance(noun, type)]
_LEAVES: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(),
    int: st.integers(-(2**53), 2**53),
    # JSON has no infinities, and no record may hold one.
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
}


def _values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a record's field."""
    if kind in _LEAVES:
        return _LEAVES[kind]
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return st.builds(kind, **{part.name: _values(hints[part.name]) for part in dataclasses.fields(kind)})
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return st.one_of([_values(one) for one in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is dict:
        return st.dictionaries(_values(arguments[0]), _values(arguments[1]), max_size=3)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(_values(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(_values(one) for one in arguments))
    raise TypeError(f"no strategy for {kind}")


@pytest.mark.parametrize("noun", _NOUNS, ids=lambda noun: noun.__name__)
def test_every_record_survives_json(noun: type) -> None:
    @given(_values(noun))
    def survives(record: object) -> None:
        assert msgspec.json.decode(msgspec.json.encode(record), type=noun) == record

    survives()


def test_json_lines_come_back_in_order(tmp_path: Path) -> None:
    skipped = [records.Skipped(path=f"{n}.java", reason="line\nbreak and \u2028") for n in range(3)]
    storage.write_jsonl(tmp_path / "a" / "s.jsonl", skipped)
    assert list(storage.read_jsonl(tmp_path / "a" / "s.jsonl", records.Skipped)) == skipped


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"path": "a", "reason": "b"}\n\n{"path": 3, "reason": "b"}\n')
    with pytest.raises(StorageError, match=r"s\.jsonl, line 3, .*\$\.path"):
        list(storage.read_jsonl(path, records.Skipped))


def test_a_wrong_type_is_named(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"path": "a"}')
    with pytest.raises(StorageError, match=r"s\.json is not a valid Skipped file .*reason"):
        storage.read_json(tmp_path / "s.json", records.Skipped)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        storage.read_json(tmp_path / "none.json", records.Skipped)


def _write_half(path: Path) -> None:
    with storage.atomic_file(path) as file:
        file.write(b"half")
        raise RuntimeError


def test_an_error_while_writing_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        _write_half(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_sentence_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    path.write_text("old")

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match=r"x\.json could not be written \(No space left on device\)"):
        storage.write_json(path, records.Skipped(path="a", reason="b"))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="could not be written"):
        storage.write_json(tmp_path / "file" / "x.json", 1)


_WRITER = """
import sys
from pathlib import Path
from tailorbird.storage import atomic_file
with atomic_file(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print("half", flush=True)
    sys.stdin.read()
"""


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("old")
    command = [sys.executable, "-c", _WRITER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"half\n"
        writer.send_signal(signal.SIGKILL)
    assert path.read_text() == "old"


def test_written_files_have_the_users_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    storage.write_json(tmp_path / "x.json", 1)
    assert (tmp_path / "x.json").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_hashes_of_bytes_and_of_files_agree(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert storage.sha256_bytes(b"abc") == storage.sha256_file(tmp_path / "x") == expected
