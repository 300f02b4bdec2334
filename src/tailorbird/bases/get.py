"""Getting a base of the catalogue: fetched and converted once, into the user's cache."""

from collections.abc import Callable
from pathlib import Path

from tailorbird.bases.building import publish, scratch_beside
from tailorbird.bases.catalogue import CatalogueEntry, folder_of, get_entry, require_here, require_stage
from tailorbird.bases.fetch import fetch_gguf
from tailorbird.bases.gguf import convert
from tailorbird.errors import BaseError

Announce = Callable[[CatalogueEntry], None]


def get_base(name: str, announce: Announce = lambda _: None) -> Path:
    """The folder of the base called ``name``; ``announce`` is told before anything is downloaded.

    Nothing is done where the base is there already. A killed run leaves nothing that a later one would take for whole.
    """
    entry = get_entry(name)
    require_stage(entry)
    if entry.stage_of:
        get_base(entry.stage_of, announce)
    folder = folder_of(entry)
    if entry.download is not None and not folder.is_dir():
        announce(entry)
        with scratch_beside(folder) as scratch:
            gguf = fetch_gguf(entry.download, scratch)
            base = convert(gguf, scratch / "base", name=name, description=entry.description)
            if entry.weights_sha256 not in ("", base.sha256):
                raise BaseError(
                    f"{name} was converted to other weights ({base.sha256[:12]}…) than it should have been "
                    f"({entry.weights_sha256[:12]}…): install the transformers that `tailorbird doctor` names."
                )
            publish(scratch / "base", folder)
    require_here(entry)
    return folder
