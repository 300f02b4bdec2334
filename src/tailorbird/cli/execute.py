"""`tailorbird execute`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from tailorbird.cli.options import ConfigFile, Json, Quiet, Seed, Set
from tailorbird.cli.output import print_json, print_line, print_warning
from tailorbird.cli.progress import shown_progress
from tailorbird.config import ExecuteConfig, load_config
from tailorbird.errors import SourceError
from tailorbird.records import Confirmed, RepairCount, Verdict

EXAMPLES = """\b
Examples:
  tailorbird execute candidates/custom.jsonl --project ~/code/my-project --out verdicts/custom.jsonl
  tailorbird execute candidates.jsonl --project commons-codec:commons-codec:1.16.0 --out verdicts.jsonl
  tailorbird execute others.jsonl --project . --out verdicts.jsonl --json | jq .counts
  tailorbird execute candidates.jsonl --project . --out verdicts.jsonl --confirm
  tailorbird execute candidates.jsonl --project . --classpath classpath.txt --classes build/classes --out v.jsonl

\b
A candidates file has one JSON object a line, with pair_id (of `tailorbird mine` on the same project) and text: a test
method, which is put into its test class, or a whole file. It may come from any generator.
"""

_DEFAULTS = ExecuteConfig()
_REPAIRS = {"imports": "with imports added", "observed_values": "with observed values as expected ones"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteSummary:
    """What ``--json`` prints."""

    candidates: int
    seconds: float
    build_seconds: float
    counts: dict[str, int]
    confirmation: Confirmed | None
    repairs: dict[str, RepairCount]
    """By repair: the candidates that it changed, and those of them that pass then."""
    mutants: int
    """Over all candidates that have figures."""
    mutants_killed: int


def execute(
    candidates: Annotated[
        Path, typer.Argument(metavar="CANDIDATES", help="The file that `tailorbird generate` or another tool wrote.")
    ],
    *,
    project: Annotated[
        str,
        typer.Option("--project", metavar="SOURCE", help="The project: a folder, git URL or group:artifact:version."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The verdicts file to write (JSON lines).")],
    deadline: Annotated[
        float | None,
        typer.Option("--deadline", metavar="SECONDS", help=f"For one test (default {_DEFAULTS.deadline_seconds:g})."),
    ] = None,
    reruns: Annotated[
        int | None,
        typer.Option("--reruns", help=f"Reruns of what passes, to find the flaky (default {_DEFAULTS.reruns})."),
    ] = None,
    confirm: Annotated[
        bool | None,
        typer.Option(
            "--confirm/--no-confirm",
            help="Write what passes into a copy of the tree and run its own `mvn test`, outside the sandbox.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="JVMs at a time (default: one for each processor).")
    ] = None,
    heap_mb: Annotated[
        int | None, typer.Option("--heap-mb", help=f"Heap of each JVM (default {_DEFAULTS.heap_mb}).")
    ] = None,
    mutants: Annotated[
        int | None,
        typer.Option(
            "--mutants",
            help=f"Mutants of each focal method that passing tests meet, 0 for none (default {_DEFAULTS.mutants}).",
        ),
    ] = None,
    sandbox: Annotated[
        Literal["auto", "bubblewrap", "unshare", "user", "none"] | None,
        typer.Option("--sandbox", help="What holds the candidates in; none runs them with your own rights."),
    ] = None,
    classpath: Annotated[
        Path | None,
        typer.Option("--classpath", metavar="FILE", help="Of a build other than Maven: the tests' class path."),
    ] = None,
    classes: Annotated[
        Path | None, typer.Option("--classes", metavar="DIR", help="And the folder of its production classes.")
    ] = None,
    seed: Seed = None,
    config: ConfigFile = None,
    set_: Set = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compile and run candidates in their project: does each compile, pass, and cover its focal method?"""
    settings = load_config(
        ExecuteConfig,
        config,
        set_ or (),
        deadline_seconds=deadline,
        reruns=reruns,
        confirm=confirm,
        workers=workers,
        heap_mb=heap_mb,
        mutants=mutants,
        sandbox=sandbox,
        classpath=str(classpath) if classpath is not None else None,
        classes=str(classes) if classes is not None else None,
        seed=seed,
    )
    from tailorbird.execution.execute import execute as run

    with shown_progress(quiet=quiet) as progress:
        done = run(candidates, project, out, settings, progress=progress, warn=print_warning)
    header = done.header
    mutations = [one.mutation for one in done.verdicts if one.mutation is not None]
    mutants, killed = sum(one.mutants for one in mutations), sum(one.killed for one in mutations)
    if json:
        print_json(
            ExecuteSummary(
                candidates=header.candidates,
                seconds=header.seconds,
                build_seconds=header.build_seconds,
                counts=header.counts,
                confirmation=header.confirmation,
                repairs=header.repairs,
                mutants=mutants,
                mutants_killed=killed,
            )
        )
        _refuse_nothing(done.verdicts, out)
        return
    rate = f", {header.candidates / header.seconds:.0f} a second" if header.seconds else ""
    print_line(
        f"{header.candidates} candidates in {header.seconds:.1f} s{rate} (sandbox: {header.settings['sandbox']})"
    )
    for name, count in header.counts.items():
        print_line(f"{name:<18} {count:>6}  {count / header.candidates:>4.0%}")
    passing = [one for one in done.verdicts if one.verdict == "pass"]
    covering = [one for one in passing if one.coverage is not None and one.coverage.focal_method_called]
    print_line(f"passing and running the focal method: {len(covering)}")
    if (adding := [one for one in covering if one.coverage and one.coverage.adds]) or settings.added_coverage:
        print_line(f"and covering what no other test of the project's does: {len(adding)}")
    if (said := header.confirmation) is not None:
        print_line(f"confirmed by mvn test: {said.confirmed} of {said.candidates}")
        if said.reason:
            print_warning(said.reason)
    if mutations:
        print_line(f"mutants killed, over these: {killed} of {mutants}")
    for name, repair in header.repairs.items():
        print_line(f"{_REPAIRS[name]}: {repair.changed} candidates, of which {repair.passed} pass then")
    print_line(str(out))
    _refuse_nothing(done.verdicts, out)


def _refuse_nothing(verdicts: Sequence[Verdict], out: Path) -> None:
    """A run that learnt nothing of any candidate has failed, though its file is there."""
    unknown = [one for one in verdicts if one.verdict == "infra"]
    why = next((one.evidence[0] for one in unknown if one.evidence), "no reason given")
    if len(unknown) == len(verdicts):
        raise SourceError(f"Nothing was learnt of any candidate ({why}): see {out}, and mend what it says.")
    if unknown:
        print_warning(f"Nothing was learnt of {len(unknown)} candidates ({why}).")
