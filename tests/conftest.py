"""What holds for every test."""

from hypothesis import settings

# A busy machine makes any example slow now and then: time is measured in benchmarks, never judged in a test.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
