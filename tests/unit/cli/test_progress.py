"""Progress goes to stderr: a bar on a terminal, finished pieces elsewhere, nothing when asked for quiet."""

import io
import sys

import pytest

from tailorbird.cli.progress import Bar, FinishedLines, shown_progress
from tailorbird.progress import Progress, Silent


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _work(progress: Progress) -> None:
    progress.start("training", 20)
    progress.update(10, "loss 2.5")
    progress.update(20, "loss 1.5")
    progress.finish()


def _fail() -> None:
    with shown_progress(quiet=False) as progress:
        progress.start("training", 20)
        raise KeyboardInterrupt


def test_elsewhere_one_line_for_each_finished_piece(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(quiet=False) as progress:
        assert isinstance(progress, FinishedLines)
        _work(progress)
        progress.start("counting", 0)
        progress.update(7)
        progress.finish()
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("training: 20 of 20 in ")
    assert first.endswith("(loss 1.5)")
    assert second.startswith("counting: 7 in ")


def test_a_terminal_sees_a_bar_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    with shown_progress(quiet=False) as progress:
        assert isinstance(progress, Bar)
        _work(progress)
    shown = terminal.getvalue()
    assert "training" in shown
    assert "20/20" in shown
    assert "left" in shown
    assert "loss 1.5" in shown


def test_a_bar_gives_the_cursor_back_when_work_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(KeyboardInterrupt):
        _fail()
    assert terminal.getvalue().rstrip("\n").rfind("\x1b[?25h") > terminal.getvalue().rfind("\x1b[?25l")


def test_quiet_is_silent() -> None:
    with shown_progress(quiet=True) as progress:
        assert isinstance(progress, Silent)
