"""What a lossy packing of a delta costs, in validation loss."""

from pathlib import Path

from tailorbird.base.load import Base
from tailorbird.base.prompts import encode_pair
from tailorbird.deltas.attach import attach_delta
from tailorbird.deltas.compress import repack_delta, with_losses
from tailorbird.deltas.packing import LOSSY, Packing
from tailorbird.deltas.store import MANIFEST, load_delta
from tailorbird.errors import DataError, UsageError
from tailorbird.mining.dataset import DataSet
from tailorbird.networks.batch import Encoded
from tailorbird.records import DeltaManifest
from tailorbird.storage import write_json
from tailorbird.training.losses import validate


def compress_delta(folder: Path, out: Path, packing: Packing, base: Base, data: DataSet | None) -> DeltaManifest:
    """Write the delta in ``folder`` to ``out``, packed as ``packing``.

    A lossy packing needs ``data``: the loss on its validation pairs before and after goes into the manifest.
    """
    if packing not in LOSSY:
        return repack_delta(folder, out, packing, base)
    if data is None:
        raise UsageError(f"{packing} loses something: give the mined data as --data, so that the loss is measured.")
    before = _validation_loss(folder, base, data)
    manifest = with_losses(repack_delta(folder, out, packing, base), before, _validation_loss(out, base, data))
    write_json(out / MANIFEST, manifest)
    return manifest


def _validation_loss(folder: Path, base: Base, data: DataSet) -> float:
    delta = load_delta(folder)
    limits = {
        "max_source": int(delta.manifest.settings["max_source_tokens"]),
        "max_target": int(delta.manifest.settings["max_target_tokens"]),
    }
    pairs = [pair for pair in data.split("validation") if pair.test.assertions]
    if not pairs:
        raise DataError("The data set has no validation pairs that assert something: mine a project with more tests.")
    prompts = [encode_pair(base.tokenizer, pair, layout=base.description.prompt, **limits) for pair in pairs]
    undo = attach_delta(base, delta)
    try:
        return validate(base.network, [Encoded(prompt.source, prompt.target) for prompt in prompts]).loss
    finally:
        undo()
