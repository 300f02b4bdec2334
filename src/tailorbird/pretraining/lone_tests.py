"""Test cases whose focal method is not known: they teach how tests are written all the same.

Their input is the outline of their own class and the test before them, in place of a focal method and a neighbour.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tailorbird.mining.tree import MinedTree
from tailorbird.records import TestCase


@dataclass(frozen=True, slots=True)
class LoneTest:
    """A test case and what a base reads of its surroundings."""

    outline: str
    sibling: str
    """Another test of the class; empty where there is none."""
    test: TestCase


def lone_tests(mined: MinedTree) -> Iterator[LoneTest]:
    """The test cases of a tree that assert something and belong to no pair, in order of path and line."""
    outlines = {(one.path, one.class_name): one.outline for one in mined.test_classes}
    paired = {(pair.test.path, pair.test.line) for pair in mined.pairs}
    cases = sorted(mined.test_cases, key=lambda case: (case.path, case.class_name, case.line))
    for number, case in enumerate(cases):
        if not case.assertions or (case.path, case.line) in paired:
            continue
        # The one before, as someone would write from top to bottom; of the first test, the one after.
        beside = [cases[at] for at in (number - 1, number + 1) if 0 <= at < len(cases)]
        siblings = [one.text for one in beside if (one.path, one.class_name) == (case.path, case.class_name)]
        yield LoneTest(outlines.get((case.path, case.class_name), ""), siblings[0] if siblings else "", case)
