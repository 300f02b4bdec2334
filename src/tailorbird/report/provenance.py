"""What produced the results, so that they can be made again."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from tailorbird.bases.catalogue import DEFAULT_BASE
from tailorbird.records import Result, ResultMeta
from tailorbird.report.rows import leading, model_of, models, title


@dataclass(frozen=True, slots=True)
class Provenance:
    """Facts for the foot of the page."""

    command: str
    facts: tuple[tuple[str, str], ...]
    """(Name, value), the same for all rows."""
    rows: tuple[tuple[str, str, str, str, str], ...]
    """(Strategy, settings, delta's hash, candidates' hash, device) of each."""


def provenance(results: Sequence[Result]) -> Provenance:
    """Facts of all rows and of each; ``results`` holds at least one."""
    meta = leading(results).meta
    source = meta.source
    facts = [
        ("Tailorbird", meta.tailorbird),
        ("Project", f"{source.location} ({source.kind})"),
        ("Commit", meta.commit or ""),
        ("Licence", source.licence or ""),
        ("Split", f"{meta.split}, {meta.pairs} pairs"),
        ("Decoding", meta.decoding),
        ("Seed", ", ".join(dict.fromkeys(str(one.meta.seed) for one in results))),
        ("Device", ", ".join(dict.fromkeys(one.meta.device for one in results if one.meta.device))),
        ("Base", meta.base_name),
        ("Base SHA-256", meta.base_sha256),
        ("Data SHA-256", meta.data_sha256),
        ("BLEU", meta.bleu_signature),
        ("Versions", ", ".join(f"{name} {version}" for name, version in sorted(_versions(results).items()))),
    ]
    return Provenance(
        command=_command(results, meta),
        facts=tuple((name, value) for name, value in facts if value),
        rows=tuple(
            (
                title(one.strategy),
                ", ".join(f"{name.removeprefix('training.')} {value}" for name, value in one.meta.settings.items()),
                one.meta.delta_sha256,
                one.meta.candidates_sha256,
                one.meta.device,
            )
            for one in results
        ),
    )


def _versions(results: Sequence[Result]) -> dict[str, str]:
    return {name: version for one in results for name, version in one.meta.versions.items()}


def _command(results: Sequence[Result], meta: ResultMeta) -> str:
    """The one command that does all this; what it leaves out stands in the settings."""
    trained = models(results)
    location = meta.source.location
    if meta.source.kind == "git" and meta.commit and "@" not in location.rpartition("/")[2]:
        location = f"{location}@{meta.commit.removesuffix('+dirty')}"
    words = ["tailorbird", "compare", location, "--out", "study", "--seed", str(meta.seed)]
    if trained:
        words += ["--strategies", ",".join(model_of(one.strategy) for one in trained)]
        epochs = trained[0].meta.settings.get("training.epochs")
        words += ["--epochs", f"{epochs:g}"] if isinstance(epochs, int | float) else []
    if meta.base_name not in ("", DEFAULT_BASE, "none"):
        words += ["--base", meta.base_name]
    if meta.decoding != "greedy":
        words += ["--set", f"decoding={meta.decoding}"]
    return shlex.join(words)
