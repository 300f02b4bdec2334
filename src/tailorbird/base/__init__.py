"""Base models: the embedded one, its tokenizer, and any Hugging Face sequence-to-sequence model in its place."""
