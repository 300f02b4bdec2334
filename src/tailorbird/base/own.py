"""What is known about the bases that `tailorbird pretrain` makes, `tiny` among them."""

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
