"""`tailorbird base`: what it says of the named bases, and that nothing is fetched twice."""

import json
from pathlib import Path

import pytest

from tailorbird.bases.catalogue import CATALOGUE, DEFAULT_BASE, bases_cache, folder_of, get_entry
from tailorbird.cli import app
from tailorbird.cli.doctor import MISSING, OK, diagnose
from tailorbird.cli.failures import run


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def pretend(name: str) -> Path:
    folder = folder_of(get_entry(name))
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_the_list_has_every_base_with_its_size_and_whether_it_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["base", "list"]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == ["name", "parameters", "download", "here", "licence", "for"]
    assert [row.split()[0] for row in rows] == [entry.name for entry in CATALOGUE]
    assert sum("(default)" in row for row in rows) == 1
    plain = next(row for row in rows if row.startswith("smollm2-135m-plain"))
    assert plain.split()[1:6] == ["135M", "93", "MB", "no", "Apache-2.0"]
    pretend("smollm2-135m-plain")
    assert run(app, ["base", "list"]) == 0
    assert " yes " in capsys.readouterr().out.splitlines()[-1]


def test_json_says_all_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["base", "list", "--json"]) == 0
    listed = {base["name"]: base for base in json.loads(capsys.readouterr().out)}
    assert [name for name, base in listed.items() if base["default"]] == [DEFAULT_BASE]
    assert run(app, ["base", "show", "smollm2-135m-plain", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == listed["smollm2-135m-plain"]
    assert (shown["here"], shown["description"]["end_token"]) == (False, "<|im_end|>")
    assert shown["folder"] == str(bases_cache() / "smollm2-135m-plain")


def test_show_has_hashes_folder_and_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    entry = get_entry("smollm2-135m-plain")
    assert entry.download is not None
    assert run(app, ["base", "show", entry.name]) == 0
    shown = capsys.readouterr().out
    for part in (entry.download.sha256, entry.weights_sha256, str(folder_of(entry)), "Apache-2.0", "134,515,008"):
        assert part in shown
    assert "run `tailorbird base get smollm2-135m-plain`" in shown
    pretend(entry.name)
    assert run(app, ["base", "show", entry.name]) == 0
    assert "base get" not in capsys.readouterr().out


def test_get_says_where_a_base_is_that_is_here_already(capsys: pytest.CaptureFixture[str]) -> None:
    folder = pretend("smollm2-135m-plain")
    assert run(app, ["base", "get", "smollm2-135m-plain"]) == 0
    assert capsys.readouterr().out == f"{folder}\n"


@pytest.mark.parametrize("command", ["get", "show"])
def test_a_name_that_is_none_is_refused(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["base", command, "smollm"]) == 1
    assert "smollm is not a base with a name: choose one of tiny" in capsys.readouterr().err


def test_doctor_says_whether_the_default_base_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> tuple[str, str]:
        check = next(check for check in diagnose().checks if check.name == "default base")
        return check.state, check.remedy

    monkeypatch.setattr("tailorbird.cli.doctor.DEFAULT_BASE", "smollm2-135m-plain")
    assert found() == (MISSING, "run `tailorbird base get smollm2-135m-plain`.")
    pretend("smollm2-135m-plain")
    assert found() == (OK, "")
