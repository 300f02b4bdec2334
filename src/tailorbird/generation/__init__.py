"""Generation: candidates for each focal method, and the losses of the developers' own tests."""
