"""The tiny base's own recipe: corpus, denoising, then focal method -> test case."""
