"""The name of a project's licence, from its pom or its licence file; SPDX identifiers where they are recognised."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

_FILES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "LICENCE.md", "COPYING", "license.txt")
_KNOWN = (
    (
        "Apache-2.0",
        r"apache\W+(?:software\W+)?licen[sc]e\W+(?:\(?the\W+)?(?:,\W*)?(?:version\W*)?v?2|apache-2\.0|asl\W?2|apache\s+2",
    ),
    ("EPL-2.0", r"eclipse public licen[sc]e\W+(?:-\W*)?v?(?:ersion)?\W*2|epl-2\.0"),
    ("EPL-1.0", r"eclipse public licen[sc]e\W+(?:-\W*)?v?(?:ersion)?\W*1|epl-1\.0"),
    ("LGPL-2.1", r"gnu lesser general public licen[sc]e\W+(?:v|version)\W*2\.1|lgpl-2\.1"),
    (
        "MIT",
        r"\bmit\b(?:-0)?\s+licen[sc]e|licen[sc]e\W+mit\b|^mit$|permission is hereby granted, free of charge, to",
    ),
    ("BSD-3-Clause", r"bsd[\s-]3|3-clause bsd|neither the name of"),
    ("BSD-2-Clause", r"bsd[\s-]2|2-clause bsd|redistribution and use in source and binary forms"),
    ("Apache-2.0", r"^the apache software licen[sc]e"),
)
_MAX_POM_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Pom:
    """What a pom says of licences: its own, and where a parent's may be."""

    licence: str | None
    parent: str | None
    """``group:artifact:version``."""


def recognise(text: str) -> str | None:
    """The SPDX identifier of a licence's name or text, if it is a well-known one."""
    head = " ".join(text[:4000].lower().split())
    return next((name for name, pattern in _KNOWN if re.search(pattern, head)), None)


def read_pom(path: Path) -> Pom:
    """Licence names and parent of a pom; nothing from one that is missing or malformed."""
    try:
        data = path.read_bytes() if path.is_file() else b""
        # Entity definitions have no place in a pom, and can be made to exhaust memory.
        if len(data) > _MAX_POM_BYTES or b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            return Pom(None, None)
        root = ElementTree.fromstring(data)
    except (OSError, ElementTree.ParseError, ValueError, LookupError):
        return Pom(None, None)
    names = [_text(one, "name") or _text(one, "url") for one in root.findall("{*}licenses/{*}license")]
    parent = root.find("{*}parent")
    parts = [_text(parent, part) for part in ("groupId", "artifactId", "version")] if parent is not None else [""]
    return Pom(_joined([name for name in names if name]), ":".join(parts) if all(parts) else None)


def licence_of_tree(root: Path) -> str | None:
    """The licence that a tree declares: its pom's, else that of a licence file at its root or in ``META-INF``."""
    declared = read_pom(root / "pom.xml").licence
    if declared is not None:
        return declared
    for folder in (root, root / "META-INF", root / "src/main/java/META-INF", root / "src/test/java/META-INF"):
        for name in _FILES:
            found = _recognised_file(folder / name)
            if found is not None:
                return found
    return None


def _recognised_file(path: Path) -> str | None:
    if not path.is_file():  # a pipe by that name would be waited for
        return None
    try:
        with path.open("rb") as file:
            return recognise(file.read(8000).decode("utf-8", errors="replace"))
    except OSError:
        return None


def _joined(names: Sequence[str]) -> str | None:
    return " OR ".join(dict.fromkeys(recognise(name) or name for name in names)) or None


def _text(node: ElementTree.Element, name: str) -> str:
    return " ".join((node.findtext(f"{{*}}{name}") or "").split())
