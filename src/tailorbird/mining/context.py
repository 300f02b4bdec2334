"""Focal context: the focal method inside its class, as the models read it, and what may stand beside it.

The levels of AthenaTest (arXiv 2009.05617) and Methods2Test, each adding to the one before: ``fm`` the focal method,
``fm_fc`` its class's name, ``fm_fc_co`` the constructors' signatures, ``fm_fc_ms`` those of the other methods,
``fm_fc_ms_ff`` the fields; private members are left out. Two additions of our own go with any of them: ``+skeleton``,
what stands around the tests of the test class, and ``+neighbour``, a similar training pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tailorbird.errors import UsageError
from tailorbird.java_text import canonical_layout
from tailorbird.records import CONSTRUCTOR, ClassMethod, SourceClass

PUBLISHED = ("fm", "fm_fc", "fm_fc_co", "fm_fc_ms", "fm_fc_ms_ff")
SKELETON, NEIGHBOUR = "skeleton", "neighbour"


@dataclass(frozen=True, slots=True)
class Level:
    """How much a model is shown."""

    published: str
    skeleton: bool
    neighbour: bool

    def __str__(self) -> str:
        added = [name for name, wanted in ((SKELETON, self.skeleton), (NEIGHBOUR, self.neighbour)) if wanted]
        return "+".join([self.published, *added])


def parse_level(text: str) -> Level:
    """The level that ``text`` names, such as ``fm_fc_ms_ff+neighbour``; UsageError for any other."""
    published, *added = text.split("+")
    if published not in PUBLISHED or len(set(added)) < len(added) or not {SKELETON, NEIGHBOUR}.issuperset(added):
        raise UsageError(
            f"There is no context level {text!r}: give one of {', '.join(PUBLISHED)}, "
            f"with +{SKELETON}, +{NEIGHBOUR} or both after it."
        )
    return Level(published, SKELETON in added, NEIGHBOUR in added)


def focal_context(owner: SourceClass, text: str, signature: str, line: int, published: str = PUBLISHED[-1]) -> str:
    """The context of the method ``text`` of ``owner``, told by its signature and line, in canonical layout.

    The method comes first, so that a cut at the end spares it.
    """
    method = canonical_layout(text)
    if not PUBLISHED.index(published):
        return method
    others = [one for one in owner.methods if (one.signature, one.line) != (signature, line)]
    return "\n".join([_head(owner), method, *_members(owner, others, published), "}"])


def class_outline(owner: SourceClass, published: str = PUBLISHED[-1]) -> str:
    """What the context of any method of ``owner`` says of the class, all methods' signatures among it."""
    if not PUBLISHED.index(published):
        return ""
    return "\n".join([_head(owner), *_members(owner, owner.methods, published), "}"])


def _head(owner: SourceClass) -> str:
    return f"{owner.class_name.rpartition('.')[2]} {{"


def _members(owner: SourceClass, methods: Sequence[ClassMethod], published: str) -> list[str]:
    """Signatures of ``methods``, then constants and fields, as far as the level shows them."""
    depth, lines = PUBLISHED.index(published), []
    for one in methods:
        least = 2 if one.name == CONSTRUCTOR else 3
        if depth >= least and "private" not in one.modifiers:
            lines.append(f"{one.signature};")
    if depth >= 4:
        if owner.constants:
            lines.append(f"{', '.join(owner.constants)};")
        lines.extend(
            f"{' '.join([*field.modifiers, field.type, field.name])};"
            for field in owner.fields
            if "private" not in field.modifiers
        )
    return lines
