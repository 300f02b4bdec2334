"""Focal context: the focal method inside its class, as the models read it, and what may stand beside it.

The levels of AthenaTest (arXiv 2009.05617) and Methods2Test, each adding to the one before: ``fm`` the focal method,
``fm_fc`` its class's name, ``fm_fc_co`` the constructors' signatures, ``fm_fc_ms`` those of the other methods,
``fm_fc_ms_ff`` the fields; private members are left out. Two additions of our own go with any of them: ``+skeleton``,
what stands around the tests of the test class, and ``+neighbour``, a similar training pair.
"""

from dataclasses import dataclass

from tailorbird.errors import UsageError
from tailorbird.java_text import canonical_layout
from tailorbird.records import CONSTRUCTOR, SourceClass

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
    depth = PUBLISHED.index(published)
    if not depth:
        return method
    lines = [f"{owner.class_name.rpartition('.')[2]} {{", method]
    for one in owner.methods:
        least = 2 if one.name == CONSTRUCTOR else 3
        if depth >= least and (one.signature, one.line) != (signature, line) and "private" not in one.modifiers:
            lines.append(f"{one.signature};")
    if depth >= 4:
        if owner.constants:
            lines.append(f"{', '.join(owner.constants)};")
        lines.extend(
            f"{' '.join([*field.modifiers, field.type, field.name])};"
            for field in owner.fields
            if "private" not in field.modifiers
        )
    lines.append("}")
    return "\n".join(lines)
