"""Ways of personalising a base: which parameters train, how the forward pass changes, and what makes the delta."""
