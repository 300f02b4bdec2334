"""The page: one file, complete, safe, and without requests."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tailorbird.errors import DataError, StorageError
from tailorbird.records import Result
from tailorbird.report.columns import BLEU, LOSS
from tailorbird.report.plots import curves_figure, input_gain_figure, pareto_figure, pareto_front
from tailorbird.report.render import render_report
from tailorbird.storage import write_json
from tests.builders import cost, data_manifest, example, executed, meta, metrics, provenance, result

ALL = ("developers", "no-model", "retrieval-copy", "base", "custom", "l-eo", "l-ldb", "prefix")


def page_of(folder: Path, rows: Iterable[Result]) -> str:
    for row in rows:
        write_json(folder / "results" / f"{row.strategy}.json", row)
    out = render_report(folder / "results", folder / "site" / "report.html")
    return out.read_text(encoding="utf-8")


def without_plotly(page: str) -> str:
    return "".join(part for part in re.split(r"(<script>.*?</script>)", page, flags=re.S) if len(part) < 1_000_000)


class Ids(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.seen.append(value)
            if name == "src" or (name == "href" and tag == "link"):
                self.loaded.append(value or "")


def test_a_whole_study_is_one_small_page_that_loads_nothing(tmp_path: Path) -> None:
    page = page_of(tmp_path, (result(name) for name in ALL))
    ids = Ids()
    ids.feed(without_plotly(page))

    assert len(page.encode()) < 6_000_000
    assert all(name in page for name in ("retrieval copy", "l-ldb", "org.example:adder:1.0"))
    assert [one for one in ids.loaded if not one.startswith("data:")] == []
    assert len(ids.seen) == len(set(ids.seen))
    assert "default-src 'none'" in page


def test_executed_tests_have_their_sections(tmp_path: Path) -> None:
    without = page_of(tmp_path / "without", (result(name) for name in ALL))
    rows = (replace(result(name), executed=executed()) for name in ALL)
    page = page_of(tmp_path / "with", rows)

    assert 'id="useful"' not in without
    assert 'id="useful"' in page
    assert page.count('scope="rowgroup"') == len(ALL)
    assert page.count("with observed values<span") == len(ALL)
    # Useful@k and pass@k of three k, and the share that asserts, under two treatments.
    head = page[page.index('class="headline useful"') : page.index("</thead>", page.index('class="headline useful"'))]
    assert head.count('scope="col"') == 1 + 14
    assert head.count('scope="colgroup"') == 2


def test_the_page_s_figures_are_valid_json(tmp_path: Path) -> None:
    page = page_of(tmp_path, (result(name) for name in ALL))
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, flags=re.S)

    assert found
    assert json.loads(found.group(1)).keys() == {"pareto", "curves", "gain"}


@pytest.mark.parametrize("names", [("base",), ("custom",), ("retrieval-copy",), ("base", "prefix"), ("unheard-of",)])
def test_missing_rows_are_tolerated(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert names[-1].replace("-copy", " copy") in page_of(tmp_path, (result(name) for name in names))


def test_markup_in_a_project_stays_text(tmp_path: Path) -> None:
    nasty = 'void a() { f("</pre></script><script>alert(1)</script>"); }'
    shown = example(reference=nasty, candidate=nasty, focal_signature="<img src=x onerror=alert(1)>", focal_text=nasty)
    page = page_of(
        tmp_path, [result("custom", examples=(shown,), meta=meta(source=provenance(location="<b>project</b>")))]
    )

    assert "<script>alert" not in page
    assert "<img" not in without_plotly(page)
    assert "&lt;b&gt;project" in page


def test_a_lone_surrogate_in_a_candidate_does_not_stop_the_page(tmp_path: Path) -> None:
    assert "�" in page_of(tmp_path, [result("custom", examples=(example(candidate='f("�");'),))])


def test_the_data_section_needs_the_manifest_of_these_results(tmp_path: Path) -> None:
    write_json(tmp_path / "data" / "manifest.json", data_manifest(pairs=4711))
    assert "4711 pairs" in page_of(tmp_path, [result("base")])

    write_json(tmp_path / "data" / "manifest.json", data_manifest(pairs=4711, pairs_sha256="0" * 64))
    assert "4711 pairs" not in page_of(tmp_path, [result("base")])


def test_the_page_says_how_to_make_it_again(tmp_path: Path) -> None:
    page = page_of(tmp_path, [result("base"), result("custom", meta=meta(settings={"training.epochs": 10.0}))])

    assert "tailorbird compare org.example:adder:1.0 --out study --seed 0 --strategies custom --epochs 10" in page


def test_no_results_are_an_error_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()

    with pytest.raises(DataError, match="no results"):
        render_report(tmp_path / "results", tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_results_of_different_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="other data"):
        page_of(tmp_path, [result("base"), result("custom", meta=meta(data_sha256="0" * 64))])


def test_a_file_that_is_no_result_is_named(tmp_path: Path) -> None:
    write_json(tmp_path / "results" / "custom.json", {"strategy": "custom"})

    with pytest.raises(StorageError, match=r"custom\.json"):
        render_report(tmp_path / "results", tmp_path / "report.html")


def test_the_front_keeps_what_nothing_cheaper_beats() -> None:
    points = [(1.0, 2.0), (2.0, 2.5), (3.0, 1.0)]

    assert pareto_front(points, [], LOSS) == [(1.0, 2.0), (3.0, 1.0)]
    assert pareto_front(points, [], BLEU) == [(1.0, 2.0), (2.0, 2.5)]
    assert pareto_front(points, [0.5], LOSS) == [(0.0, 0.5)]


def test_rows_without_figures_give_no_figure() -> None:
    copy = result("retrieval-copy")

    assert pareto_figure([copy], LOSS) is None
    assert curves_figure([copy], "step") is None
    assert input_gain_figure([copy]) is None
    assert pareto_figure([result("custom", cost=cost(train_flops=0), metrics=metrics())], BLEU) is None


def test_without_a_time_split_the_page_says_that_tests_have_no_date(tmp_path: Path) -> None:
    assert "no test has a date" in page_of(tmp_path, [result("base")])


def test_a_time_split_shows_older_beside_newer_tests(tmp_path: Path) -> None:
    write_json(tmp_path / "data" / "manifest.json", data_manifest(older=provenance(version="0.9")))
    assert "the base was not scored on older ones" in page_of(tmp_path, [result("base")])

    older = replace(result("base", metrics=metrics(test_loss=0.77), meta=meta(split="validation", pairs=5)))
    write_json(tmp_path / "results" / "older" / "base.json", older)
    page = page_of(tmp_path, [result("base")])
    assert '<th scope="row">there in 0.9</th><td>5</td><td>0.77</td>' in page
    assert '<th scope="row">added since</th><td>8</td><td>1.50</td>' in page

    write_json(tmp_path / "results" / "older" / "base.json", replace(older, meta=meta(data_sha256="0" * 64)))
    with pytest.raises(DataError, match=r"base\.json was scored on other data"):
        page_of(tmp_path, [result("base")])
