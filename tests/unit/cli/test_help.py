"""What --help shows is true, and shows fast."""

import importlib
import json
import shlex
import subprocess
import sys

import pytest
from typer.main import get_command

from tailorbird import __version__
from tailorbird.cli import app
from tailorbird.cli.failures import run

COMMANDS = ("compare", "mine", "personalise", "generate", "score", "report", "pretrain", "doctor")


def _examples(command: str) -> list[str]:
    text: str = importlib.import_module(f"tailorbird.cli.{command}").EXAMPLES
    return [line.strip() for line in text.splitlines() if line.startswith("  tailorbird")]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_worked_examples(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(app, [command, "--help"]) == 0
    shown = capsys.readouterr().out
    examples = _examples(command)
    assert examples
    # Each on its own line, as it would be typed.
    assert {line.strip() for line in shown.splitlines()} >= set(examples)


@pytest.mark.parametrize(("command", "example"), [(c, e) for c in COMMANDS for e in _examples(c)])
def test_examples_are_valid_calls(command: str, example: str) -> None:
    words = shlex.split(example.partition(" | ")[0])
    assert words[:2] == ["tailorbird", command]
    group = get_command(app)
    with group.make_context("tailorbird", words[1:]) as context:
        found = group.commands[command]  # type: ignore[attr-defined]
        with found.make_context(command, words[2:], parent=context) as parsed:
            assert not parsed.args


def test_personalize_is_accepted_and_not_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["personalize", "--help"]) == 0
    assert run(app, ["--help"]) == 0
    shown = capsys.readouterr().out
    assert "Usage: tailorbird personalize" in shown
    assert "personalize  " not in shown.partition("Commands")[2]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["--version"]) == 0
    assert capsys.readouterr().out == f"tailorbird {__version__}\n"


HEAVY = ("torch", "transformers", "tokenizers", "numpy", "plotly", "tree_sitter", "sacrebleu")


@pytest.mark.parametrize("arguments", [["--help"], ["doctor", "--json"], ["personalise", "--help"], ["mine"]])
def test_starting_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import json, sys\nfrom tailorbird.cli import app\nfrom tailorbird.cli.failures import run\n"
        f"run(app, {arguments!r})\nprint('\\n' + json.dumps(sorted(set({HEAVY!r}) & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize("module", ["mining.pipeline", "metrics.score", "report.render", "report.tables", "sources"])
def test_stages_without_a_model_do_not_import_torch(module: str) -> None:
    code = f"import sys, tailorbird.{module}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
