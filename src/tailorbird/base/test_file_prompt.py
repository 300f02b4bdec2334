"""The prompt format ``test-file``, for bases that have read whole Java files: code first, then the test of it.

What many tests share stands first, so that it is computed once for all of them: the focal class, then the test class.
Then comes what belongs to one focal method, the method itself last, directly before its test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tailorbird.java_text import canonical_layout
from tailorbird.records import FocalMethod, Neighbour, Pair

NAME = "test-file"

CLASS_SHARE, TEST_CLASS_SHARE, FOCAL_SHARE = 0.4, 0.25, 0.6
"""Largest shares of the source that the focal class, the test class and the focal method take."""


@dataclass(frozen=True, slots=True)
class SourceParts:
    """The parts of a source as text, in order. Each ends with a line break; the focal method alone is never empty."""

    focal_class: str
    test_class: str
    collaborators: str
    neighbour: str
    neighbour_test: str
    """The neighbour without its focal method, for where both do not fit."""
    focal: str
    lead: str
    """The line after which the test begins."""


def source_parts(pair: Pair) -> SourceParts:
    """The parts of the source of ``pair``."""
    return SourceParts(
        focal_class=_focal_class(pair.focal),
        test_class=_test_class(pair),
        collaborators="".join(f"{one}\n" for one in pair.collaborators),
        neighbour=_neighbour(pair.neighbour, whole=True),
        neighbour_test=_neighbour(pair.neighbour, whole=False),
        focal=f"// Method under test\n{canonical_layout(pair.focal.text)}\n",
        lead="// Test\n",
    )


def _focal_class(focal: FocalMethod) -> str:
    """The focal class without any body: the same for all of its methods."""
    outline = focal.outline
    if not outline:  # A data set of another tool.
        before, _, after = focal.context.partition(canonical_layout(focal.text))
        outline = before + after.lstrip("\n")
    head = f"// Class under test: {'.'.join(part for part in (focal.package, focal.class_name) if part)}\n"
    return f"{head}{outline}\n" if outline.strip() else head


def _test_class(pair: Pair) -> str:
    if pair.skeleton is None and not pair.imports:
        return ""
    return f"// Test class\n{_imports(pair.imports)}{pair.skeleton or ''}\n"


def _imports(imports: Sequence[str]) -> str:
    """The simple names that are imported: what a test can name, in a few tokens."""
    static = [one.removeprefix("static ") for one in imports if one.startswith("static ")]
    types = [one for one in imports if not one.startswith("static ")]
    lines = [
        f"{keyword} {', '.join(_short(one) for one in names)};\n"
        for keyword, names in (("import", types), ("import static", static))
        if names
    ]
    return "".join(lines)


def _short(name: str) -> str:
    """``java.util.List`` as ``List``, and ``org.junit.Assert.*`` as ``Assert.*``."""
    parts = name.split(".")
    return ".".join(parts[-2:]) if parts[-1] == "*" else parts[-1]


def _neighbour(neighbour: Neighbour | None, *, whole: bool) -> str:
    if neighbour is None:
        return ""
    test = canonical_layout(neighbour.test_text)
    if not whole:
        return f"// Similar test\n{test}\n"
    return f"// Similar method and its test\n{canonical_layout(neighbour.focal_text)}\n{test}\n"


Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FittedSource:
    """A source that fits a limit."""

    tokens: Tokens
    cut: bool
    """Some of it did not fit."""
    focal_cut: bool
    """The focal method itself did not."""


def fit(parts: Sequence[Tokens], neighbour_test: Tokens, *, limit: int) -> FittedSource:
    """Put (focal class, test class, collaborators, neighbour, focal method, lead) into ``limit`` tokens.

    Where not all fits, the neighbour goes first (its focal method, then its test), then the collaborators; then the
    focal class and the test class end earlier, and the focal method last of all.
    """
    focal_class, test_class, collaborators, neighbour, focal, lead = parts
    focal_kept = focal[: max(1, round(FOCAL_SHARE * limit) - len(lead))]
    class_kept = focal_class[: round(CLASS_SHARE * limit)]
    test_kept = test_class[: round(TEST_CLASS_SHARE * limit)]
    room = limit - len(lead) - len(focal_kept)
    test_kept = test_kept[: max(0, room - min(len(class_kept), room // 2))]
    class_kept = class_kept[: max(0, room - len(test_kept))]
    room -= len(test_kept) + len(class_kept)
    collaborators_kept = collaborators if len(collaborators) <= room else ()
    room -= len(collaborators_kept)
    beside = next((one for one in (neighbour, neighbour_test) if len(one) <= room), ())
    tokens = (*class_kept, *test_kept, *collaborators_kept, *beside, *focal_kept, *lead)
    return FittedSource(
        tokens, cut=len(tokens) < sum(len(part) for part in parts), focal_cut=len(focal_kept) < len(focal)
    )
