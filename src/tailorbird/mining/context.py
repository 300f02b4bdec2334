"""Focal context: the focal method inside its class, as the models read it.

Level ``fm_fc_ms_ff`` of AthenaTest (arXiv 2009.05617) and Methods2Test: the focal method, its class's name, the
signatures of the class's other non-private methods and constructors, and its non-private fields.
"""

from tailorbird.java_text import canonical_layout
from tailorbird.mining.declarations import JavaType, Method

LEVEL = "fm_fc_ms_ff"


def focal_context(owner: JavaType, focal: Method) -> str:
    """The context of ``focal`` in canonical layout; it comes first, so that a cut at the end spares it."""
    lines = [f"{owner.simple_name} {{", canonical_layout(focal.text)]
    lines.extend(
        f"{method.signature};"
        for method in (*owner.constructors, *owner.methods)
        if method is not focal and "private" not in method.modifiers
    )
    if owner.constants:
        lines.append(f"{', '.join(owner.constants)};")
    lines.extend(f"{field.declaration};" for field in owner.fields if not field.private)
    lines.append("}")
    return "\n".join(lines)
