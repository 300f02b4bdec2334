"""Which candidates are kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from tailorbird.generation.selecting import Selector
from tailorbird.mining.dataset import DataSet
from tailorbird.records import Pair
from tests.data import write_data


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    return write_data(tmp_path)


@pytest.fixture
def pair(data: DataSet) -> Pair:
    return data.split("test")[0]


def written(body: str) -> str:
    return f"@Test\npublic void works() {{ {body} }}"


def test_names_that_the_project_has_come_before_invented_ones(data: DataSet, pair: Pair) -> None:
    called = written(f"Subject s = null; assertEquals(1, s.{pair.focal.name}(1));")
    invented = written("Subject s = null; assertEquals(1, s.invented(1));")
    broken = written("Subject s = ")
    assert Selector(data).best(pair, [broken, invented, called], 3) == [2, 1, 0]


def test_a_text_is_kept_twice_only_where_there_is_no_other(data: DataSet, pair: Pair) -> None:
    good, bad = written("int one = 1;"), written("invented();")
    assert Selector(data).best(pair, [good, good, bad], 2) == [0, 2]
    assert Selector(data).best(pair, [good, good], 2) == [0, 1]


def test_fields_of_the_test_class_are_known_where_its_outline_is_shown(data: DataSet, pair: Pair) -> None:
    texts = [written("invented();"), written("subject.hashCode(); subject.equals(subject);")]
    assert Selector(data).best(pair, texts, 2) == [0, 1]
    shown = replace(pair, skeleton="SubjectTest { Subject subject; }")
    assert Selector(data).best(shown, texts, 2) == [1, 0]


def test_words_of_held_out_tests_are_not_known(data: DataSet, pair: Pair) -> None:
    own = [written(f"{one.test.name}();") for one in data.split("test")]
    assert Selector(data).best(pair, [*own, written("int one = 1;")], 1) == [len(own)]
