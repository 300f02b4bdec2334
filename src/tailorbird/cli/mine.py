"""`tailorbird mine`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli.options import Json, Quiet, Seed
from tailorbird.cli.output import print_json, print_line
from tailorbird.cli.progress import shown_progress
from tailorbird.config import MineConfig, load_config
from tailorbird.errors import UsageError
from tailorbird.records import DataManifest, Leakage, Skipped

EXAMPLES = """\b
Examples:
  tailorbird mine ~/code/my-project --out data
  tailorbird mine https://example.org/team/project.git@4f1c2d9 --out data
  tailorbird mine commons-codec:commons-codec:1.16.0 --out data --seed 1
  tailorbird mine . --out data --context fm_fc_ms_ff+skeleton
  tailorbird mine commons-codec:commons-codec:1.16.0 --older commons-codec:commons-codec:1.15 --out data
  tailorbird mine @coordinates.txt --out data
  tailorbird mine . --since 2026-01-01 --out data --max-similarity 0.8
  tailorbird mine . --out data --json | jq .pairs
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MineSummary:
    """What ``--json`` prints: the manifest's figures."""

    files: int
    test_cases: int
    pairs: int
    unasserted: int
    seconds: float
    skipped: tuple[Skipped, ...]
    splits: dict[str, int]
    leakage: Leakage


def mine(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="A folder, a jar or zip, a git URL (URL@commit), or group:artifact:version; @FILE has one a line.",
        ),
    ],
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for pairs.jsonl, test_classes.jsonl and manifest.json.")
    ],
    seed: Seed = None,
    heuristics: Annotated[
        str | None,
        typer.Option("--heuristics", help="How to find focal methods: tailorbird, or methods2test to compare with."),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            "--context",
            metavar="LEVEL",
            help="What a model is shown: fm, fm_fc, fm_fc_co, fm_fc_ms, fm_fc_ms_ff; then +skeleton, +neighbour.",
        ),
    ] = None,
    older: Annotated[
        str | None,
        typer.Option(
            "--older", metavar="SOURCE", help="Time split: train on this older version, test on tests added since."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="Time split by git history: a commit, a tag, or YYYY-MM-DD."),
    ] = None,
    max_similarity: Annotated[
        float | None,
        typer.Option(
            "--max-similarity", metavar="0..1", help="Fail if a test pair is more similar to a training pair than this."
        ),
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option("--min-confidence", metavar="0..1", help="Leave out pairs whose focal method is less certain."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Pair the project's tests with the methods they test, and split the pairs without leaks."""
    config = load_config(
        MineConfig,
        seed=seed,
        heuristics=heuristics,
        context=context,
        older=older,
        since=since,
        max_similarity=max_similarity,
        min_confidence=min_confidence,
    )
    from tailorbird.mining.pipeline import mine as run

    with shown_progress(quiet=quiet) as progress:
        manifest = run(_listed(sources), out, config, progress=progress)
    if json:
        print_json(_summary(manifest))
    else:
        _print(manifest, out)


def _listed(sources: Sequence[str]) -> tuple[str, ...]:
    """The sources, those of a list file in its place; ``#`` begins a comment there."""
    found: list[str] = []
    for source in sources:
        if not source.startswith("@"):
            found.append(source)
            continue
        try:
            lines = Path(source[1:]).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise UsageError(f"{source[1:]!r} could not be read as a list of sources ({error}).") from error
        found += [text for line in lines if (text := line.partition("#")[0].strip())]
    return tuple(found)


def _summary(manifest: DataManifest) -> MineSummary:
    return MineSummary(
        files=manifest.files,
        test_cases=manifest.test_cases,
        pairs=manifest.pairs,
        unasserted=manifest.unasserted,
        seconds=manifest.seconds,
        skipped=manifest.skipped,
        splits=manifest.splits,
        leakage=manifest.leakage,
    )


def _print(manifest: DataManifest, out: Path) -> None:
    print_line(
        f"{manifest.pairs} pairs of a focal method and a test, from {manifest.test_cases} test cases "
        f"in {manifest.files} files ({manifest.seconds:.1f} s)"
    )
    if manifest.unasserted:
        print_line(f"assertions: none in {manifest.unasserted} of them, which are left out of training")
    if manifest.older is not None:
        past = manifest.older.version or manifest.older.commit or manifest.older.location
        print_line(
            f"time split: what was there at {past} trains, what was added since tests "
            f"({manifest.copies_left_out} copies of older pairs left out)"
        )
    print_line("splits: " + ", ".join(f"{count} {name}" for name, count in manifest.splits.items()))
    leakage = manifest.leakage
    print_line(
        f"leakage: {leakage.shared_classes} classes and {leakage.shared_clusters} clusters in two splits, "
        f"closest test to a training pair {leakage.max_similarity:.2f} of 1"
    )
    for skipped in manifest.skipped[:5]:
        print_line(f"left out: {skipped.path}: {skipped.reason}")
    if len(manifest.skipped) > 5:
        print_line(f"left out: {len(manifest.skipped) - 5} more, listed in {out / 'manifest.json'}")
    print_line(str(out / "pairs.jsonl"))
