"""Exceptions become one sentence on stderr and the right exit code."""

import errno
import os
import subprocess
import sys

import pytest
import typer

from tailorbird.cli import app
from tailorbird.cli.failures import run
from tailorbird.errors import DataError, TailorbirdError, UsageError


def _failing(error: BaseException) -> typer.Typer:
    one = typer.Typer()

    @one.command()
    def fail() -> None:
        raise error

    return one


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (DataError("data holds\n  no pairs."), 1, "tailorbird: data holds no pairs.\n"),
        (UsageError("x is not a strategy."), 2, "tailorbird: x is not a strategy.\n"),
        (OSError(errno.ENOSPC, "No space left", "out/x.json"), 1, "tailorbird: the disk is full (out/x.json "),
        (MemoryError(), 1, "tailorbird: out of memory"),
        (NotADirectoryError(20, "Not a directory", "a/b"), 1, "tailorbird: a/b: not a directory: check the path"),
        (KeyError("x"), 1, "tailorbird: unexpected KeyError ('x'): run `tailorbird --debug"),
        (KeyboardInterrupt(), 130, "tailorbird: interrupted"),
        (typer.Exit(7), 7, ""),
    ],
)
def test_exit_code_and_message(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(_failing(error), ["--"]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(message)
    assert printed.err.count("\n") == (1 if message else 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["min"], "Did you mean 'mine'?"),
        (["mine"], "SOURCE"),
        (["mine", "x", "--out", "y", "--sed", "3"], "--sed"),
        (["mine", "x", "--out", "y", "--seed", "three"], "--seed"),
        (["mine", "x", "--out", "y", "--seed", "-3"], "seed (on the command line)"),
        (["generate", "x", "--out", "y", "--decoding", "best"], "best"),
        (["personalise", "x", "--out", "y", "--set", "epoch=3"], "did you mean epochs?"),
        (["compare", "x", "--out", "y", "--config", "no-such.toml"], "no-such.toml"),
        (["pretrain", "--out", "y", "--corpus", "no-such.toml"], "--corpus no-such.toml is not a file: give"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("tailorbird: ")
    assert message in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "no-such", "--out", "y"],
        ["generate", ".", "--delta", "no-such", "--out", "y"],
        ["personalise", "no-such", "--out", "y"],
        ["personalise", ".", "--from-delta", "no-such", "--out", "y"],
        ["delta", "inspect", "no-such"],
        ["delta", "diff", ".", "no-such"],
    ],
)
def test_what_is_not_there_is_said_before_anything_slow_is_loaded(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom tailorbird.cli import app\nfrom tailorbird.cli.failures import run\n"
        "code = run(app, sys.argv[1:])\nsys.exit(99 if 'torch' in sys.modules else code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("tailorbird: no-such does not exist: check the path")
    assert done.stderr.count("\n") == 1


def test_called_with_nothing_it_shows_its_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, []) == 2
    assert "Usage: tailorbird" in capsys.readouterr().out


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TAILORBIRD_DEBUG", "1")
    assert run(_failing(TailorbirdError("no.")), ["--"]) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_reader_that_leaves_is_not_an_error_to_speak_of() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "tailorbird", "--help"], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
