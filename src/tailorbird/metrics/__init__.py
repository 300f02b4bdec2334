"""How good the generated tests are, without a model."""
