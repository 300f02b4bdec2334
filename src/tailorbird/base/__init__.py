"""Base models: loading one, what it reads and writes, and the shape and the tokenizer of those made here."""
