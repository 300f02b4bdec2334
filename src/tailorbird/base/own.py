"""Descriptions in the package: of bases that `tailorbird pretrain` makes, and of decoders that nobody described."""

from tailorbird.records import BaseDescription, TrainingDefaults

OWN_DESCRIPTION = BaseDescription(
    end_token="</s>",
    # A small base trained from scratch wants far higher rates than a large one. Searched with benchmarks/defaults.py.
    training={
        "custom": TrainingDefaults(learning_rate=5e-4, epochs=3.0),
        "l-eo": TrainingDefaults(learning_rate=2e-3, epochs=3.0),
        "l-ldb": TrainingDefaults(learning_rate=4e-3, epochs=3.0),
        "prefix": TrainingDefaults(learning_rate=5e-3, epochs=6.0),
        "lora": TrainingDefaults(learning_rate=5e-3, epochs=6.0),
        "dora": TrainingDefaults(learning_rate=5e-3, epochs=6.0),
        "ia3": TrainingDefaults(learning_rate=8e-2, epochs=3.0),
        "bitfit": TrainingDefaults(learning_rate=2e-2, epochs=3.0),
        "prompt": TrainingDefaults(learning_rate=0.48, epochs=3.0),
    },
)

READER_OF_FILES = BaseDescription(end_token="</s>", prompt="test-file", max_source_tokens=768)
"""A decoder that was pre-trained on source code: what was measured with SmolLM2-135M (docs/design/0015)."""
