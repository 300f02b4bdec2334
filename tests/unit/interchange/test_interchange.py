"""Data sets in others' forms, there and back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tailorbird.cli import app
from tailorbird.config import MineConfig
from tailorbird.errors import DataError
from tailorbird.interchange.methods2test import corpus_form, write_corpus, write_dataset
from tailorbird.interchange.read import read_methods2test, read_tables
from tailorbird.interchange.tables import write_parquet
from tailorbird.mining.dataset import DataSet, load_classes, load_data
from tailorbird.mining.pipeline import mine
from tests.unit.mining.java_projects import JUNIT4, JUNIT5


@pytest.fixture(scope="module", params=[JUNIT4, JUNIT5], ids=["junit4", "junit5"])
def mined(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("mined")
    mine(str(request.param), folder, MineConfig(context="fm_fc_ms_ff+skeleton+neighbour"))
    return folder


def read(folder: Path) -> DataSet:
    return load_data(folder)


def test_the_data_set_form_has_the_published_fields(mined: Path, tmp_path: Path) -> None:
    data = read(mined)
    assert write_dataset(data, load_classes(mined), tmp_path) == len(data.pairs)
    paths = sorted((tmp_path / "dataset").rglob("*.json"))
    assert len(paths) == len(data.pairs)
    assert {path.parent.parent.name for path in paths} == {"train", "eval", "test"}
    forms = [json.loads(path.read_text()) for path in paths]
    for form in forms:
        assert set(form) == {"repository", "focal_class", "focal_method", "test_class", "test_case"}
        method, case = form["focal_method"], form["test_case"]
        assert case["testcase"] is True
        assert method["testcase"] is False
        assert method["class_method_signature"].startswith(
            f"{form['focal_class']['identifier']}.{method['identifier']}("
        )
        assert method["full_signature"].endswith(method["signature"])
        assert any(one["signature"] == method["signature"] for one in form["focal_class"]["methods"])
        assert case["invocations"] == sorted(set(case["invocations"]))
    bodies = {(form["focal_method"]["body"], form["test_case"]["body"]) for form in forms}
    assert bodies == {(pair.focal.text, pair.test.text) for pair in data.pairs}


def test_the_corpus_form_has_the_five_levels(mined: Path, tmp_path: Path) -> None:
    data, classes = read(mined), load_classes(mined)
    write_corpus(data, classes, tmp_path)
    paths = list((tmp_path / "corpus" / "json").rglob("*_corpus.json"))
    forms = {json.loads(path.read_text())["target"]: json.loads(path.read_text()) for path in paths}
    for pair in data.pairs:
        form = forms[pair.test.text]
        assert list(form) == ["target", "src_fm", "src_fm_fc", "src_fm_fc_co", "src_fm_fc_ms", "src_fm_fc_ms_ff"]
        assert form["src_fm_fc_ms_ff"] == pair.focal.context
        levels = [form[name] for name in list(form)[1:]]
        assert [len(one) for one in levels] == sorted(len(one) for one in levels)


def test_the_data_set_form_comes_back(mined: Path, tmp_path: Path) -> None:
    data, classes = read(mined), load_classes(mined)
    write_dataset(data, classes, tmp_path)
    manifest = read_methods2test(tmp_path / "dataset", tmp_path / "back")
    back = {pair.test.text: pair for pair in read(tmp_path / "back").pairs}
    assert manifest.splits == data.manifest.splits
    for pair in data.pairs:
        again = back[pair.test.text]
        assert again.split == pair.split
        assert again.focal.text == pair.focal.text
        assert again.focal.package == pair.focal.package
        assert (again.focal.name, again.focal.parameters) == (pair.focal.name, pair.focal.parameters)
        assert again.focal.class_name == pair.focal.class_name.rpartition(".")[2]
        # The form has no place for an enum's constants.
        constants = ", ".join(classes[pair.focal.path, pair.focal.class_name].constants)
        expected = [line for line in pair.focal.context.splitlines() if not constants or line != f"{constants};"]
        assert sorted(again.focal.context.splitlines()) == sorted(expected)
        assert (again.test.name, again.test.annotations) == (pair.test.name, pair.test.annotations)
    # What was read can be written again, and is then the same.
    write_corpus(read(tmp_path / "back"), load_classes(tmp_path / "back"), tmp_path / "again")
    assert len(list((tmp_path / "again").rglob("*.json"))) == len(data.pairs)


def test_the_corpus_form_comes_back(mined: Path, tmp_path: Path) -> None:
    data = read(mined)
    write_corpus(data, load_classes(mined), tmp_path)
    read_methods2test(tmp_path / "corpus", tmp_path / "back")
    back = {pair.test.text: pair for pair in read(tmp_path / "back").pairs}
    for pair in data.pairs:
        assert back[pair.test.text].focal.context == pair.focal.context
        assert back[pair.test.text].focal.class_name == pair.focal.class_name.rpartition(".")[2]
        assert back[pair.test.text].split == pair.split


def test_files_without_splits_are_split_by_class_and_cluster(mined: Path, tmp_path: Path) -> None:
    data, classes = read(mined), load_classes(mined)
    for number, pair in enumerate(data.pairs):
        write = corpus_form(pair, classes)
        (tmp_path / f"{number}.json").write_text(
            json.dumps({name: getattr(write, name) for name in write.__struct_fields__})
        )
    manifest = read_methods2test(tmp_path, tmp_path / "back", seed=3)
    assert all(manifest.splits.values())
    assert manifest.leakage.shared_clusters == 0


def test_parquet_comes_back_whole(mined: Path, tmp_path: Path) -> None:
    data = read(mined)
    assert write_parquet(data, load_classes(mined), tmp_path / "hf") == len(data.pairs)
    manifest = read_tables(tmp_path / "hf", tmp_path / "back")
    assert sorted(read(tmp_path / "back").pairs, key=lambda pair: pair.id) == sorted(
        data.pairs, key=lambda pair: pair.id
    )
    assert manifest.leakage == data.manifest.leakage
    assert manifest.context_level == data.manifest.context_level
    card = (tmp_path / "hf" / "README.md").read_text()
    assert "path: data/train-00000-of-00001.parquet" in card
    assert f"license_name: {data.manifest.source.licence or 'unknown'}\n" in card


def test_what_cannot_be_read_is_named(mined: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no JSON files of Methods2Test"):
        read_methods2test(tmp_path, tmp_path / "back")
    for text, message in [
        ("{", "neither of Methods2Test's forms"),
        ("[]", "neither of Methods2Test's forms"),
        ('{"target": 3}', "neither of Methods2Test's forms"),
        ('{"repository": {}}', "neither of Methods2Test's forms"),
    ]:
        (tmp_path / "one.json").write_text(text)
        with pytest.raises(DataError, match=f"one.json is {message}"):
            read_methods2test(tmp_path, tmp_path / "back")
    data, classes = read(mined), load_classes(mined)
    form = corpus_form(data.pairs[0], classes)
    broken = {name: getattr(form, name) for name in form.__struct_fields__} | {"src_fm": "no method at all"}
    (tmp_path / "one.json").write_text(json.dumps(broken))
    with pytest.raises(DataError, match=r"one\.json holds no method where one should be"):
        read_methods2test(tmp_path, tmp_path / "back")
    with pytest.raises(DataError, match="could not be read as Parquet"):
        read_tables(tmp_path, tmp_path / "back")
    with pytest.raises(DataError, match=r"classes\.jsonl lacks"):
        corpus_form(replace(data.pairs[0], focal=replace(data.pairs[0].focal, path="Gone.java")), classes)


@pytest.mark.parametrize("kind", ["methods2test", "methods2test-corpus", "parquet"])
def test_the_commands(mined: Path, tmp_path: Path, kind: str) -> None:
    runner = CliRunner()
    exported = runner.invoke(app, ["export", str(mined), "--format", kind, "--out", str(tmp_path / "out")])
    assert exported.exit_code == 0, exported.output
    arguments = ["import", str(tmp_path / "out"), "--out", str(tmp_path / "back")]
    options = ["--format", "parquet"] if kind == "parquet" else []
    imported = runner.invoke(app, [*arguments, *options])
    assert imported.exit_code == 0, imported.output
    assert f"{len(read(mined).pairs)} pairs" in imported.output
    assert len(read(tmp_path / "back").pairs) == len(read(mined).pairs)


def test_an_unknown_format_is_a_usage_error(mined: Path, tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["export", str(mined), "--format", "csv", "--out", str(tmp_path)])
    assert answer.exception is not None
    assert "no format 'csv'" in str(answer.exception)
